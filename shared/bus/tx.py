"""One transaction: a service's tables and the events that it emits are committed together or not at all."""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.bus.codec import encode
from shared.bus.decisions import say
from shared.bus.errors import KeyNotLocked
from shared.bus.faults import where
from shared.bus.metrics import Instruments, bus_instruments
from shared.bus.outbox import Outbox, OutboxRow
from shared.bus.stories import Begun, begun, carried
from shared.bus.topics import Topics
from shared.contracts.event import Event
from shared.platform.clock import Clock
from shared.platform.db import Database
from shared.platform.db import sql as prepared
from shared.platform.figures import Heard
from shared.platform.tracing import Tracer

__all__ = ["Budget", "Bus", "Tx"]

log = structlog.get_logger("bus")

LINES = 200
"""Events that are looked at for decisions, each a line of the log, in one turn of the event loop."""

SENDING_TURNS = 2
"""Turns of the event loop until a statement is on its way: its task's own, and the one at whose end the loop writes."""


class Tx:
    """A database transaction that events can be emitted in. Policy time stands still in it: `now`."""

    __slots__ = (
        "_held", "_rows", "_sent", "_tracer", "begun", "connection", "emitted", "heard", "measured", "now", "said",
        "topics",
    )  # fmt: skip

    def __init__(self, connection: AsyncConnection, now: datetime, topics: Topics, tracer: Tracer) -> None:
        self.connection = connection
        self.now = now
        self.topics = topics
        self.heard: Sequence[Heard] = ()
        self.said: list[Event] = []
        """What is applied and what is emitted here: measured once it is committed."""
        self.begun: list[Begun] = []
        """What was emitted here by no event's cause, where it is traced."""
        self.measured = True
        """False where what is told waited for a person, so that its delay says nothing of this system."""
        self._tracer = tracer
        self._held: set[tuple[str, str, str]] = set()
        self._rows: list[OutboxRow] = []
        self._sent: asyncio.Task[Any] | None = None
        self.emitted = 0
        """Rows of the outbox that are written."""

    async def fetch(self, sql: str, **params: Any) -> Sequence[Row[Any]]:
        """The rows of one statement. Arrays go as `cast(:ids as text[])`."""
        await self._answer()
        return (await self.connection.execute(prepared(sql), params)).all()

    async def execute(self, sql: str, **params: Any) -> int:
        """Run one statement; the number of rows that it changed."""
        await self._answer()
        return (await self.connection.execute(prepared(sql), params)).rowcount

    async def send(self, sql: str, **params: Any) -> None:
        """Begin one statement whose outcome nobody needs, so that this process works while the database does.

        The next statement, or the commit, waits for it and raises what it raised.
        """
        await self._answer()
        self._sent = asyncio.create_task(self.connection.execute(prepared(sql), params))
        for _ in range(SENDING_TURNS):
            await asyncio.sleep(0)

    async def _answer(self) -> None:
        """Wait for the statement that was sent last. Whoever is cancelled meanwhile does not cancel the statement."""
        if self._sent is not None:
            sent = self._sent
            await asyncio.wait((sent,))
            self._sent = None
            sent.result()

    async def rest(self) -> None:
        """Wait until nothing is under way, whatever comes of it: only then may the connection be rolled back."""
        if self._sent is not None:
            await asyncio.wait((self._sent,))
            if not self._sent.cancelled():
                self._sent.exception()  # it is the transaction's own fault, or comes after one

    def holds(self, topic: str, organisation: str, keys: Iterable[str]) -> None:
        """Say which keys of a logical topic the row locks of this transaction cover; a store calls it as it locks."""
        self._held.update((topic, organisation, key) for key in keys)

    async def lock(self, organisation: str, topic: str, *keys: str) -> None:
        """Lock keys that have no row of their own, until the end of the transaction.

        Call it once, after the rows are locked: the locks of one call are taken in one order everywhere.
        """
        await self._answer()
        numbers = sorted({_number(topic, organisation, key) for key in keys})
        await self.connection.execute(
            prepared("select count(pg_advisory_xact_lock(n)) from unnest(cast(:numbers as bigint[])) as n"),
            {"numbers": numbers},
        )
        self.holds(topic, organisation, keys)

    def emit(self, *events: Event, since: datetime | None = None, link: str | None = None) -> None:
        """Publish events when this transaction commits, in this order. `since` is when what they tell of came in, by
        the machine's clock, if before this transaction; `link` the `traceparent` with which it came.

        Raises KeyNotLocked for a key that is not held here, TooLarge for an event over 512 KiB.
        """
        for event in events:
            logical = event.topic
            if (logical, event.organisation, event.key) not in self._held:
                raise KeyNotLocked(
                    f"{event.name} is emitted for a key of {logical} that this transaction has not locked: lock its row "
                    "and say so by tx.holds, or call tx.lock"
                )
            self.said.append(event)
            if self._tracer.on and event.causation_id is None:
                self.begun.append(Begun(event, since, link))
            wire = encode(carried(self._tracer, event))
            self.publish(OutboxRow(event.organisation, self.topics.shared(logical), wire.key, wire.headers, wire.body))

    def publish(self, row: OutboxRow) -> None:
        """Put a finished record into the outbox: for dead letters and redrives, which go on as they came."""
        self._rows.append(row)

    async def flush(self) -> None:
        """Write what was emitted, as one statement."""
        rows, self._rows = self._rows, []
        if rows:
            await Outbox.insert(self, rows)
            self.emitted += len(rows)
        await self._answer()

    async def send_emitted(self) -> None:
        """Begin to write what was emitted so far: for a transaction that emits very much."""
        rows, self._rows = self._rows, []
        if rows:
            await self.send(Outbox.INSERT, **Outbox.parameters(rows))
            self.emitted += len(rows)


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
    instruments: Instruments = field(default_factory=bus_instruments)
    tracer: Tracer = field(default_factory=lambda: Tracer(""))
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    """Set after a commit that emitted something; the relay of this process waits for it."""
    measure: Callable[[Tx], None] | None = None
    """Is shown every transaction that was committed: what it applied and emitted."""
    _full: bool = False
    _full_asked: float = -1e9

    @property
    def group(self) -> str:
        """The consumer group."""
        return self.topics.group(self.service)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Tx]:
        """Begin, give the transaction, write what it emitted, commit, wake the relay. An exception rolls all back."""
        began = time.time()
        async with self.database.begin() as connection:
            tx = Tx(connection, self.clock.policy(), self.topics, self.tracer)
            try:
                yield tx
                await tx.flush()
            finally:
                await tx.rest()
        if tx.emitted:
            self.wake.set()
        await self._show(tx, began)

    async def _show(self, tx: Tx, began: float) -> None:
        """Log, trace and measure what is committed: a bug in that does not make it look as if it had failed.

        Of very much the relay sends the first while the last is still being logged.
        """
        try:
            for first in range(0, len(tx.said), LINES):
                if first:
                    await asyncio.sleep(0)
                say(tx.said[first : first + LINES])
            if tx.begun:
                begun(self.tracer, self.service, tx.begun, began, time.time())
            if self.measure is not None and tx.measured:
                self.measure(tx)
        except Exception as error:  # noqa: BLE001 whoever hears of it would do again what is done
            log.error("what was committed cannot be shown", error=type(error).__name__, reason=where(error))

    async def outbox_full(self) -> bool:
        """More waits to be sent than the budget allows (rows or age): a door answers 503. Asked once a second."""
        if time.monotonic() - self._full_asked > 1.0:
            self._full_asked = time.monotonic()
            async with self.database.begin() as connection:
                self._full = await Outbox.beyond(connection, self.budget.rows, self.budget.age_s)
        return self._full
