"""Every statement of the service. Locks go authors first, then conversations, each in sorted order."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Row

from services.sla.domain import Changes, ConversationRow, Fact, History, Key, Standing
from shared.bus.tx import Tx

__all__ = [
    "Journal",
    "add",
    "claim_due",
    "histories",
    "list_targets",
    "lock_authors",
    "lock_conversations",
    "put_off",
    "save",
    "standing_of",
    "state_of",
    "told",
    "waits_for_time",
]

Journal = Mapping[Key, Sequence[Fact]]
"""Facts by (organisation, conversation); blocks by (organisation, author)."""

LOCK_AUTHORS = """
    insert into authors (organisation, author)
    select organisation, author
    from unnest(cast(:organisations as text[]), cast(:authors as text[])) as wanted(organisation, author)
    order by organisation, author
    on conflict (organisation, author) do update set author = excluded.author where false
"""
"""Makes what is missing and locks all: a conflicting row is locked even where the condition spares it the update."""

LOCK_CONVERSATIONS = """
    with wanted as materialized (
        select organisation, conversation
        from unnest(cast(:organisations as text[]), cast(:conversations as text[])) as k(organisation, conversation)
        union
        select f.organisation, f.conversation
        from unnest(cast(:blocked_in as text[]), cast(:blocked as text[])) as b(organisation, author)
        join facts f on f.organisation = b.organisation and f.author = b.author
    ), locked as (
        insert into conversations (organisation, conversation)
        select organisation, conversation from wanted order by organisation, conversation
        on conflict (organisation, conversation) do update set state = excluded.state where false
    )
    select organisation, conversation from wanted order by organisation, conversation
"""

CLAIM_DUE = """
    select organisation, conversation
    from conversations
    where next_at <= :now and organisation = any(cast(:organisations as text[]))
    order by next_at
    limit :most
    for update skip locked
"""

FACTS = """
    select f.*
    from unnest(cast(:organisations as text[]), cast(:conversations as text[])) as k(organisation, conversation)
    cross join lateral (
        select organisation, conversation, source, id, name, at, message, author, details
        from facts
        where facts.organisation = k.organisation and facts.conversation = k.conversation
        offset 0
    ) as f
"""
"""One probe of the primary key a conversation: `offset 0` keeps the planner from joining it any other way."""

ADD_FACTS = (
    """
    with added as (
        insert into facts (organisation, conversation, source, id, name, at, message, author, details)
        select organisation, conversation, source, id, name, at, message, author, cast(details as jsonb)
        from unnest(
            cast(:in_organisations as text[]), cast(:in_conversations as text[]), cast(:sources as text[]),
            cast(:ids as text[]), cast(:names as text[]), cast(:ats as timestamptz[]), cast(:messages as text[]),
            cast(:authors as text[]), cast(:details as text[])
        ) as f(organisation, conversation, source, id, name, at, message, author, details)
        order by organisation, conversation, source, id
        on conflict do nothing
        returning organisation, conversation, source, id, name, at, message, author, details
    )
    """
    + FACTS
    + """
    union all
    select * from added
    """
)
"""Adds to the journal and reads it, with what is new: a statement does not see its own rows."""

BLOCKS = """
    select b.organisation, b.author, b.source, b.id, b.name, b.at, b.details
    from unnest(cast(:organisations as text[]), cast(:authors as text[])) as k(organisation, author)
    join blocks b on b.organisation = k.organisation and b.author = k.author
"""

ADD_BLOCKS = (
    """
    with added as (
        insert into blocks (organisation, author, source, id, name, at, details)
        select organisation, author, source, id, name, at, cast(details as jsonb)
        from unnest(
            cast(:in_organisations as text[]), cast(:in_authors as text[]), cast(:sources as text[]),
            cast(:ids as text[]), cast(:names as text[]), cast(:ats as timestamptz[]), cast(:details as text[])
        ) as b(organisation, author, source, id, name, at, details)
        order by organisation, author, source, id
        on conflict do nothing
        returning organisation, author, source, id, name, at, details
    )
    """
    + BLOCKS
    + """
    union all
    select * from added
    """
)

TARGETS = """
    select t.*
    from unnest(cast(:organisations as text[]), cast(:conversations as text[])) as k(organisation, conversation)
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
        reason
    )
    select
        organisation, id, conversation, kind, message, message_kind, site, cycle, started_at, due_at, warn_at,
        policy, observe, clauses, story, owner, state, revision, warned_at, breach, noticed_at, settled_at, closing,
        reason
    from jsonb_to_recordset(cast(:rows as jsonb)) as t(
        organisation text, id uuid, conversation text, kind text, message text, message_kind text, site text,
        cycle integer, started_at timestamptz, due_at timestamptz, warn_at timestamptz[], policy text,
        observe boolean, clauses text[], story text, owner text, state text, revision integer, warned_at timestamptz,
        breach text, noticed_at timestamptz, settled_at timestamptz, closing text, reason text
    )
    on conflict (organisation, target) do update set
        message_kind = excluded.message_kind, cycle = excluded.cycle, due_at = excluded.due_at,
        warn_at = excluded.warn_at, policy = excluded.policy, clauses = excluded.clauses, owner = excluded.owner,
        state = excluded.state, revision = excluded.revision, warned_at = excluded.warned_at,
        breach = excluded.breach, noticed_at = excluded.noticed_at, settled_at = excluded.settled_at,
        closing = excluded.closing, reason = excluded.reason
