"""One transaction: a service's tables and the events that it emits are committed together or not at all."""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.bus.codec import encode
from shared.bus.errors import KeyNotLocked
from shared.bus.metrics import Instruments
from shared.bus.outbox import Outbox, OutboxRow
from shared.bus.topics import Topics
from shared.contracts.event import Event
from shared.platform.clock import Clock
from shared.platform.db import Database
from shared.platform.db import sql as prepared

__all__ = ["Budget", "Bus", "Tx"]


class Tx:
    """A database transaction that events can be emitted in. Policy time stands still in it: `now`."""

    __slots__ = ("_held", "_rows", "connection", "now", "topics")

    def __init__(self, connection: AsyncConnection, now: datetime, topics: Topics) -> None:
        self.connection = connection
        self.now = now
        self.topics = topics
        self._held: set[tuple[str, str, str]] = set()
        self._rows: list[OutboxRow] = []

    async def fetch(self, sql: str, **params: Any) -> Sequence[Row[Any]]:
        """The rows of one statement. Arrays go as `cast(:ids as text[])`."""
        return (await self.connection.execute(prepared(sql), params)).all()

    async def execute(self, sql: str, **params: Any) -> int:
        """Run one statement; the number of rows that it changed."""
        return (await self.connection.execute(prepared(sql), params)).rowcount

    def holds(self, topic: str, organisation: str, keys: Iterable[str]) -> None:
        """Say which keys of a logical topic the row locks of this transaction cover; a store calls it as it locks."""
        self._held.update((topic, organisation, key) for key in keys)

    async def lock(self, organisation: str, topic: str, *keys: str) -> None:
        """Lock keys that have no row of their own, until the end of the transaction.

        Call it once, after the rows are locked: the locks of one call are taken in one order everywhere.
        """
        numbers = sorted({_number(topic, organisation, key) for key in keys})
        await self.connection.execute(
            prepared("select count(pg_advisory_xact_lock(n)) from unnest(cast(:numbers as bigint[])) as n"),
            {"numbers": numbers},
        )
        self.holds(topic, organisation, keys)

    def emit(self, *events: Event) -> None:
        """Publish events when this transaction commits, in this order.

        Raises KeyNotLocked for a key that is not held here, TooLarge for an event over 512 KiB.
        """
        for event in events:
            logical = event.topic
            if (logical, event.organisation, event.key) not in self._held:
                raise KeyNotLocked(
                    f"{event.name} is emitted for a key of {logical} that this transaction has not locked: lock its row "
                    "and say so by tx.holds, or call tx.lock"
                )
            wire = encode(event)
            self.publish(OutboxRow(event.organisation, self.topics.shared(logical), wire.key, wire.headers, wire.body))

    def publish(self, row: OutboxRow) -> None:
        """Put a finished record into the outbox: for dead letters and redrives, which go on as they came."""
        self._rows.append(row)

    async def flush(self) -> int:
        """Write what was emitted, as one statement; how many rows that was."""
        rows, self._rows = self._rows, []
        if rows:
            await Outbox.insert(self, rows)
        return len(rows)


def _number(topic: str, organisation: str, key: str) -> int:
    name = f"{topic}\0{organisation}\0{key}".encode()
    return int.from_bytes(hashlib.blake2b(name, digest_size=8).digest(), "big", signed=True)


@dataclass(frozen=True, slots=True)
class Budget:
    """How much may wait in the outbox before doors refuse."""

    rows: int = 200_000
    age_s: float = 3600.0


@dataclass(slots=True)
class Bus:
    """A service's side of the bus: its database, its clock, the names of the topics. One for each process."""

    service: str
    database: Database
    clock: Clock
    topics: Topics
    budget: Budget = Budget()
    instruments: Instruments = field(default_factory=Instruments)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    """Set after a commit that emitted something; the relay of this process waits for it."""
    _full: bool = False
    _full_asked: float = -1e9

    @property
    def group(self) -> str:
        """The consumer group."""
        return self.topics.group(self.service)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Tx]:
        """Begin, give the transaction, write what it emitted, commit, wake the relay. An exception rolls all back."""
        async with self.database.begin() as connection:
            tx = Tx(connection, self.clock.policy(), self.topics)
            yield tx
            emitted = await tx.flush()
        if emitted:
            self.wake.set()

    async def outbox_full(self) -> bool:
        """More waits to be sent than the budget allows (rows or age): a door answers 503. Asked once a second."""
        if time.monotonic() - self._full_asked > 1.0:
            self._full_asked = time.monotonic()
            async with self.database.begin() as connection:
                self._full = await Outbox.beyond(connection, self.budget.rows, self.budget.age_s)
        return self._full
