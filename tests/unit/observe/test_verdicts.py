"""A verdict says what is known now: while a service is silent, or its figures are old, it says that it does not know."""

import re
from pathlib import Path
from typing import Any

import yaml

from deploy.observe.catalogue import SERVICES
from deploy.observe.dashboards.panels import UNKNOWN
from deploy.observe.written import panels
from tests.prometheus import promtool
from tests.unit.observe.cases.panel import everybody, labels, process

LANDLORD_PANELS = {
    "Answered in time": ("sla", "houserules_sla_targets_overdue"),
    "Leavers removed": ("access", "houserules_access_revocations_overdue"),
    "Images cleared": ("consent", "houserules_consent_takedowns_overdue"),
}
DRIFT = "houserules_bus_drift_records"
Series = dict[str, str]
Expected = dict[str, float]


def of(service: str, name: str, process: int = 1, **labels: str) -> str:
    own = "".join(f',{label}="{value}"' for label, value in labels.items())
    return f'{name}{{service="{service}",instance="{service}:{process}",job="houserules"{own}}}'


def overdue(service: str, metric: str, westward: str, wheatley: str, number: int = 1) -> Series:
    says = {"westward": westward, "wheatley": wheatley}
    return {of(service, metric, number, organisation=name): values for name, values in says.items()}


def landlord_cases(service: str, metric: str) -> list[tuple[str, Series, Expected]]:
    """What Prometheus holds, and what is said of each landlord."""
    kept, unknown = {"westward": 0.0, "wheatley": 2.0}, {"westward": UNKNOWN, "wheatley": UNKNOWN}
    says = overdue(service, metric, "0x60", "2x60")
    went = overdue(service, metric, "0x5 stale", "2x5 stale")
    old = overdue(service, metric, "5x60", "5x60", 2)
    stuck = process(service, sampled="0x60", number=2) | old
    locked = process(service, failing="1x60", number=2) | old
    return [
        ("answers", process(service) | says, kept),
        ("does not answer", process(service, up="1x5 0x60") | says, unknown),
        ("went away", process(service, up="1x5 0x60", sampled="0+60x5 stale") | went, unknown),
        ("is no longer scraped", process(service, up="1x5 stale", sampled="0+60x5 stale") | went, unknown),
        ("has old figures", process(service, sampled="0+60x5 300x60") | says, unknown),
        ("has one process with old figures", process(service) | says | stuck, kept),
        ("cannot read one of its figures", process(service, failing="0x5 1x60") | says, unknown),
        ("has one process that cannot read a figure", process(service) | says | locked, kept),
        ("could not read a figure and can again", process(service, failing="1x5 0x60") | says, kept),
        ("was never seen", {}, {"": UNKNOWN}),
    ]


SYSTEM = [
    ("all answer", everybody(), 0.0),
    ("one does not answer", everybody("consent", up="0x60"), UNKNOWN),
    ("one has old figures", everybody("sla", sampled="0x60"), UNKNOWN),
    ("one cannot read a figure", everybody("sla", failing="1x60"), UNKNOWN),
    ("one does not answer, another is broken", everybody("sla", up="0x60") | {of("access", DRIFT): "3x60"}, 3.0),
    ("none was ever seen", {}, UNKNOWN),
]


def held(reason: str, values: str = "1x60") -> Series:
    """What sla says of one partition."""
    return {of("sla", "houserules_bus_held", topic="houserules.messages", partition="3", reason=reason): values}


CONSERVED = [
    ("the log begins behind the stored position", held("lost"), 1.0),
    ("a topic was made anew", held("stale"), 1.0),
    ("a bug holds a partition, and nothing is gone", held("bugs"), 0.0),
    ("it was held, and is read on", held("lost", "1x5 stale"), 0.0),
]
TIMER, NOTICED = "houserules_timer_late_seconds", 'houserules:breaches:error_ratio_5m{organisation="westward"}'
TIMERS = [
    ("nothing is late", {NOTICED: "0x60"}, 0.0),
    ("no breach was noticed at all", {NOTICED: "0x5 stale"}, 0.0),
    ("something waits", {of("access", TIMER, organisation="westward"): "12x60"}, 12.0),
    ("one breach in a hundred was noticed late", {NOTICED: "0.01x60"}, 0.0),
    ("two in a hundred were", {NOTICED: "0.02x60"}, 20.0),
    ("all were, and something waits", {NOTICED: "1x60", of("sla", TIMER, organisation="westward"): "12x60"}, 1000.0),
]


