# Needs Python 3.11 or newer and make. PYTHON=/path/to/python3.12 chooses the Python.
PYTHON ?=
export PYTHON
# Bytecode is kept, whatever the shell says: else every process of every stack compiles the same code again.
export PYTHONDONTWRITEBYTECODE =
PY := .venv/bin/python
# The longest first, side by side: much of their time is waiting for what was killed to come back.
SUITES := tests/e2e tests/chaos tests/integration tests/unit tests/contract
WORKERS ?= 4
CODE := services shared deploy tests
# What is promised as a ratio of two rates in one run: the same on any machine, so that a change can be judged by it.
RATIOS ?= handler webhooks relay worktime leavers

.DEFAULT_GOAL := help
.PHONY: help ready demo run stop status prepare test test-long chaos bench bench-quick bench-long mutants lint contracts holidays dashboards pictures format check clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

ready:
	@deploy/local/bootstrap

demo: ready ## plays a week at two landlords and checks what each was promised; KEEP=1 leaves it up
	@$(PY) -m deploy.demo

run: ready ## runs PostgreSQL, Kafka and the services until Ctrl-C
	@$(PY) -m deploy.local run

stop: ready ## ends `make run` from elsewhere
	@$(PY) -m deploy.local stop

status: ready ## says what runs
	@$(PY) -m deploy.local status

prepare: ready ## fetches and makes all that a first start needs
	@$(PY) -m deploy.local prepare

test: ready ## every test but the long ones, on real PostgreSQL and Kafka
	@$(PY) -m deploy.local prepare
	@$(PY) -m pytest -n $(WORKERS) --dist loadscope --no-loadscope-reorder $(SUITES)

test-long: ready ## the tests that take their time
	@$(PY) -m pytest -m long tests

chaos: ready ## ten minutes of faults under load, and what came of them; CHAOS="--seed 7" and its like go to tests.chaos
	@$(PY) -m deploy.local prepare
	@$(PY) -m tests.chaos $(CHAOS)

bench: ready ## how fast, and what it is measured against
	@$(PY) -m deploy.local prepare
	@$(PY) -m tests.bench

bench-quick: ready ## small, and fails when a ratio is under half of its goal
	@$(PY) -m deploy.local prepare
	@$(PY) -m tests.bench --quick $(RATIOS:%=--only %)

bench-long: ready ## what of it takes its time: the largest numbers
	@$(PY) -m deploy.local prepare
	@$(PY) -m tests.bench --long

mutants: ready ## breaks the code in named ways, and shows which test sees it
	@$(PY) -m tests.mutants

lint: ready ## style, types and the direction of dependencies
	@$(PY) -m ruff check $(CODE)
	@$(PY) -m ruff format --check $(CODE)
	@$(PY) -m mypy $(CODE)
	@.venv/bin/lint-imports

contracts: ready ## writes asyncapi.yaml and the JSON Schemas of the events
	@$(PY) -m shared.contracts.generate

holidays: ready ## writes the bank holidays of the four nations, from the library that knows them
	@$(PY) -m shared.policy.generate

dashboards: ready ## writes what Prometheus and Grafana read: rules, their cases, dashboards, the list of metrics
	@$(PY) -m deploy.observe

pictures: ready ## draws the overview, as a Prometheus saw the demo's week, for the README; takes some minutes
	@$(PY) -m tests.pictures

format: ready ## formats the code
	@$(PY) -m ruff format $(CODE)
	@$(PY) -m ruff check --fix $(CODE)

check: test lint ## what a change must pass

clean: stop ## forgets the environment, the caches and all data of the local stack
	@$(PY) -m deploy.local forget
	@rm -rf .venv .local .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
