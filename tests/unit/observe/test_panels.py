"""Every panel says another thing with its cause than without it, and in another colour where colours mean something.

Prometheus' own checker evaluates the panels' expressions, all of them in one run; those that rest on recorded or alerting
rules over the shipped ones.
"""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from deploy.observe.catalogue import CATALOGUE, names_in
from deploy.observe.dashboards.panels import UNKNOWN
from deploy.observe.rules import ORDER
from deploy.observe.written import ROOT, panels
from tests.pictures.shown import Shown, rows
from tests.prometheus import asked, promtool
from tests.unit.observe.cases import CASES
from tests.unit.observe.cases.panel import AT, Case

Panel = tuple[str, str]
QUERIES: dict[Panel, list[str]] = {}
for _uid, _title, _expr in panels():
    QUERIES.setdefault((_uid, _title), []).append(_expr)
SHOWN: Mapping[Panel, Shown] = {
    (uid, panel.title): panel for uid in {uid for uid, _ in QUERIES} for row in rows(uid).values() for panel in row
}
SERIES = re.compile(r"(\w+)\{(.*)\}")
WITHOUT, WITH = 0, 1
SAID_OF_NOTHING = {"Answers Prometheus": 1.0}
"""What a verdict says where Prometheus knows of no service, if not that nothing is known."""


def panel_of(case: Case) -> Panel:
    return f"houserules-{case.board}", case.title


def named(case: Case) -> str:
    return f"{case.board}: {case.title}: {case.cause}"


def colour(panel: Shown, value: float) -> str:
    """The one that Grafana gives it."""
    word = panel.word(value)
    steps = [step.color for step in panel.steps if step.value is None or value >= step.value]
    return word.color if word else steps[-1]


def values(case: Case, which: int) -> list[float]:
    return [value for query in case.shows for pair in query.values() if (value := pair[which]) is not None]


def series(case: Case, which: int) -> dict[str, str]:
    return {**case.always, **{name: pair[which] for name, pair in case.series.items()}}


def test_every_panel_has_a_case_and_every_case_a_panel() -> None:
    assert {panel_of(case) for case in CASES} == set(QUERIES)


def test_a_case_tells_of_each_query_and_that_its_cause_changes_something() -> None:
    for case in CASES:
        assert len(case.shows) == len(QUERIES[panel_of(case)]), named(case)
        for query in case.shows:
            assert any(pair[WITHOUT] != pair[WITH] for pair in query.values()), named(case)


def test_a_cause_changes_the_colour_where_colours_mean_something() -> None:
    for case in CASES:
        panel = SHOWN[panel_of(case)]
        if len(panel.steps) < 2:
            assert case.colours is None, named(case)
            continue
        assert case.colours is not None, named(case)
        assert {colour(panel, value) for value in values(case, WITHOUT)} == {case.colours[WITHOUT]}, named(case)
        assert case.colours[WITH] in {colour(panel, value) for value in values(case, WITH)}, named(case)
        assert case.colours[WITHOUT] != case.colours[WITH], named(case)


def test_the_series_of_a_case_are_as_services_expose_them() -> None:
    for name in {name for case in CASES for name in (*case.series, *case.always)}:
        found = SERIES.fullmatch(name)
        assert found is not None, name
        given = set(re.findall(r'(\w+)="', found[2]))
        if found[1] == "up":
            assert given == {"service", "instance", "job"}
            continue
        (metric,) = {one for one in (*names_in(found[1]), found[1].removesuffix("_total")) if one in CATALOGUE}
        assert given - {"le"} == {"service", "instance", "job", *CATALOGUE[metric].metric.labels}, name
        bound = re.search(r'le="([0-9.]+)"', name)
        assert bound is None or float(bound[1]) in CATALOGUE[metric].metric.buckets, name


def test_what_is_said_of_nothing(tmp_path: Path) -> None:
    """No verdict is green where Prometheus knows of no service, and no number is one of before."""
    verdicts = [panel for panel, shown in SHOWN.items() if shown.kind == "words"]
    assert len(verdicts) > 12
    tests = []
    for panel in verdicts:
        (expr,) = QUERIES[panel]
        said = SAID_OF_NOTHING.get(panel[1], UNKNOWN)
        assert colour(SHOWN[panel], said) in ("purple", "red")
        tests.append(_test(f"{panel}: nothing is known", {}, [(expr, {"{}": said})]))
    _run(tmp_path, {"nothing.yml": _file(tests)})


def _test(name: str, held: Mapping[str, str], asks: Iterable[tuple[str, Mapping[str, float]]]) -> dict[str, Any]:
    return {
        "name": name,
        "interval": "1m",
        "input_series": [{"series": one, "values": shown} for one, shown in held.items()],
        "promql_expr_test": [
            {
                "expr": asked(expr),
                "eval_time": AT,
                "exp_samples": [{"labels": labels, "value": value} for labels, value in expected.items()],
            }
            for expr, expected in asks
        ],
    }


def _tests(case: Case) -> Iterable[dict[str, Any]]:
    for which, how in ((WITHOUT, "without"), (WITH, "with")):
        asks = [
            (expr, {labels: value for labels, pair in shows.items() if (value := pair[which]) is not None})
            for expr, shows in zip(QUERIES[panel_of(case)], case.shows, strict=True)
        ]
        yield _test(f"{named(case)}: {how}", series(case, which), asks)


def _file(tests: list[dict[str, Any]], *rule_files: str) -> str:
    """JSON, which is YAML, too, and faster to write. Rules are evaluated often enough to be so when a panel is asked."""
    order = list(ORDER) if rule_files else []
    content = {"rule_files": list(rule_files), "evaluation_interval": "5m", "group_eval_order": order, "tests": tests}
    return json.dumps(content)


def _run(place: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (place / name).write_text(text)
    done = promtool("test", "rules", *(str(place / name) for name in files))
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_panel_shows_its_cause(tmp_path: Path) -> None:
    plain = [test for case in CASES if not case.recorded for test in _tests(case)]
    recorded = [test for case in CASES if case.recorded for test in _tests(case)]
    rules = str(ROOT / "deploy/prometheus/rules.yml")
    _run(tmp_path, {"plain.yml": _file(plain), "recorded.yml": _file(recorded, rules)})
