"""What every test may ask for: a real PostgreSQL, a real Kafka, topics of its own."""

import os
import secrets
import shutil
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shared.platform.collector import calm_collector
from tests import encrypted, prometheus
from tests.e2e.browser.chromium import NO_CHROMIUM, chromium
from tests.lending import VARIABLE, Lender, lent
from tests.servers import FreshDatabases, KafkaServer, PostgresServer, folder, remove
from tests.side_by_side import WholeFiles


@pytest.fixture(scope="session")
def server_folder() -> Iterator[Path]:
    """Where this run's servers keep their data."""
    place = folder()
    yield place
    remove(place)


@pytest.fixture(scope="session")
def postgres_server(server_folder: Path) -> Iterator[PostgresServer]:
    """This run's PostgreSQL, or the one that is lent to it."""
    if (servers := lent()) is not None:
        yield servers.postgres()
        return
    server = PostgresServer(server_folder)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def kafka_server(server_folder: Path) -> Iterator[KafkaServer]:
    """This run's own broker: one that a test may stop."""
    server = KafkaServer(server_folder)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def postgres(postgres_server: PostgresServer) -> Iterator[FreshDatabases]:
    """Fresh databases on this run's PostgreSQL."""
    fresh = FreshDatabases(postgres_server)
    yield fresh
    for database in fresh.made:
        postgres_server.drop(database)


@pytest.fixture
def kafka(request: pytest.FixtureRequest) -> str:
    """Where clients begin at this run's broker, or at the one that is lent to it."""
    if (servers := lent()) is not None:
        return servers.bootstrap
    server: KafkaServer = request.getfixturevalue("kafka_server")
    return server.bootstrap


@pytest.fixture
def topic_prefix() -> str:
    """A prefix that no other test has."""
    return f"t{secrets.token_hex(4)}."


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What is not there is not needed."""
    if chromium() is None:
        _leave_out(config, items, f"browser tests: {NO_CHROMIUM}", "tests/e2e/browser/")
    if not prometheus.found():
        for place in PROMETHEUS:
            _leave_out(config, items, f"tests of {place}: {prometheus.NO_PROMETHEUS}", place)
    if shutil.which("amtool") is None:
        _leave_out(config, items, f"tests of {AMTOOL}: {NO_AMTOOL}", AMTOOL)
    if encrypted.found() is None:
        _leave_out(config, items, f"tests of TLS to a database: {encrypted.NO_POSTGRES}", ENCRYPTED)


LENDER = pytest.StashKey[Lender]()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(config: pytest.Config) -> None:
    """Workers share one PostgreSQL and one Kafka, unless this run itself has borrowed them."""
    if VARIABLE not in os.environ:
        config.stash[LENDER] = Lender()
        config.stash[LENDER].start()


def pytest_unconfigure(config: pytest.Config) -> None:
    """The workers are gone: what was lent to them goes too."""
    if (lender := config.stash.get(LENDER, None)) is not None:
        lender.stop()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> WholeFiles:
    """What goes side by side: files."""
    return WholeFiles(config, log)


AMTOOL = "tests/unit/deploy/test_amtool.py"
NO_AMTOOL = "no amtool found; `apt-get install prometheus-alertmanager` brings it"
ENCRYPTED = "tests/integration/deploy/test_encrypted_database.py"


def pytest_collection_finish() -> None:
    """A worker keeps thousands of tests: the garbage collector need not go through them again and again."""
    calm_collector()


PROMETHEUS = (
    "tests/unit/observe/test_promtool.py",
    "tests/e2e/test_metrics.py",
    "tests/e2e/test_metrics_causes.py",
    "tests/chaos/test_drill.py",
)
NOT_RUN = pytest.StashKey[dict[str, int]]()
"""How many tests need what is not there, by what they are and why."""


def _leave_out(config: pytest.Config, items: list[pytest.Item], why: str, place: str) -> None:
    absent = [item for item in items if item.nodeid.startswith(place)]
    if not absent:
        return
    items[:] = [item for item in items if item not in absent]
    config.hook.pytest_deselected(items=absent)
    config.stash.setdefault(NOT_RUN, {})[why] = len(absent)
    if (told := getattr(config, "workeroutput", None)) is not None:
        told["not_run"] = config.stash[NOT_RUN]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Each worker collects all there is: what one leaves out is what all leave out. One that crashed says nothing of it."""
    if (told := getattr(node, "workeroutput", {}).get("not_run")) is not None:
        node.config.stash[NOT_RUN] = told


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """What was shown, by suite: the closing lines of `make test`."""
    passed: dict[str, int] = defaultdict(int)
    failed: dict[str, int] = defaultdict(int)
    seconds: dict[str, float] = defaultdict(float)
    for outcome, reports in terminalreporter.stats.items():
        for report in reports:
            if not isinstance(report, pytest.TestReport):
                continue
            suite = _suite(report.nodeid)
            seconds[suite] += report.duration
            passed[suite] += outcome == "passed" and report.when == "call"
            failed[suite] += outcome in {"failed", "error"}
    terminalreporter.section("by suite")
    for suite in sorted(seconds):
        bad = f", {failed[suite]} failed" if failed[suite] else ""
        terminalreporter.write_line(f"{suite:<14} {passed[suite]:>6} passed{bad}  {seconds[suite]:7.1f} s")
    for why, count in config.stash.get(NOT_RUN, {}).items():
        terminalreporter.write_line(f"not run: {count} {why}", yellow=True)


def _suite(nodeid: str) -> str:
    """`tests/integration/bus/test_x.py::…` → `integration`."""
    return nodeid.split("/")[1]