"""
"""Rows as one JSON document: they hold arrays, and `unnest` would run those together."""

SAVE_CONVERSATIONS = """
    update conversations c
    set state = s.state, next_at = s.next_at
    from unnest(cast(:organisations as text[]), cast(:conversations as text[]), cast(:states as text[]),
                cast(:next_ats as timestamptz[])) as s(organisation, conversation, state, next_at)
    where c.organisation = s.organisation and c.conversation = s.conversation
"""

PUT_OFF = """
    update conversations set next_at = :until where organisation = :organisation and conversation = :conversation
"""

STATE = "select state from conversations where organisation = :organisation and conversation = :conversation"

LIST_TARGETS = "select * from targets where "
FILTERS: Mapping[str, str] = MappingProxyType(
    {
        "organisation": "organisation = :organisation",
        "state": "state = :state",
        "site": "site = :site",
        "before": "due_at < :before",
        "after": "(due_at, target) > (cast(:after_due as timestamptz), cast(:after_target as uuid))",
    }
)
IN_ORDER = " order by due_at, target limit :most"

OVERDUE = """
    select exists (select from conversations
                   where next_at <= :now and organisation = any(cast(:organisations as text[]))) as waits
"""

COLUMNS = frozenset({"source", "id", "name", "at", "message", "author"})
"""The fields of a fact that are columns; the others are its details."""
STANDING = tuple(field.name for field in fields(Standing))
DEFAULTS = {field.name: field.default for field in fields(Fact) if field.name not in COLUMNS}


async def lock_authors(tx: Tx, authors: Iterable[Key]) -> None:
    """Lock the rows of (organisation, author): nobody else tells of a block or a new message of theirs meanwhile."""
    pairs = sorted(set(authors))
    if pairs:
        await tx.execute(LOCK_AUTHORS, organisations=[o for o, _ in pairs], authors=[a for _, a in pairs])


async def lock_conversations(tx: Tx, keys: Iterable[Key], blocked: Iterable[Key]) -> list[Key]:
    """Lock these conversations and all in which these authors wrote; which ones that is, sorted. Lets `tx.emit`."""
    pairs, authors = list(keys), list(blocked)
    rows = await tx.fetch(
        LOCK_CONVERSATIONS,
        organisations=[o for o, _ in pairs],
        conversations=[c for _, c in pairs],
        blocked_in=[o for o, _ in authors],
        blocked=[a for _, a in authors],
    )
    return _held(tx, rows)


async def claim_due(tx: Tx, organisations: Iterable[str], most: int) -> list[Key]:
    """Lock conversations of which time has something to tell, the longest waiting first, none in other hands."""
    rows = await tx.fetch(CLAIM_DUE, now=tx.now, organisations=sorted(organisations), most=most)
    return _held(tx, rows)


async def put_off(tx: Tx, organisation: str, conversation: str, until: datetime) -> None:
    """Look at a conversation again then: it could not be brought up to date now."""
    await tx.execute(PUT_OFF, organisation=organisation, conversation=conversation, until=until)


def _held(tx: Tx, rows: Sequence[Row[Any]]) -> list[Key]:
    keys = [(row.organisation, row.conversation) for row in rows]
    for organisation, conversation in keys:
        tx.holds("sla", organisation, [conversation])
    return keys


async def add(tx: Tx, keys: Sequence[Key], said: Journal, blocks: Journal) -> list[History]:
    """Add to the journal, each fact once, and read the whole of these locked conversations."""
    new = [(key, fact) for key, found in said.items() for fact in found]
    rows = await tx.fetch(
        ADD_FACTS,
        organisations=[o for o, _ in keys],
        conversations=[c for _, c in keys],
        in_organisations=[o for (o, _), _ in new],
        in_conversations=[c for (_, c), _ in new],
        messages=[fact.message for _, fact in new],
        authors=[fact.author for _, fact in new],
        **_columns([fact for _, fact in new]),
    )
    return await _with_blocks(tx, keys, rows, [(key, fact) for key, found in blocks.items() for fact in found])


async def histories(tx: Tx, keys: Sequence[Key]) -> list[History]:
    """The journal of these conversations."""
    rows = await tx.fetch(FACTS, organisations=[o for o, _ in keys], conversations=[c for _, c in keys])
    return await _with_blocks(tx, keys, rows, [])


async def _with_blocks(
    tx: Tx, keys: Sequence[Key], rows: Sequence[Row[Any]], new: Sequence[tuple[Key, Fact]]
) -> list[History]:
    facts: dict[Key, list[Fact]] = defaultdict(list)
    writers: dict[Key, set[str]] = defaultdict(set)
    for row in rows:
        key = (row.organisation, row.conversation)
        facts[key].append(_fact(row))
        if row.author is not None:
            writers[key].add(row.author)
    authors = sorted({(organisation, author) for (organisation, _), found in writers.items() for author in found})
    blocks = await _blocks(tx, authors, new) if authors or new else {}
    return [
        History(
            organisation,
            conversation,
            tuple(facts[organisation, conversation]),
            tuple(
                block
                for author in writers[organisation, conversation]
                for block in blocks.get((organisation, author), ())
            ),
        )
        for organisation, conversation in keys
    ]


async def _blocks(tx: Tx, authors: Sequence[Key], new: Sequence[tuple[Key, Fact]]) -> dict[Key, list[Fact]]:
    wanted: dict[str, Any] = {"organisations": [o for o, _ in authors], "authors": [a for _, a in authors]}
    if new:
        rows = await tx.fetch(
            ADD_BLOCKS,
            **wanted,
            in_organisations=[o for (o, _), _ in new],
            in_authors=[a for (_, a), _ in new],
            **_columns([fact for _, fact in new]),
        )
    else:
        rows = await tx.fetch(BLOCKS, **wanted)
    blocks: dict[Key, list[Fact]] = defaultdict(list)
    for row in rows:
        blocks[row.organisation, row.author].append(_fact(row))
    return blocks


async def told(tx: Tx, keys: Sequence[Key]) -> dict[Key, dict[str, Standing]]:
    """The targets of these conversations as they were last told, by id."""
    rows = await tx.fetch(TARGETS, organisations=[o for o, _ in keys], conversations=[c for _, c in keys])
    targets: dict[Key, dict[str, Standing]] = defaultdict(dict)
    for row in rows:
        standing = standing_of(row)
        targets[row.organisation, row.conversation][standing.id] = standing
    return targets


async def save(tx: Tx, changes: Changes) -> None:
    """Write what changed."""
    if changes.targets:
        rows = [
            {"organisation": row.organisation, "conversation": row.conversation} | _values(row.standing)
            for row in changes.targets
        ]
        await tx.execute(SAVE_TARGETS, rows=msgspec.json.encode(rows).decode())
    await _save_conversations(tx, changes.conversations)


async def _save_conversations(tx: Tx, rows: Sequence[ConversationRow]) -> None:
    await tx.execute(
        SAVE_CONVERSATIONS,
        organisations=[row.organisation for row in rows],
        conversations=[row.conversation for row in rows],
        states=[row.state for row in rows],
        next_ats=[row.next_at for row in rows],
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
    site: str | None = None,
    before: datetime | None = None,
    after: tuple[datetime, UUID] | None = None,
) -> Sequence[Row[Any]]:
    """An organisation's targets by due time, from behind `after` (due time, target) on."""
    given: dict[str, Any] = {
        "organisation": organisation,
        "state": state,
        "site": site,
        "before": before,
        "after": after,
    }
    filters = [FILTERS[name] for name, value in given.items() if value is not None]
    values: dict[str, Any] = {n: value for n, value in given.items() if value is not None and n != "after"}
    if after is not None:
        values |= {"after_due": after[0], "after_target": after[1]}
    return await tx.fetch(LIST_TARGETS + " and ".join(filters) + IN_ORDER, most=most, **values)