def expression(title: str, uid: str = "houserules-overview") -> str:
    (found,) = [expr for board, panel, expr in panels() if (board, panel) == (uid, title)]
    return re.sub(r"\$(organisation|service)\b", ".*", found)


def case(name: str, series: Series, expr: str, expected: dict[str, float]) -> dict[str, Any]:
    samples = [{"labels": labels, "value": value} for labels, value in expected.items()]
    return {
        "name": name,
        "interval": "1m",
        "input_series": [{"series": one, "values": values} for one, values in series.items()],
        "promql_expr_test": [{"expr": expr, "eval_time": "20m", "exp_samples": samples}],
    }


def checked(place: Path, tests: list[dict[str, Any]]) -> None:
    (place / "tests.yml").write_text(yaml.safe_dump({"rule_files": [], "evaluation_interval": "1m", "tests": tests}))
    done = promtool("test", "rules", str(place / "tests.yml"))
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_landlords_promise_is_kept_broken_or_unknown(tmp_path: Path) -> None:
    tests = []
    for title, (service, metric) in LANDLORD_PANELS.items():
        for name, series, expected in landlord_cases(service, metric):
            said = {labels(organisation=landlord): value for landlord, value in expected.items()}
            tests.append(case(f"{title}: {service} {name}", series, expression(title), said))
    checked(tmp_path, tests)


def test_the_systems_promise_is_kept_only_where_all_services_say_so(tmp_path: Path) -> None:
    tests = [
        case(f"P4: {name}", series, expression("P4 Conservation"), {"{}": value}) for name, series, value in SYSTEM
    ]
    tests += [
        case(f"P4: {name}", everybody() | series, expression("P4 Conservation"), {"{}": value})
        for name, series, value in CONSERVED
    ]
    quiet = {of("sla", TIMER, organisation="wheatley"): "0x60"}
    tests += [
        case(f"P5: {name}", everybody() | quiet | series, expression("P5 Timers"), {"{}": value})
        for name, series, value in TIMERS
    ]
    firing = 'ALERTS{alertname="X",alertstate="firing",severity="page"}'
    itself = expression("The system itself")
    tests += [
        case("itself: all answer", everybody(), itself, {"{}": 0.0}),
        case("itself: one is silent", everybody("sla", up="0x60"), itself, {"{}": UNKNOWN}),
        case("itself: an alert fires", everybody("sla", up="0x60") | {firing: "1x60"}, itself, {"{}": 1.0}),
    ]
    checked(tmp_path, tests)


def test_each_service_has_its_own_word_on_the_bus(tmp_path: Path) -> None:
    expr = expression("Leaders", "houserules-bus")
    leader = "houserules_bus_relay_leader"
    two = {of("access", leader): "1x60", of("access", leader, 2): "1x60"}
    series = everybody("sla", up="0x60") | {of(service, leader): "1x60" for service in SERVICES} | two
    expected = {"intake": 0.0, "sla": UNKNOWN, "access": 1.0, "consent": 0.0}
    blind = everybody("consent", failing="1x60") | {of("sla", DRIFT): "3x60"}
    drifts = {"intake": 0.0, "sla": 3.0, "access": 0.0, "consent": UNKNOWN}
    tests = [
        case("leaders", series, expr, {labels(service=s): value for s, value in expected.items()}),
        case(
            "drift",
            blind,
            expression("Conservation", "houserules-bus"),
            {labels(service=s): v for s, v in drifts.items()},
        ),
    ]
    checked(tmp_path, tests)
