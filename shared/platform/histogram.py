"""A histogram that takes all values of a transaction at once.

The client library's own takes one at a time, through a lock and bound by bound: 2 µs, where a service has a value of
every event. What it shows at the scrape is the same, series by series.
"""

import time
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import HistogramMetricFamily
from prometheus_client.utils import INF, floatToGoString

__all__ = ["Histogram", "Series"]


class Series:
    """The values of one combination of labels: how many are at the most each bound and above the one before, their sum."""

    __slots__ = ("bounds", "counts", "created", "sum")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = bounds
        self.counts = [0] * len(bounds)
        self.sum = 0.0
        self.created = time.time()

    def observe(self, values: Iterable[float]) -> None:
        """Add values."""
        bounds, counts, total = self.bounds, self.counts, 0.0
        for value in values:
            counts[bisect_left(bounds, value)] += 1
            total += value
        self.sum += total


class Histogram:
    """Values in buckets, by labels. `bounds` are ascending; the last, infinity, need not be given. Of one thread."""

    def __init__(
        self, name: str, meaning: str, labels: Sequence[str], bounds: Iterable[float], registry: CollectorRegistry
    ) -> None:
        self.name = name
        self.meaning = meaning
        self.label_names = tuple(labels)
        self.bounds = (*(float(bound) for bound in bounds if bound != INF), INF)
        self._series: dict[tuple[str, ...], Series] = {}
        if not self.label_names:
            self.labels()
        registry.register(self)

    def labels(self, *values: str) -> Series:
        """The series of these labels, which begins at nought."""
        if len(values) != len(self.label_names):
            raise ValueError(f"{self.name} has the labels {self.label_names}, not {len(values)} of them")
        return self._series.setdefault(values, Series(self.bounds))

    def remove(self, *values: str) -> None:
        """Drop a series."""
        self._series.pop(values, None)

    def describe(self) -> Iterator[HistogramMetricFamily]:
        """Its name and type: for the registry, which lets nobody else have them."""
        yield HistogramMetricFamily(self.name, self.meaning, labels=self.label_names)

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """All of its series, for a scrape."""
        family = HistogramMetricFamily(self.name, self.meaning, labels=self.label_names)
        names = [floatToGoString(bound) for bound in self.bounds]  # type: ignore[no-untyped-call] # the client has no types there
        for values, series in self._series.items():
            family.add_metric(values, list(zip(names, accumulate(series.counts), strict=True)), series.sum)
            labels = dict(zip(self.label_names, values, strict=True))
            family.add_sample(f"{self.name}_created", labels, series.created)
        yield family
