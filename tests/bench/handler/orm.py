"""The tables of sla mapped as SQLAlchemy's ORM tutorial has it, and one message applied with them.

The decisions are our domain's. What differs from the service is that objects are loaded, changed and flushed, in a
transaction of one message.
"""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

import msgspec
from sqlalchemy import ARRAY, ForeignKeyConstraint, Identity, Text, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship, selectinload
from sqlalchemy.types import DateTime

from services.sla.domain import FACTS, Fact, History, Standing, refold
from shared.bus.codec import encode
from shared.bus.outbox import pack
from shared.bus.topics import Topics
from shared.contracts import Event
from shared.platform.ids import uuid7
from shared.policy import Packs
from tests.bench.handler.workload import NOW

__all__ = ["apply"]

COLUMNS = frozenset({"source", "id", "name", "at", "message", "author"})
DETAILS = {field.name: field.default for field in msgspec.structs.fields(Fact) if field.name not in COLUMNS}
STANDING = tuple(name for name in Standing.__struct_fields__ if name != "id")


class Base(DeclarativeBase):
    """Instants are aware."""

    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: DateTime(timezone=True),
        list[datetime]: ARRAY(DateTime(timezone=True)),
        list[str]: ARRAY(Text),
        dict[str, Any]: JSONB,
    }


class InboxRow(Base):
    """An event that was applied."""

    __tablename__ = "inbox"
    organisation: Mapped[str] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)


class AuthorRow(Base):
    """Somebody who wrote."""

    __tablename__ = "authors"
    organisation: Mapped[str] = mapped_column(primary_key=True)
    author: Mapped[str] = mapped_column(primary_key=True)


class FactRow(Base):
    """An entry of the journal."""

    __tablename__ = "facts"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation", "conversation"], ["conversations.organisation", "conversations.conversation"]
        ),
    )
    organisation: Mapped[str] = mapped_column(primary_key=True)
    conversation: Mapped[str] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    at: Mapped[datetime]
    message: Mapped[str | None]
    author: Mapped[str | None]
    details: Mapped[dict[str, Any]]


class TargetRow(Base):
    """A target as it was last told."""

    __tablename__ = "targets"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation", "conversation"], ["conversations.organisation", "conversations.conversation"]
        ),
    )
    organisation: Mapped[str] = mapped_column(primary_key=True)
    target: Mapped[UUID] = mapped_column(primary_key=True)
    conversation: Mapped[str]
    kind: Mapped[str]
    message: Mapped[str]
    message_kind: Mapped[str]
    site: Mapped[str]
    cycle: Mapped[int]
    started_at: Mapped[datetime]
    due_at: Mapped[datetime]
    warn_at: Mapped[list[datetime]]
    policy: Mapped[str]
    observe: Mapped[bool]
    clauses: Mapped[list[str]]
    story: Mapped[str]
    owner: Mapped[str | None]
    state: Mapped[str]
    revision: Mapped[int]
    warned_at: Mapped[datetime | None]
    breach: Mapped[str | None]
    noticed_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    closing: Mapped[str | None]
    reason: Mapped[str | None]
    working_s: Mapped[int | None]
    retracted: Mapped[int]


class ConversationRow(Base):
    """A conversation, with all that is known of it."""

    __tablename__ = "conversations"
    organisation: Mapped[str] = mapped_column(primary_key=True)
    conversation: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(default="answered")
    next_at: Mapped[datetime | None]
    facts: Mapped[list[FactRow]] = relationship()
    targets: Mapped[list[TargetRow]] = relationship()


class OutboxRow(Base):
    """A record to be sent."""

    __tablename__ = "outbox"
    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    organisation: Mapped[str]
    topic: Mapped[str]
    partition: Mapped[int | None]
    key: Mapped[bytes]
    headers: Mapped[bytes]
    body: Mapped[bytes]


async def apply(session: AsyncSession, event: Event, packs: Packs, topics: Topics) -> None:
    """One message: what is known is loaded and locked, the fact added, the difference saved and put into the outbox."""
    identity = (event.organisation, event.source, event.id)
    if await session.get(InboxRow, identity) is not None:
        return
    session.add(InboxRow(organisation=event.organisation, source=event.source, id=event.id))
    fact = FACTS[event.name](event, event.data)
    if fact.author is not None:
        await session.merge(AuthorRow(organisation=event.organisation, author=fact.author))
    conversation = await _conversation(session, event)
    conversation.facts.append(_fact_row(event, fact))
    history = History(event.organisation, event.key, tuple(_fact(row) for row in conversation.facts))
    told = {(event.organisation, event.key): {str(row.target): _standing(row) for row in conversation.targets}}
    changes = refold([history], told, packs, NOW, uuid7)
    (row,) = changes.conversations
    conversation.state, conversation.next_at = row.state, row.next_at
    known = {row.target: row for row in conversation.targets}
    for target in changes.targets:
        _save(conversation, known, target.standing)
    for emitted in changes.events:
        wire = encode(emitted)
        session.add(
            OutboxRow(
                organisation=emitted.organisation,
                topic=topics.shared(emitted.topic),
                key=wire.key,
                headers=pack(wire.headers),
                body=wire.body,
            )
        )


async def _conversation(session: AsyncSession, event: Event) -> ConversationRow:
    wanted = (
        select(ConversationRow)
        .where(ConversationRow.organisation == event.organisation, ConversationRow.conversation == event.key)
        .options(selectinload(ConversationRow.facts), selectinload(ConversationRow.targets))
        .with_for_update()
    )
    found = (await session.scalars(wanted)).one_or_none()
    if found is None:
        found = ConversationRow(organisation=event.organisation, conversation=event.key, facts=[], targets=[])
        session.add(found)
    return found


def _fact_row(event: Event, fact: Fact) -> FactRow:
    details = {name: value for name, default in DETAILS.items() if (value := getattr(fact, name)) != default}
    columns = {name: getattr(fact, name) for name in COLUMNS}
    return FactRow(
        organisation=event.organisation, conversation=event.key, details=msgspec.to_builtins(details), **columns
    )


def _fact(row: FactRow) -> Fact:
    columns = {name: value for name in COLUMNS if (value := getattr(row, name)) is not None}
    return msgspec.convert(columns | row.details, Fact)


def _standing(row: TargetRow) -> Standing:
    values = {name: getattr(row, name) for name in STANDING}
    return Standing(id=str(row.target), **values | {"warn_at": tuple(row.warn_at), "clauses": tuple(row.clauses)})


def _save(conversation: ConversationRow, known: dict[UUID, TargetRow], standing: Standing) -> None:
    target = UUID(standing.id)
    values = {name: getattr(standing, name) for name in STANDING}
    values |= {"warn_at": list(standing.warn_at), "clauses": list(standing.clauses)}
    row = known.get(target)
    if row is None:
        conversation.targets.append(TargetRow(organisation=conversation.organisation, target=target, **values))
        return
    for name, value in values.items():
        setattr(row, name, value)
