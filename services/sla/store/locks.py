"""Locks: authors first, then conversations, each in sorted order."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from services.sla.domain import Key
from shared.bus.tx import Tx
from shared.platform.db import column

__all__ = ["claim_due", "lock_authors", "lock_conversations", "put_off", "waits_for_time"]

LOCK_AUTHORS = """
    insert into authors (organisation, author)
    select organisation, author
    from rows from (
        json_array_elements_text(cast(:organisations as json)), json_array_elements_text(cast(:authors as json))
    ) as wanted(organisation, author)
    order by organisation, author
    on conflict (organisation, author) do update set author = excluded.author where false
"""
"""Makes what is missing and locks all: a conflicting row is locked even where the condition spares it the update."""

LOCK_CONVERSATIONS = """
    with wanted as materialized (
        select organisation, conversation
        from rows from (
            json_array_elements_text(cast(:organisations as json)),
            json_array_elements_text(cast(:conversations as json))
        ) as k(organisation, conversation)
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

PUT_OFF = """
    update conversations set next_at = :until where organisation = :organisation and conversation = :conversation
"""

OVERDUE = """
    select exists (select from conversations
                   where next_at <= :now and organisation = any(cast(:organisations as text[]))) as waits
"""


async def lock_authors(tx: Tx, authors: Iterable[Key]) -> None:
    """Lock the rows of (organisation, author): nobody else tells of a block or a new message of theirs meanwhile."""
    pairs = sorted(set(authors))
    if pairs:
        await tx.execute(LOCK_AUTHORS, organisations=column(o for o, _ in pairs), authors=column(a for _, a in pairs))


async def lock_conversations(tx: Tx, keys: Iterable[Key], blocked: Iterable[Key]) -> list[Key]:
    """Lock these conversations and all in which these authors wrote; which ones that is, sorted. Lets `tx.emit`."""
    pairs, authors = list(keys), list(blocked)
    rows = await tx.fetch(
        LOCK_CONVERSATIONS,
        organisations=column(o for o, _ in pairs),
        conversations=column(c for _, c in pairs),
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
    keys = [(organisation, conversation) for organisation, conversation in map(tuple, rows)]
    for organisation in {organisation for organisation, _ in keys}:
        tx.holds("sla", organisation, (conversation for of, conversation in keys if of == organisation))
    return keys


async def waits_for_time(tx: Tx, organisations: Iterable[str]) -> bool:
    """Whether a warning or a breach is due and not yet told."""
    return bool((await tx.fetch(OVERDUE, now=tx.now, organisations=sorted(organisations)))[0].waits)
