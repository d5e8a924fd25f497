"""Conversations for a bench: one message each, that opens a target of half a working day under Westward's policy.

What falls due in the bench has been folded by the service's own code; what only lies there is a copy of one such row.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import msgspec

from services.sla.domain import FACTS, Changes, Fact, History, refold
from services.sla.store.journal import COLUMNS, DEFAULTS
from shared.contracts import Event, contract_of
from shared.contracts.messages import MessageReceived
from shared.platform.ids import uuid7
from shared.policy import Packs

__all__ = ["FRIDAY", "MONDAY", "lay_down", "received", "settle_down"]

ORGANISATION = "westward"
FRIDAY = datetime(2026, 3, 13, 16, 30, tzinfo=UTC)
"""What comes then is due on `MONDAY`: half an hour before closing and three and a half after opening."""
MONDAY = datetime(2026, 3, 16, 12, 30, tzinfo=UTC)
LATER = timedelta(minutes=-100)
"""What only lies there came from then on, before `MONDAY`: neither its warning nor its due time falls into the bench."""

CLONES = """
    with numbered as (
        select $1 || n as conversation, cast($2 as timestamptz) + n * cast($3 as interval) as at
        from generate_series(1, $4) as n
    ), one as (
        select * from facts where organisation = $5 and conversation = $6
    ), target as (
        select * from targets where organisation = $5 and conversation = $6
    ), said as (
        insert into facts (organisation, conversation, source, id, name, at, message, author, details)
        select $5, c.conversation, one.source, c.conversation, one.name, c.at, c.conversation, c.conversation, one.details
        from numbered c, one
    ), owed as (
        insert into targets (organisation, target, conversation, kind, message, message_kind, site, cycle, started_at,
                             due_at, warn_at, policy, observe, clauses, story, state, revision)
        select $5, gen_random_uuid(), c.conversation, t.kind, c.conversation, t.message_kind, t.site, t.cycle, c.at,
               c.at + interval '4 hours', array[c.at + interval '2 hours', c.at + interval '210 minutes'], t.policy,
               t.observe, t.clauses, c.conversation, 'open', 1
        from numbered c, target t
    ), wrote as (
        insert into authors (organisation, author) select $5, conversation from numbered
    ), known as (
        insert into inbox (organisation, source, id) select $5, '/houserules/intake', conversation from numbered
    )
    insert into conversations (organisation, conversation, state, next_at)
    select $5, conversation, 'open', at + interval '2 hours' from numbered
"""


def received(name: str, at: datetime, *, author: str | None = None) -> Event:
    """A customer's public question, the only one of its conversation; all its ids are `name`."""
    data = MessageReceived(
        conversation=name,
        message=name,
        site="westward-page",
        network="facebook",
        visibility="public",
        posted_at=at,
        received_at=at,
        time_basis="platform",
        kind="query",
        author=author or name,
    )
    return Event(
        id=name,
        source="/houserules/intake",
        name="message-received",
        organisation=ORGANISATION,
        key=contract_of(type(data)).key(data, ORGANISATION),
        time=at,
        data=data,
    )


async def settle_down(rows: asyncpg.Connection, packs: Packs, events: Sequence[Event], now: datetime) -> None:
    """Put conversations where the service would have them at `now`, by COPY: told of, warned of, still open."""
    facts = [FACTS[event.name](event, event.data) for event in events]
    histories = [History(ORGANISATION, event.key, (fact,)) for event, fact in zip(events, facts, strict=True)]
    changes = refold(histories, {}, packs, now, uuid7)
    await _copy(rows, "facts", (_fact(event.key, fact) for event, fact in zip(events, facts, strict=True)))
    await _copy(rows, "targets", _targets(changes))
    await _copy(rows, "conversations", (msgspec.structs.asdict(one) for one in changes.conversations))
    await _copy(rows, "authors", ({"organisation": ORGANISATION, "author": fact.author} for fact in facts))
    await _copy(rows, "inbox", ({"organisation": ORGANISATION, "source": one.source, "id": one.id} for one in events))


async def lay_down(rows: asyncpg.Connection, packs: Packs, count: int, prefix: str = "old-") -> None:
    """So many more open conversations that nothing happens to, as copies of one, and statistics for the planner."""
    model = f"{prefix}0"
    await settle_down(rows, packs, [received(model, MONDAY + LATER)], MONDAY)
    step = -LATER / max(count, 1) * 0.9
    await rows.execute(CLONES, prefix, MONDAY + LATER, step, count - 1, ORGANISATION, model, timeout=900)
    await rows.execute("vacuum analyze", timeout=900)


def _fact(conversation: str, fact: Fact) -> dict[str, Any]:
    details = {name: value for name, default in DEFAULTS.items() if (value := getattr(fact, name)) != default}
    columns = {name: getattr(fact, name) for name in sorted(COLUMNS)}
    shared = {"organisation": ORGANISATION, "conversation": conversation}
    return shared | columns | {"details": msgspec.json.encode(details).decode()}


def _targets(changes: Changes) -> Iterable[dict[str, Any]]:
    for row in changes.targets:
        columns = {name: getattr(row.standing, name) for name in row.standing.__struct_fields__}
        columns["target"] = columns.pop("id")
        yield {"organisation": row.organisation, "conversation": row.conversation} | columns


async def _copy(rows: asyncpg.Connection, table: str, records: Iterable[dict[str, Any]]) -> None:
    found = list(records)
    if found:
        await rows.copy_records_to_table(table, records=[tuple(one.values()) for one in found], columns=[*found[0]])
