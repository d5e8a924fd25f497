"""What is counted and measured, declared as data. `deploy/prometheus/metrics.md` is generated from the lists.

Prometheus' own naming: base units, `_seconds`, `_total` (added to a counter's name by the client). A label has few
values: organisations, sources, topics, partitions, codes, routes; never an id of anybody or anything.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge

from shared.platform.histogram import Histogram, Series

__all__ = ["DELAYS", "PLATFORM", "PLATFORM_PREFIX", "SECONDS", "Instruments", "Metric"]

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
DELAYS = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 3600.0, 86400.0)
"""Bounds of what is promised in seconds and may last days when it goes wrong: each objective's bound is one of them."""

PLATFORM_PREFIX = "houserules_"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric: its name without prefix, its type, its labels, what it means, and a histogram's bounds.

    `values` are those of the second label, where the first is the organisation and they are known beforehand.
    """

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    labels: tuple[str, ...]
    meaning: str
    buckets: tuple[float, ...] = ()
    values: tuple[str, ...] = ()

    @property
    def unit(self) -> str:
        """The base unit, as the name says it."""
        return "seconds" if self.name.endswith("_seconds") else "bytes" if self.name.endswith("_bytes") else "count"

    def series(self, prefix: str) -> tuple[str, ...]:
        """The names of its time series in Prometheus."""
        name = prefix + self.name
        if self.kind == "histogram":
            return f"{name}_bucket", f"{name}_sum", f"{name}_count"
        return (f"{name}_total",) if self.kind == "counter" else (name,)


PLATFORM = (
    Metric("http_requests", "counter", ("method", "route", "status"), "requests answered, by route template"),
    Metric("http_seconds", "histogram", ("route",), "time from a request's head to the end of its answer", SECONDS),
    Metric("started_timestamp_seconds", "gauge", (), "when the process began (Unix time)"),
    Metric("loop_lag_seconds", "histogram", (), "how late the event loop came to what was due", SECONDS),
    Metric("pool_connections", "gauge", ("state",), "connections of the database pool: used, idle, or most allowed"),
    Metric("pool_wait_seconds", "histogram", (), "how long a transaction waited for a connection of the pool", SECONDS),
    Metric("pool_timeouts", "counter", (), "transactions that got no connection within the pool's patience"),
    Metric("sampled_timestamp_seconds", "gauge", (), "when the figures were last read from the database (Unix time)"),
    Metric("sample_seconds", "gauge", (), "how long reading the figures from the database took the last time"),
    Metric("samples_failed", "counter", (), "queries for figures that failed: their gauges stand still"),
    Metric("samples_failing", "gauge", (), "of the queries for figures, how many failed the last time"),
    Metric(
        "timer_late_seconds", "gauge", ("organisation",), "how long the most overdue timer has been due, policy time"
    ),
)

TYPES: Mapping[str, type[Counter] | type[Gauge]] = {"counter": Counter, "gauge": Gauge}


class Instruments:
    """The metrics of a list, made in a registry: `add`, `set` and `observe` by name. An unknown name is a KeyError.

    What is counted by organisation begins at nought for each of `organisations`, so that a rate sees the first event, too.
    """

    def __init__(
        self,
        metrics: tuple[Metric, ...],
        registry: CollectorRegistry | None = None,
        prefix: str = PLATFORM_PREFIX,
        organisations: Iterable[str] = (),
    ) -> None:
        registry = CollectorRegistry() if registry is None else registry
        self._all = {m.name: _make(m, prefix, registry) for m in metrics}
        self._children: dict[tuple[str, ...], Counter | Gauge | Series] = {}
        for metric in metrics:
            if metric.kind != "gauge" and metric.labels[:1] == ("organisation",):
                for organisation in organisations:
                    self._begin(metric, organisation)

    def _begin(self, metric: Metric, organisation: str) -> None:
        if len(metric.labels) == 1:
            self._child(metric.name, (organisation,))
        for value in metric.values:
            self._child(metric.name, (organisation, value))

    def _child(self, name: str, labels: tuple[str, ...]) -> Counter | Gauge | Series:
        key = (name, *labels)
        child = self._children.get(key)
        if child is None:
            child = self._children[key] = _of(self._all[name], labels)
        return child

    def add(self, name: str, *labels: str, by: float = 1) -> None:
        """Count."""
        counter = self._child(name, labels)
        assert isinstance(counter, Counter)
        counter.inc(by)

    def set(self, name: str, *labels: str, to: float) -> None:
        """Set a gauge."""
        gauge = self._child(name, labels)
        assert isinstance(gauge, Gauge)
        gauge.set(to)

    def observe(self, name: str, *labels: str, value: float) -> None:
        """Add to a histogram."""
        self.observe_all(name, *labels, values=(value,))

    def observe_all(self, name: str, *labels: str, values: Iterable[float]) -> None:
        """Add these to a histogram."""
        series = self._child(name, labels)
        assert isinstance(series, Series)
        series.observe(values)

    def forget(self, name: str, *labels: str) -> None:
        """Drop the series of these labels: a partition that another process reads now."""
        if self._children.pop((name, *labels), None) is not None:
            self._all[name].remove(*labels)

    def replace(self, name: str, values: Mapping[tuple[str, ...], float]) -> None:
        """Set a gauge's series to these, by labels, and drop the others."""
        for key in [key for key in self._children if key[0] == name and key[1:] not in values]:
            self.forget(*key)
        for labels, value in values.items():
            self.set(name, *labels, to=value)


def _of(parent: Counter | Gauge | Histogram, labels: tuple[str, ...]) -> Counter | Gauge | Series:
    """The series of these labels."""
    return parent.labels(*labels) if labels or isinstance(parent, Histogram) else parent


def _make(metric: Metric, prefix: str, registry: CollectorRegistry) -> Counter | Gauge | Histogram:
    name = prefix + metric.name
    if metric.kind == "histogram":
        return Histogram(name, metric.meaning, metric.labels, metric.buckets, registry)
    return TYPES[metric.kind](name, metric.meaning, metric.labels, registry=registry)
