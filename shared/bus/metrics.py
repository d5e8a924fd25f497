"""What the bus counts and measures, declared once as data: the reference of /metrics is generated from this list."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

__all__ = ["BUS", "Instruments", "Metric"]


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric: its name without prefix, its type, its labels, what it means, and a histogram's bounds."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    labels: tuple[str, ...]
    meaning: str
    buckets: tuple[float, ...] = ()


SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
SIZES = (1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0)

BUS = (
    Metric(
        "records", "counter", ("topic", "outcome"), "records read: applied, duplicate, ignored, dead or redelivered"
    ),
    Metric(
        "batches",
        "counter",
        ("topic", "outcome"),
        "batches: applied, transient (tried again later) or divided (applied record by record)",
    ),
    Metric("batch_size", "histogram", ("topic",), "records in a committed batch", SIZES),
    Metric("batch_seconds", "histogram", ("topic",), "time of a batch in the database", SECONDS),
    Metric("dead_letters", "counter", ("topic", "code"), "dead letters by the code of their cause"),
    Metric("lag", "gauge", ("topic", "partition"), "records in the log behind the stored position"),
    Metric(
        "held",
        "gauge",
        ("topic", "partition", "reason"),
        "1 while a partition is held: transient, bugs, lost or unreadable",
    ),
    Metric("assigned", "gauge", (), "partitions that this process reads"),
    Metric("rebalances", "counter", (), "assignments received from the group's coordinator"),
    Metric("commit_failures", "counter", ("error",), "offset commits to Kafka that failed and were survived"),
    Metric("relay_leader", "gauge", (), "1 while this process sends the outbox"),
    Metric("relay_sent", "counter", ("topic",), "records acknowledged by Kafka"),
    Metric("relay_seconds", "histogram", (), "time from a row's commit-side stamp to its acknowledgement", SECONDS),
    Metric("relay_restarts", "counter", ("error",), "times the relay threw its producer away"),
    Metric("relay_refused", "counter", ("topic",), "records set aside in outbox_refused: too large for their topic"),
    Metric("outbox_rows", "gauge", (), "rows waiting in the outbox, as far as the relay has read"),
    Metric("outbox_age_seconds", "gauge", (), "age of the oldest row in the outbox"),
)

TYPES: Mapping[str, type[Counter] | type[Gauge] | type[Histogram]] = {
    "counter": Counter,
    "gauge": Gauge,
    "histogram": Histogram,
}


class Instruments:
    """The metrics of a list, made in a registry: `add`, `set` and `observe` by name. An unknown name is a KeyError."""

    def __init__(
        self,
        metrics: tuple[Metric, ...] = BUS,
        registry: CollectorRegistry | None = None,
        prefix: str = "houserules_bus_",
    ) -> None:
        registry = CollectorRegistry() if registry is None else registry
        self._all = {m.name: _make(m, prefix, registry) for m in metrics}
        self._children: dict[tuple[str, ...], Counter | Gauge | Histogram] = {}

    def _child(self, name: str, labels: tuple[str, ...]) -> Counter | Gauge | Histogram:
        key = (name, *labels)
        child = self._children.get(key)
        if child is None:
            parent = self._all[name]
            child = self._children[key] = parent.labels(*labels) if labels else parent
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
        histogram = self._child(name, labels)
        assert isinstance(histogram, Histogram)
        histogram.observe(value)

    def forget(self, name: str, *labels: str) -> None:
        """Drop the series of these labels: a partition that another process reads now."""
        if self._children.pop((name, *labels), None) is not None:
            self._all[name].remove(*labels)


def _make(metric: Metric, prefix: str, registry: CollectorRegistry) -> Counter | Gauge | Histogram:
    name = prefix + metric.name
    if metric.kind == "histogram":
        return Histogram(name, metric.meaning, metric.labels, buckets=metric.buckets, registry=registry)
    return TYPES[metric.kind](name, metric.meaning, metric.labels, registry=registry)
