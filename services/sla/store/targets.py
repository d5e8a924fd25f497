"""Targets as they were last told, and the conversations that they belong to."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

import msgspec
from msgspec.structs import asdict
from sqlalchemy import Row

from services.sla.domain import Changes, ConversationRow, Key, Standing
from shared.bus.tx import Tx
from shared.platform.db import column

__all__ = ["count_waiting", "list_targets", "save", "standing_of", "state_of", "told"]

TARGETS = """
    select t.*
    from rows from (
        json_array_elements_text(cast(:organisations as json)), json_array_elements_text(cast(:conversations as json))
    ) as k(organisation, conversation)
    cross join lateral (
        select * from targets
        where targets.organisation = k.organisation and targets.conversation = k.conversation
        offset 0
    ) as t
"""

SAVE_TARGETS = """
    insert into targets (
        organisation, target, conversation, kind, message, message_kind, site, cycle, started_at, due_at, warn_at,
        policy, observe, clauses, story, owner, state, revision, warned_at, breach, noticed_at, settled_at, closing,
        reason, working_s, retracted
    )
    select
        organisation, id, conversation, kind, message, message_kind, site, cycle, started_at, due_at, warn_at,
        policy, observe, clauses, story, owner, state, revision, warned_at, breach, noticed_at, settled_at, closing,
        reason, working_s, retracted
    from json_to_recordset(cast(:rows as json)) as t(
        organisation text, id uuid, conversation text, kind text, message text, message_kind text, site text,
        cycle integer, started_at timestamptz, due_at timestamptz, warn_at timestamptz[], policy text,
        observe boolean, clauses text[], story text, owner text, state text, revision integer, warned_at timestamptz,
        breach text, noticed_at timestamptz, settled_at timestamptz, closing text, reason text,
        working_s bigint, retracted integer
    )
    on conflict (organisation, target) do update set
        message_kind = excluded.message_kind, cycle = excluded.cycle, due_at = excluded.due_at,
        warn_at = excluded.warn_at, policy = excluded.policy, clauses = excluded.clauses, owner = excluded.owner,
        state = excluded.state, revision = excluded.revision, warned_at = excluded.warned_at,
        breach = excluded.breach, noticed_at = excluded.noticed_at, settled_at = excluded.settled_at,
        closing = excluded.closing, reason = excluded.reason, working_s = excluded.working_s,
        retracted = excluded.retracted
"""
"""Rows as one JSON document: they hold arrays, and `unnest` would run those together. `json` takes PostgreSQL half as long as
`jsonb`, which it would first make and then read."""

SAVE_CONVERSATIONS = """
    update conversations c
    set state = s.state, next_at = cast(s.next_at as timestamptz)
    from rows from (
        json_array_elements_text(cast(:organisations as json)), json_array_elements_text(cast(:conversations as json)),
        json_array_elements_text(cast(:states as json)), json_array_elements_text(cast(:next_ats as json))
    ) as s(organisation, conversation, state, next_at)
    where c.organisation = s.organisation and c.conversation = s.conversation
"""

STATE = "select state from conversations where organisation = :organisation and conversation = :conversation"

LIST_TARGETS = "select * from targets where "
FILTERS: Mapping[str, str] = MappingProxyType(
    {
        "organisation": "organisation = :organisation",
        "state": "state = :state",
        "waiting": "(closing is null) = :waiting",
        "site": "site = :site",
        "kind": "kind = :kind",
        "before": "due_at < :before",
        "after": "(due_at, target) > (cast(:after_due as timestamptz), cast(:after_target as uuid))",
    }
)
IN_ORDER = " order by due_at, target limit :most"

WAITING = """
    select count(*) as waiting, count(*) filter (where due_at < :now) as overdue
    from targets
    where organisation = :organisation and closing is null
"""

STANDING = Standing.__struct_fields__


async def told(tx: Tx, keys: Sequence[Key]) -> dict[Key, dict[str, Standing]]:
    """The targets of these conversations as they were last told, by id."""
    rows = await tx.fetch(TARGETS, organisations=column(o for o, _ in keys), conversations=column(c for _, c in keys))
    targets: dict[Key, dict[str, Standing]] = defaultdict(dict)
    for row in rows:
        standing = standing_of(row)
        targets[row.organisation, row.conversation][standing.id] = standing
    return targets


async def save(tx: Tx, changes: Changes) -> None:
    """Write what changed. The targets are under way when this returns: what is to be told is encoded meanwhile."""
    await _save_conversations(tx, changes.conversations)
    if changes.targets:
        rows = [
            {"organisation": row.organisation, "conversation": row.conversation} | asdict(row.standing)
            for row in changes.targets
        ]
        await tx.send(SAVE_TARGETS, rows=msgspec.json.encode(rows).decode())


async def _save_conversations(tx: Tx, rows: Sequence[ConversationRow]) -> None:
    await tx.send(
        SAVE_CONVERSATIONS,
        organisations=column(row.organisation for row in rows),
        conversations=column(row.conversation for row in rows),
        states=column(row.state for row in rows),
        next_ats=column(row.next_at for row in rows),
    )


async def state_of(tx: Tx, organisation: str, conversation: str) -> str | None:
    """A conversation's state; None for one that the organisation does not have."""
    rows = await tx.fetch(STATE, organisation=organisation, conversation=conversation)
    return rows[0].state if rows else None


async def list_targets(
    tx: Tx,
    organisation: str,
    most: int,
    *,
    state: str | None = None,
    waiting: bool | None = None,
    site: str | None = None,
    kind: str | None = None,
    before: datetime | None = None,
    after: tuple[datetime, UUID] | None = None,
) -> Sequence[Row[Any]]:
    """An organisation's targets by due time, from behind `after` (due time, target) on."""
    given: dict[str, Any] = {
        "organisation": organisation,
        "state": state,
        "waiting": waiting,
        "site": site,
        "kind": kind,
        "before": before,
        "after": after,
    }
    filters = [FILTERS[name] for name, value in given.items() if value is not None]
    values: dict[str, Any] = {n: value for n, value in given.items() if value is not None and n != "after"}
    if after is not None:
        values |= {"after_due": after[0], "after_target": after[1]}
    return await tx.fetch(LIST_TARGETS + " and ".join(filters) + IN_ORDER, most=most, **values)


async def count_waiting(tx: Tx, organisation: str) -> Row[Any]:
    """How many of an organisation's targets are still to be settled, and how many of those are overdue."""
    return (await tx.fetch(WAITING, organisation=organisation, now=tx.now))[0]


def standing_of(row: Row[Any]) -> Standing:
    """A row of `targets`."""
    known = row._mapping
    values = {name: known[name] for name in STANDING if name != "id"}
    return Standing(id=str(row.target), **values | {"warn_at": tuple(row.warn_at), "clauses": tuple(row.clauses)})
