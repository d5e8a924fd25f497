"""What the relay has in hand: rows read and not yet deleted, by the partition that they go to."""

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

__all__ = ["Flight", "Hand", "Lane", "Row"]


class Row(NamedTuple):
    """An outbox row as the relay reads it; `at` in seconds since 1970, by the database's clock."""

    id: int
    topic: str
    partition: int | None
    key: bytes | None
    headers: bytes
    body: bytes | None
    at: float

    @property
    def size(self) -> int:
        """Bytes of its headers and body."""
        return len(self.headers) + len(self.body or b"")


class Lane(NamedTuple):
    """A topic and partition."""

    topic: str
    partition: int


@dataclass(slots=True)
class Flight:
    """A batch on its way to Kafka."""

    rows: list[Row]
    acknowledged: "asyncio.Future[Any]"
    since: float


@dataclass(slots=True)
class Hand:
    """Rows in hand. A lane has one flight at a time: the next leaves when its predecessor is acknowledged."""

    ids: set[int] = field(default_factory=set)
    size: int = 0
    """Bytes of the rows' bodies and headers."""
    waiting: dict[Lane, deque[Row]] = field(default_factory=dict)
    flights: dict[Lane, Flight] = field(default_factory=dict)

    def take(self, lane: Lane, row: Row) -> None:
        """Put a row behind those of its lane."""
        self.ids.add(row.id)
        self.size += row.size
        self.waiting.setdefault(lane, deque()).append(row)

    def free(self) -> Iterator[tuple[Lane, deque[Row]]]:
        """Lanes with rows waiting and nothing in flight."""
        for lane, rows in list(self.waiting.items()):
            if rows and lane not in self.flights:
                yield lane, rows

    def landed(self) -> dict[Lane, Flight]:
        """Flights that are over, one way or the other."""
        return {lane: flight for lane, flight in self.flights.items() if flight.acknowledged.done()}

    def oldest_flight(self) -> float | None:
        """When the flight that is longest on its way left."""
        return min((flight.since for flight in self.flights.values()), default=None)

    def drop(self, lanes: Iterable[Lane]) -> list[int]:
        """Let the flights of these lanes go, with their rows; the rows' ids."""
        rows = [row for lane in lanes for row in self.flights.pop(lane).rows]
        ids = [row.id for row in rows]
        self.ids.difference_update(ids)
        self.size -= sum(row.size for row in rows)
        return ids
