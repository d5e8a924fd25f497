"""The rules as data: spans, runbooks, and nothing that an installation would have to edit."""

import re

import msgspec
import pytest
import typer
import yaml

from deploy.observe.dashboards import all_runbooks
from deploy.observe.rules import ALERTS, GRAFANA, PORTS, prometheus, rules
from deploy.observe.windows import Windows
from deploy.observe.written import ROOT
from shared.cli.main import app
from shared.cli.stack import Stack, StackFile

RUNBOOKS = ROOT / "deploy/runbooks"
NAMES = sorted({alert.name for alert in ALERTS})
HEADINGS = ["What it means", "Who is hurt", "Where to look", "What to do", "How to know that it is over"]
SPAN = re.compile(r"\b\d+(ms|[smhd])\b")


@pytest.mark.parametrize(
    ("shrink", "least", "given", "meant"),
    [
        (1, 0, "rate(x[<5m>]) > 60", "rate(x[5m]) > 60"),
        (60, 0, "rate(x[<5m>]) > 60", "rate(x[5000ms]) > 60"),
        (300, 3, "x[<5m>] y[<1d>]", "x[3000ms] y[288000ms]"),
        (60, 0, "a < 5 and b > 5", "a < 5 and b > 5"),
    ],
)
def test_spans_shrink_and_nothing_else(shrink: float, least: float, given: str, meant: str) -> None:
    assert Windows(shrink, least)(given) == meant


def test_a_drills_rules_are_the_shipped_ones_but_for_their_spans() -> None:
    def flat(made: object) -> str:
        return SPAN.sub("SPAN", re.sub(r"error_ratio_\w+", "ratio", str(made)).replace("'for': '0s'", "'for': 'SPAN'"))

    assert flat(rules(Windows(60))) == flat(rules())


def test_the_services_are_scraped_under_their_names_at_their_agreed_ports() -> None:
    (job,) = prometheus()["scrape_configs"]
    assert {one["labels"]["service"]: one["targets"] for one in job["static_configs"]} == {
        "intake": ["intake:8001"], "sla": ["sla:8002"], "access": ["access:8003"], "consent": ["consent:8004"],
    }  # fmt: skip
    assert list(PORTS.values()) == [8001, 8002, 8003, 8004]


def test_every_alert_has_its_runbook_and_every_runbook_its_alert() -> None:
    assert sorted(path.stem for path in RUNBOOKS.glob("*.md")) == NAMES
    for group in rules()["groups"]:
        for rule in group["rules"]:
            if "alert" in rule:
                assert (ROOT / rule["annotations"]["runbook"]).is_file()


def test_a_click_leads_to_composes_grafana_if_no_other_is_named() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    (port,) = services["grafana"]["ports"]
    address, _, uid = GRAFANA.removeprefix("http://").partition("/d/")
    assert f"{address}:3000" == port
    assert {f"{uid}{name}" for name in NAMES} == set(all_runbooks())
    made = prometheus()
    assert made["global"]["external_labels"] == {"runbooks": GRAFANA}
    assert made["alerting"]["alert_relabel_configs"] == [{"action": "labeldrop", "regex": "runbooks"}]


def test_the_commands_of_runbooks_have_a_stack_file_where_none_is_written() -> None:
    example = ROOT / "deploy/k8s/example/stack.json"
    stack = msgspec.json.decode(example.read_bytes(), type=StackFile)
    assert {name: int(url.rpartition(":")[2]) for name, url in stack.services.items()} == PORTS
    assert Stack(example).ops_token()
    assert "(example/stack.json)" in (ROOT / "deploy/k8s/README.md").read_text()
    assert all("deploy/k8s/README.md" in board for board in all_runbooks().values())


def test_what_makes_which_alert_silent_names_alerts_that_are_there() -> None:
    asked = yaml.safe_load((ROOT / "deploy/alertmanager/alertmanager.yml").read_text())["inhibit_rules"]
    matchers = [matcher for rule in asked for side in ("source_matchers", "target_matchers") for matcher in rule[side]]
    named = [name for one in matchers for name in re.findall(r"[A-Z]\w+", one)]
    assert len(named) > 10
    assert set(named) <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_runbook_answers_the_five_questions(name: str) -> None:
    text = (RUNBOOKS / f"{name}.md").read_text()
    assert text.startswith(f"# {name}\n")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == HEADINGS
    assert all(part.strip() for part in re.split(r"^## .*$", text, flags=re.MULTILINE)[1:])


def commands() -> dict[tuple[str, ...], set[str]]:
    """Every command of `houserules`, with its options."""
    root = typer.main.get_command(app)
    found: dict[tuple[str, ...], set[str]] = {}

    def walk(command: object, words: tuple[str, ...]) -> None:
        children = getattr(command, "commands", None)
        if children is None:
            found[words] = {option for parameter in command.params for option in parameter.opts}  # type: ignore[attr-defined] # click's Command
            return
        for word, child in children.items():
            walk(child, (*words, word))

    walk(root, ())
    return found


@pytest.mark.parametrize("name", NAMES)
def test_the_commands_that_a_runbook_names_exist(name: str) -> None:
    known = commands()
    text = (RUNBOOKS / f"{name}.md").read_text()
    for line in re.findall(r"`houserules ([^`]+)`", text):
        words = line.split()
        command = next((words[:n] for n in (2, 1) if tuple(words[:n]) in known), None)
        assert command is not None, line
        options = {word for word in words if word.startswith("--")}
        assert options <= known[tuple(command)], line


@pytest.mark.parametrize("name", NAMES)
def test_the_pages_panels_and_alerts_that_a_runbook_names_exist(name: str) -> None:
    text = (RUNBOOKS / f"{name}.md").read_text()
    for other in re.findall(r"\]\(([^)]+)\)", text):
        assert (RUNBOOKS / other).is_file()
    for alert in re.findall(r"`([A-Z][a-z]+[A-Z]\w+)`", text):
        assert alert in NAMES or alert == "MessageSizeTooLarge", alert
