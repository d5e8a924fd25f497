"""A small service of the tests' own: it writes down what it is given and emits one event for each."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from shared.bus import Batch, Bus, Permanent, Record, Subscription, Topics, Tx
from shared.bus.schema import create_bus_tables, let_dead_letters_be_closed
from shared.contracts.access import SiteApproved
from shared.contracts.event import event_of
from shared.contracts.messages import AuthorBlocked, ConversationResolved
from shared.contracts.people import StaffLeft
from shared.platform.audit import create_audit_table
from shared.platform.clock import Clock
from shared.platform.db import Database
from shared.platform.ids import uuid7

__all__ = ["Ledger", "create_tables", "poison", "resolved", "staff_left"]

NOW = datetime(2026, 4, 1, 9, 0, tzinfo=UTC)
HEALED: set[str] = set()


class _Op:
    """What a migration needs of Alembic."""

    def __init__(self) -> None:
        self.statements: list[str] = []

    def execute(self, statement: str) -> None:
        """Remember it."""
        self.statements.append(statement)


async def create_tables(owner_url: str) -> None:
    """The bus's tables, the audit table and the ledger's own, as a migration would make them."""
    op = _Op()
    create_bus_tables(op)
    let_dead_letters_be_closed(op)
    create_audit_table(op)
    op.execute(
        "create table entities (organisation text, key text, facts int not null, primary key (organisation, key))"
    )
    op.execute("create table entries (n bigint generated always as identity primary key, organisation text, key text, "
               "id text, name text)")  # fmt: skip
    database = Database(owner_url, application_name="owner", pool_size=2)
    async with database.begin() as connection:
        raw = await connection.get_raw_connection()
        driver: Any = raw.driver_connection
        await driver.execute(";".join(op.statements))
    await database.close()


def resolved(key: str, event_id: str | None = None, organisation: str = "westward", **changes: Any) -> Any:
    """`conversation-resolved` of a conversation; an actor `bug`, `poison` or `away` makes the handler fail."""
    actor = changes.pop("actor", "somebody")
    return event_of(
        ConversationResolved(conversation=key, at=NOW, actor=actor),
        id=event_id or uuid7(),
        source=changes.pop("source", "/houserules/intake"),
        organisation=organisation,
        time=changes.pop("time", NOW),
    )


def staff_left(
    person: str, event_id: str | None = None, organisation: str = "westward", source: str = "/westward/hr"
) -> Any:
    """`staff-left` as an HR system says it."""
    data = StaffLeft(person=person, leave_at=NOW)
    return event_of(data, id=event_id or uuid7(), source=source, organisation=organisation, time=NOW)


Hook = Callable[[str], Awaitable[None]]


@dataclass(slots=True)
class Ledger:
    """The service: wired like any other, without doors."""

    bus: Bus
    hook: Hook | None = None
    healed: bool = False
    """The cause of `bug` is mended."""

    @classmethod
    def make(cls, app_url: str, prefix: str, group_prefix: str, **more: Any) -> "Ledger":
        """A ledger on a database, with topics and group of its own."""
        topics = Topics(frozenset({"westward", "wheatley"}), prefix, group_prefix, partitions=2)
        database = Database(app_url, application_name="ledger", pool_size=4)
        return cls(Bus("sla", database, Clock(), topics), **more)

    @property
    def subscriptions(self) -> list[Subscription]:
        """What it reads."""
        sources = self.bus.topics.sources
        return [
            Subscription("messages", sources("messages"), self.handle, frozenset({"conversation-resolved"})),
            Subscription("people", sources("people"), self.handle, frozenset({"staff-left"})),
        ]

    async def handle(self, batch: Batch, tx: Tx) -> None:
        """Lock the entities in order, write each record down, emit one event for each."""
        await lock(tx, batch.keys)
        for record in batch:
            await self._misbehave(record)
        await self._at("handler")
        await tx.execute(
            "insert into entries (organisation, key, id, name) "
            "select * from unnest(cast(:o as text[]), cast(:k as text[]), cast(:i as text[]), cast(:n as text[]))",
            o=[r.organisation for r in batch],
            k=[r.key for r in batch],
            i=[r.event.id for r in batch],
            n=[r.name for r in batch],
        )
        tx.emit(*(self.answer(record, tx.now) for record in batch))
        await self._at("written")

    def answer(self, record: Record, now: datetime) -> Any:
        """The event that a record causes: its key is the record's."""
        data = SiteApproved(site=record.key, at=now)
        return event_of(
            data, id=uuid7(), source="/houserules/sla", organisation=record.organisation, time=now, cause=record.event
        )

    async def _misbehave(self, record: Record) -> None:
        actor = getattr(record.data, "actor", None)
        if actor == "bug" and not self.healed:
            raise ZeroDivisionError(f"a bug with {record.key} in its text")
        if actor == "poison":
            raise Permanent("refused", "the ledger does not take this")
        if actor == "slow":
            await asyncio.sleep(0.5)

    async def _at(self, step: str) -> None:
        if self.hook is not None:
            await self.hook(step)


async def lock(tx: Tx, keys: list[tuple[str, str]]) -> None:
    """Lock the rows of entities, in the order of `keys`, and make those that are missing."""
    await tx.execute(
        "insert into entities (organisation, key, facts) "
        "select o, k, 1 from unnest(cast(:o as text[]), cast(:k as text[])) as e(o, k) order by o, k "
        "on conflict (organisation, key) do update set facts = entities.facts + 1",
        o=[organisation for organisation, _ in keys],
        k=[key for _, key in keys],
    )
    for organisation in {organisation for organisation, _ in keys}:
        tx.holds("access", organisation, [key for owner, key in keys if owner == organisation])


def poison() -> Any:
    """An event that is valid, and that the ledger is not interested in."""
    data = AuthorBlocked(author="a", site="s", at=NOW, actor="x", reason="offensive")
    return event_of(data, id=uuid7(), source="/houserules/intake", organisation="westward", time=NOW)
