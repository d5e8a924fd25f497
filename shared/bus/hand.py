"""What the relay has in hand: rows read and not yet deleted, by the partition that they go to."""

import asyncio
import math
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, NamedTuple

from shared.bus.partitioning import partitions_of

__all__ = ["Flight", "Hand", "Lane", "Load", "Row"]


class Row(NamedTuple):
    """An outbox row as the relay reads it: `at` in seconds since 1970 by the database's clock, `size` its key, headers and body in bytes."""

    id: int
    topic: str
    partition: int | None
    key: bytes | None
    headers: bytes
    body: bytes | None
    at: float
    size: int


SIZE = attrgetter("size")


@dataclass(slots=True)
class Load:
    """A batch that is filled while its predecessor is on its way."""

    batch: Any
    """aiokafka's `BatchBuilder`; closed when it is full."""
    rows: list[Row] = field(default_factory=list)


@dataclass(slots=True)
class Flight:
    """A batch on its way to Kafka."""

    rows: list[Row]
    acknowledged: "asyncio.Future[Any]"
    since: float


@dataclass(slots=True, eq=False)
class Lane:
    """A topic's partition. It has one flight at a time, and its rows leave in the order in which they were taken.

    The next batch leaves when its predecessor is acknowledged, not before: a broker that knows nothing of a producer takes
    any sequence number, so one that followed on a refused batch would be written ahead of it.
    """

    topic: str
    partition: int
    waiting: deque[Row] = field(default_factory=deque)
    load: Load | None = None
    flight: Flight | None = None

    @property
    def free(self) -> bool:
        """Something is to be sent, and nothing is on its way."""
        return self.flight is None and bool(self.waiting or self.load)

    @property
    def loadable(self) -> bool:
        """Rows wait, and the next batch has room for them."""
        return bool(self.waiting) and not (self.load and self.load.batch.closed())


@dataclass(slots=True)
class Hand:
    """Rows in hand, until they are known to be deleted."""

    ids: set[int] = field(default_factory=set)
    runs: list[tuple[int, int]] = field(default_factory=list)
    """First and last of ids that follow on each other: all that are in hand, and of those below the highest such as are
    deleted. What was never taken is in none: it may be committed yet."""
    size: int = 0
    """Bytes of the rows' keys, headers and bodies."""
    lanes: dict[str, list[Lane]] = field(default_factory=dict)
    """By topic, one for each of its partitions; of those topics whose number of partitions is known."""
    arrived: list[Row] = field(default_factory=list)
    """Acknowledged and not yet known to be deleted, in the order of their arrival."""

    def open(self, topic: str, partitions: int) -> None:
        """Have lanes for a topic."""
        self.lanes[topic] = [Lane(topic, number) for number in range(partitions)]

    def take(self, rows: Sequence[Row]) -> set[str]:
        """Put rows behind those of their lanes. What is left out: the topics that have no lanes, and their rows."""
        by_topic: dict[str, list[Row]] = {}
        for row in rows:
            by_topic.setdefault(row.topic, []).append(row)
        unknown = by_topic.keys() - self.lanes.keys()
        if unknown:
            rows = [row for row in rows if row.topic not in unknown]
        for topic in by_topic.keys() - unknown:
            _spread(by_topic[topic], self.lanes[topic])
        ids = sorted([row.id for row in rows])
        self.ids.update(ids)
        self.runs = _joined(sorted(self.runs + _runs(ids)))
        self.size += sum(map(SIZE, rows))
        return unknown

    def __iter__(self) -> Iterator[Lane]:
        """Every lane."""
        return (lane for lanes in self.lanes.values() for lane in lanes)

    @property
    def flights(self) -> list[Flight]:
        """What is on its way."""
        return [lane.flight for lane in self if lane.flight]

    def landed(self) -> list[Lane]:
        """Lanes whose flight is over, one way or the other."""
        return [lane for lane in self if lane.flight and lane.flight.acknowledged.done()]

    def arrive(self, lane: Lane, flight: Flight) -> None:
        """A lane's flight was acknowledged: the lane is free, the rows are to be deleted."""
        lane.flight = None
        self.arrived += flight.rows

    def drop(self, count: int) -> None:
        """The first so many that had arrived are deleted."""
        rows = self.arrived[:count]
        del self.arrived[:count]
        self.ids.difference_update([row.id for row in rows])
        lowest = min(self.ids, default=math.inf)
        self.runs = [run for run in self.runs if run[1] >= lowest]
        self.size -= sum(map(SIZE, rows))


def _runs(ids: Sequence[int]) -> list[tuple[int, int]]:
    """Ascending ids as runs; most reads bring a single one."""
    if ids and ids[-1] - ids[0] == len(ids) - 1:
        return [(ids[0], ids[-1])]
    return _joined((number, number) for number in ids)


def _joined(runs: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Ascending runs, those that touch made one."""
    joined: list[tuple[int, int]] = []
    for first, last in runs:
        if joined and joined[-1][1] == first - 1:
            joined[-1] = (joined[-1][0], last)
        else:
            joined.append((first, last))
    return joined


def _spread(rows: Sequence[Row], lanes: Sequence[Lane]) -> None:
    """Each row of a topic behind those of the partition that it names, else of its key's, else of any."""
    count = len(lanes)
    named = [None if row.partition is None or row.partition >= count else row.partition for row in rows]
    free = [row.key for row, number in zip(rows, named, strict=True) if number is None]
    keys = partitions_of({key for key in free if key is not None}, count)
    for row, number in zip(rows, named, strict=True):
        if number is None:
            number = row.id % count if row.key is None else keys[row.key]
        lanes[number].waiting.append(row)