async def waits_for_time(tx: Tx, organisations: Iterable[str]) -> bool:
    """Whether a warning or a breach is due and not yet told."""
    return bool((await tx.fetch(OVERDUE, now=tx.now, organisations=sorted(organisations)))[0].waits)


def standing_of(row: Row[Any]) -> Standing:
    """A row of `targets`."""
    known = row._mapping
    values = {name: known[name] for name in STANDING if name != "id"}
    return Standing(id=str(row.target), **values | {"warn_at": tuple(row.warn_at), "clauses": tuple(row.clauses)})


def _values(standing: Standing) -> dict[str, Any]:
    return {name: getattr(standing, name) for name in STANDING}


def _columns(facts: Sequence[Fact]) -> dict[str, list[Any]]:
    return {
        "sources": [fact.source for fact in facts],
        "ids": [fact.id for fact in facts],
        "names": [fact.name for fact in facts],
        "ats": [fact.at for fact in facts],
        "details": [_details(fact) for fact in facts],
    }


def _details(fact: Fact) -> str:
    said = {name: value for name, default in DEFAULTS.items() if (value := getattr(fact, name)) != default}
    return msgspec.json.encode(said).decode()


def _fact(row: Row[Any]) -> Fact:
    columns = {name: value for name in COLUMNS if (value := row._mapping.get(name)) is not None}
    return msgspec.convert(columns | row.details, Fact)
