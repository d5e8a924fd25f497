"""Metrics are data: what is declared is set by the code, exposed by a service, and used by a dashboard or an alert."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from deploy.observe.catalogue import CATALOGUE, Declared, names_in
from deploy.observe.objectives import OBJECTIVES
from deploy.observe.rules import ALERTS
from deploy.observe.written import ROOT, expressions, panels, used
from services.access.metrics import FIGURES as ACCESS
from services.consent.metrics import FIGURES as CONSENT
from services.intake.metrics import FIGURES as INTAKE
from services.sla.metrics import FIGURES as SLA
from shared.bus.metrics import BUS, BUS_PREFIX, SAMPLES, Instruments
from shared.platform.figures import Figures
from shared.platform.metrics import PLATFORM, Metric

FIGURES = {"intake": INTAKE, "sla": SLA, "access": ACCESS, "consent": CONSENT}
SETTERS = {"add", "set", "observe", "observe_all", "forget", "replace"}
HOLDERS = {"instruments", "_instruments", "metrics", "platform", "measured"}
FEW = {
    "code", "decision", "error", "method", "organisation", "outcome", "partition", "reason", "route", "source", "state",
    "status", "topic", "verdict", "what",
}  # fmt: skip
"""Labels whose values are few: no id of anybody or anything, no path, no text."""


def names_set(source: str) -> Iterator[str]:
    """The names that code gives to `instruments.add("…")` and the like; a variable as a name is `?`."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in SETTERS:
            holder = node.func.value
            name = holder.id if isinstance(holder, ast.Name) else getattr(holder, "attr", "")
            if name in HOLDERS and node.args:
                first = node.args[0]
                yield first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else "?"


def sources(*folders: str) -> dict[Path, str]:
    return {path: path.read_text() for folder in folders for path in (ROOT / folder).rglob("*.py")}


def set_by(figures: Figures | None, folder: str) -> set[str]:
    named = {name for text in sources(folder).values() for name in names_set(text)}
    samples = SAMPLES if figures is None else figures.samples
    return named | {name for sample in samples for name in sample.metrics}


SHARED = {m.name for m in (*PLATFORM, *BUS)}


def test_what_the_shared_code_sets_is_declared_and_what_is_declared_is_set() -> None:
    timers = {"timer_late_seconds"}  # by each service's own query
    through_a_short_name = {"records", "dead_letters"}  # `add = instruments.add`, in applying
    found = set_by(None, "shared") - {"?"}
    assert found - SHARED == set()
    assert SHARED - found - timers == through_a_short_name
    text = (ROOT / "shared/bus/applying.py").read_text()
    assert all(f'add("{name}"' in text for name in through_a_short_name)


@pytest.mark.parametrize("service", FIGURES)
def test_what_a_service_sets_is_declared_and_what_it_declares_is_set(service: str) -> None:
    figures = FIGURES[service]
    assert set_by(figures, f"services/{service}") == {metric.name for metric in figures.metrics}


@pytest.mark.parametrize("service", FIGURES)
def test_a_query_of_figures_gives_a_column_for_each_label_and_gauge(service: str) -> None:
    for sample in (*FIGURES[service].samples, *SAMPLES):
        assert all(re.search(rf"\b{name}\b", sample.query) for name in (*sample.labels, *sample.metrics))


def test_an_unknown_name_is_an_error() -> None:
    with pytest.raises(KeyError):
        Instruments(BUS, prefix=BUS_PREFIX).add("misspelt")


def test_the_search_for_names_sees_a_misspelt_one() -> None:
    assert list(names_set('bus.instruments.add("recrods", topic)\nself.metrics.set(name, to=1)')) == ["recrods", "?"]


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_metric_is_used_by_a_dashboard_or_an_alert(name: str) -> None:
    assert used().get(name), f"{name} is exposed, and nobody looks at it"


def every_expression() -> list[str]:
    return [expr for _, _, expr in panels()] + [expr for _, expr in expressions()]


def test_every_metric_that_is_used_is_declared() -> None:
    rules = {f"houserules:{objective.slug}" for objective in OBJECTIVES}
    for expr in every_expression():
        for name in names_in(expr):
            assert name in CATALOGUE, f"{name} in {expr}"
        recorded = set(re.findall(r"houserules:[a-z]+", expr))
        assert recorded <= rules, expr


def test_what_is_used_has_the_labels_that_are_asked_for() -> None:
    given = {"service", "instance", "job", "le"}
    for expr in every_expression():
        for name, labels in re.findall(r"(houserules_[a-z_]+)\{([^}]*)\}", expr):
            (metric,) = names_in(name)
            asked = set(re.findall(r"([a-z_]+)(?:=~|!~|!=|=)", re.sub(r'"[^"]*"', '""', labels)))
            assert asked <= given | set(CATALOGUE[metric].metric.labels), f"{name} in {expr}"


@pytest.mark.parametrize("one", CATALOGUE.values(), ids=CATALOGUE)
def test_names_labels_and_meanings_are_as_agreed(one: Declared) -> None:
    metric = one.metric
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", metric.name)
    assert not metric.name.endswith("_total"), "Prometheus' client adds it"
    assert not re.search(r"(_ms|_milli|_minutes|_hours|_kb|_mb)$", metric.name), "a base unit"
    assert set(metric.labels) <= FEW
    assert metric.meaning
    assert (metric.kind == "histogram") == bool(metric.buckets)
    assert list(metric.buckets) == sorted(set(metric.buckets))


@pytest.mark.parametrize("service", FIGURES)
def test_what_is_exposed_is_what_is_declared(service: str) -> None:
    registry = CollectorRegistry()
    Instruments(PLATFORM, registry)
    Instruments(BUS, registry, BUS_PREFIX)
    FIGURES[service].instruments(registry, ["westward"])
    exposed = {family.name for family in registry.collect()}
    assert exposed == {
        one.name.removesuffix("_total") for one in CATALOGUE.values() if one.exposed_by in {"every service", service}
    }


def test_what_is_counted_by_organisation_begins_at_nought() -> None:
    registry = CollectorRegistry()
    counted = Metric("verdicts", "counter", ("organisation", "verdict"), "told", values=("met", "breached"))
    Instruments((counted,), registry, "x_", ["westward", "wheatley"])
    for organisation in ("westward", "wheatley"):
        for told in ("met", "breached"):
            labels = {"organisation": organisation, "verdict": told}
            assert registry.get_sample_value("x_verdicts_total", labels) == 0


def test_gauges_of_a_sample_go_with_their_rows() -> None:
    registry = CollectorRegistry()
    gauges = Instruments((Metric("held", "gauge", ("topic",), "held"),), registry, "x_")
    gauges.replace("held", {("a",): 1, ("b",): 2})
    gauges.replace("held", {("b",): 3})
    assert registry.get_sample_value("x_held", {"topic": "a"}) is None
    assert registry.get_sample_value("x_held", {"topic": "b"}) == 3


def test_each_bound_of_an_objective_is_a_bucket_of_its_histogram() -> None:
    for objective in OBJECTIVES:
        for name, bound in re.findall(r'(houserules_[a-z_]+)_bucket\{le="([0-9.]+)"\}', objective.bad):
            assert float(bound) in CATALOGUE[name].metric.buckets


def test_the_names_of_an_alerts_labels_are_those_of_its_expression() -> None:
    for alert in ALERTS:
        for label in re.findall(r"\$labels\.([a-z]+)", alert.summary):
            in_cases = [case.labels for case in alert.fires if case.labels is not None]
            assert any(label in labels for labels in in_cases), f"{alert.name}: {label}"
