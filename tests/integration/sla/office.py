"""sla on a real database, with a clock that the test sets. What it tells is read from its outbox."""

import itertools
import os
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from services.sla.handlers import messages
from services.sla.jobs import Timer
from shared.bus import Batch, Bus, Record, Topics, Tx, Wire, decode
from shared.bus.outbox import unpack
from shared.contracts import Event, contract_of
from shared.platform.clock import Clock, ClockFile
from shared.platform.db import Database
from shared.policy import Packs
from tests.unit.sla.story import Said, at

__all__ = ["Office", "event_of", "write_clock"]


def event_of(one: Said, organisation: str, conversation: str = "c1", story: str = "") -> Event:
    """Something said, as an event of a conversation; `story` keeps its id apart from another's."""
    data = one.data
    if hasattr(data, "conversation"):
        data = msgspec.structs.replace(data, conversation=conversation)
    return Event(
        id=story + one.id,
        source=one.source,
        name=one.name,
        organisation=organisation,
        key=contract_of(type(data)).key(data, organisation),
        time=one.at,
        data=data,
    )


def write_clock(path: Path, policy: datetime) -> None:
    """Policy time stands still there."""
    ClockFile(machine=policy, policy=policy).write(path)


@dataclass(slots=True)
class Office:
    """One installation's sla, without Kafka."""

    app_url: str
    packs: Packs
    clock_file: Path
    bus: Bus = field(init=False)
    timer: Timer = field(init=False)
    _offsets: "itertools.count[int]" = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self.bus = self.another()
        self.timer = Timer(self.bus, self.packs)

    def another(self) -> Bus:
        """Another process's side of the same database."""
        database = Database(self.app_url, application_name=f"sla-{os.getpid()}", pool_size=8)
        return Bus("sla", database, Clock(self.clock_file), Topics(self.packs.organisations))

    def transaction(self) -> AbstractAsyncContextManager[Tx]:
        """A transaction of the service."""
        return self.bus.transaction()

    def clock(self, text: str) -> None:
        """Set policy time."""
        write_clock(self.clock_file, at(text))

    def batch(self, events: Sequence[Event]) -> Batch:
        """Events as the consumer hands them over."""
        return Batch("messages", [Record(event, "houserules.messages", 0, next(self._offsets), 0) for event in events])

    async def hear(self, *events: Event) -> None:
        """One batch, in one transaction."""
        async with self.transaction() as tx:
            await messages(self.packs)(self.batch(events), tx)

    async def heard(self, organisation: str, *said: Said, conversation: str = "c1") -> None:
        """One batch of one conversation."""
        await self.hear(*(event_of(one, organisation, conversation) for one in said))

    async def told(self) -> list[Event]:
        """Everything that waits to be published, in its order."""
        rows = await self.bus.database.fetch("select topic, key, headers, body from outbox order by id")
        events = []
        for row in rows:
            headers = [(name, value or b"") for name, value in unpack(row.headers)]
            events.append(decode(row.topic, Wire(row.key, headers, row.body), self.bus.topics))
        return events

    async def names(self) -> list[str]:
        """Their names without `sla-`."""
        return [event.name.removeprefix("sla-") for event in await self.told()]

    async def rows(self, statement: str, **params: Any) -> list[tuple[Any, ...]]:
        """Rows as tuples."""
        return [tuple(row) for row in await self.bus.database.fetch(statement, **params)]
