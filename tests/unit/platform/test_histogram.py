"""A histogram that takes many values at once shows at the scrape what the client library's own does."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client import Histogram as Known
from prometheus_client.registry import DuplicateTimeseries

from shared.platform.histogram import Histogram
from shared.platform.metrics import DELAYS, Instruments, Metric


def _shown(registry: CollectorRegistry) -> str:
    """The scrape, but for the instants at which series began."""
    return re.sub(r"(_created\S*) .*", r"\1", generate_latest(registry).decode())


VALUES = st.lists(st.one_of(st.sampled_from([*DELAYS, 0.0, -1.0, 1e9]), st.floats(-10, 1e6)), max_size=20)


@given(st.lists(st.tuples(st.sampled_from(["westward", "wheatley"]), VALUES), max_size=5))
def test_it_shows_what_the_librarys_own_shows(batches: list[tuple[str, list[float]]]) -> None:
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    one = Histogram("waited_seconds", "how long", ("organisation",), DELAYS, ours)
    other = Known("waited_seconds", "how long", ("organisation",), buckets=DELAYS, registry=theirs)
    for organisation, values in batches:
        one.labels(organisation).observe(float(round(value, 3)) for value in values)
        known = other.labels(organisation)
        for value in values:
            known.observe(round(value, 3))
    assert _rounded(_shown(ours)) == _rounded(_shown(theirs))


def _rounded(text: str) -> str:
    """Sums are of floats, in another order."""
    return re.sub(r"(_sum\S*) (\S+)", lambda found: f"{found[1]} {float(found[2]):.6g}", text)


def test_without_labels_it_begins_at_nought_and_a_series_can_go() -> None:
    registry = CollectorRegistry()
    Histogram("plain_seconds", "how long", (), (1.0,), registry)
    labelled = Histogram("labelled_seconds", "how long", ("topic",), (1.0,), registry)
    labelled.labels("a").observe([0.5])
    assert registry.get_sample_value("plain_seconds_count") == 0
    assert registry.get_sample_value("labelled_seconds_count", {"topic": "a"}) == 1
    labelled.remove("a")
    assert registry.get_sample_value("labelled_seconds_count", {"topic": "a"}) is None


def test_a_name_is_had_once_and_labels_are_all_given() -> None:
    registry = CollectorRegistry()
    had = Histogram("plain_seconds", "how long", ("topic",), (1.0,), registry)
    with pytest.raises(DuplicateTimeseries):
        Histogram("plain_seconds", "how long", (), (1.0,), registry)
    with pytest.raises(ValueError, match="labels"):
        had.labels()


def test_instruments_take_one_or_many() -> None:
    registry = CollectorRegistry()
    instruments = Instruments(
        (Metric("waited_seconds", "histogram", ("organisation",), "how long", (1.0, 5.0)),), registry, "x_"
    )
    instruments.observe("waited_seconds", "westward", value=0.5)
    instruments.observe_all("waited_seconds", "westward", values=[1.0, 4.0, 6.0])
    buckets = [
        registry.get_sample_value("x_waited_seconds_bucket", {"organisation": "westward", "le": bound})
        for bound in ("1.0", "5.0", "+Inf")
    ]
    assert buckets == [2, 3, 4]
    assert registry.get_sample_value("x_waited_seconds_sum", {"organisation": "westward"}) == 11.5
