"""The inbox as it is read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from shared.bus.tx import Tx

__all__ = ["NEVER", "Wish", "by_due", "find", "moderations", "newest", "note", "notes", "replies", "revisions"]

NEVER = datetime(9999, 1, 1, tzinfo=UTC)
"""Where an item without a deadline stands among those that have one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Which items to list; None: any."""

    state: str | None = None
    kind: str | None = None
    site: str | None = None
    external: str | None = None


async def newest(
    tx: Tx, organisation: str, wish: Wish, before: tuple[datetime, str] | None, limit: int
) -> Sequence[Any]:
    """Items of an organisation, newest first; one more than `limit` if there are more. Tombstones are not items."""
    return await tx.fetch(
        """
        select i.*, d.due_at
        from (
            select * from items
            where organisation = :organisation and text is not null
              and (cast(:state as text) is null or state = :state)
              and (cast(:kind as text) is null or kind = :kind)
              and (cast(:site as text) is null or site = :site)
              and (cast(:external as text) is null or external = :external)
              and (cast(:before as timestamptz) is null or (posted_at, message) < (:before, cast(:message as text)))
            order by posted_at desc, message desc
            limit :limit + 1
        ) as i
        cross join lateral (
            select min(t.due_at) as due_at from targets as t
            where t.organisation = i.organisation and t.conversation = i.conversation
              and t.state in ('open', 'breached') and (t.message = i.message or i.state = 'open')
        ) as d
        order by i.posted_at desc, i.message desc
        """,
        organisation=organisation,
        state=wish.state,
        kind=wish.kind,
        site=wish.site,
        external=wish.external,
        before=before[0] if before else None,
        message=before[1] if before else None,
        limit=limit,
    )


async def by_due(
    tx: Tx, organisation: str, wish: Wish, after: tuple[datetime, datetime, str] | None, limit: int
) -> Sequence[Any]:
    """Items by the time that is left, least first and those without a deadline last, the oldest of a time before the
    others; one more than `limit` if there are more.

    Without a state in the wish: what is open, and what something is still owed to. An answer to a conversation answers
    all that waits in it, so an open item has the deadline of its conversation, another one its own.
    """
    return await tx.fetch(
        """
        select i.*, n.due_at
        from (
            select w.message, w.posted_at, d.due_at
            from items as w
            cross join lateral (
                select min(t.due_at) as due_at from targets as t
                where t.organisation = w.organisation and t.conversation = w.conversation
                  and t.state in ('open', 'breached') and (t.message = w.message or w.state = 'open')
            ) as d
            where w.organisation = :organisation and w.text is not null
              and w.message in (
                  select message from items
                  where organisation = :organisation and state = coalesce(cast(:state as text), 'open')
                    and text is not null
                  union
                  select message from targets
                  where organisation = :organisation and state in ('open', 'breached') and cast(:state as text) is null
              )
              and (cast(:kind as text) is null or w.kind = :kind)
              and (cast(:site as text) is null or w.site = :site)
              and (cast(:external as text) is null or w.external = :external)
              and (cast(:after as timestamptz) is null
                   or (coalesce(d.due_at, :never), w.posted_at, w.message)
                      > (:after, cast(:posted as timestamptz), cast(:message as text)))
            order by coalesce(d.due_at, :never), w.posted_at, w.message
            limit :limit + 1
        ) as n
        join items as i on i.organisation = :organisation and i.message = n.message
        order by coalesce(n.due_at, :never), i.posted_at, i.message
        """,
        organisation=organisation,
        state=wish.state,
        kind=wish.kind,
        site=wish.site,
        external=wish.external,
        never=NEVER,
        after=after[0] if after else None,
        posted=after[1] if after else None,
        message=after[2] if after else None,
        limit=limit,
    )


async def find(tx: Tx, organisation: str, message: str) -> Any:
    """One item of an organisation with what its conversation knows; None if there is none."""
    rows = await tx.fetch(
        """
        select i.*, c.private_at, c.resolved_at, c.owner, d.due_at
        from items as i
        join conversations as c on c.organisation = i.organisation and c.conversation = i.conversation
        cross join lateral (
            select min(t.due_at) as due_at from targets as t
            where t.organisation = i.organisation and t.conversation = i.conversation
              and t.state in ('open', 'breached') and (t.message = i.message or i.state = 'open')
        ) as d
        where i.organisation = :organisation and i.message = :message and i.text is not null
        """,
        organisation=organisation,
        message=message,
    )
    return rows[0] if rows else None


async def revisions(tx: Tx, organisation: str, message: str) -> Sequence[Any]:
    """Every text that a message has had."""
    return await tx.fetch(
        """
        select revision, text, edited_at, received_at from revisions
        where organisation = :organisation and message = :message
        order by revision
        """,
        organisation=organisation,
        message=message,
    )


async def replies(tx: Tx, organisation: str, conversation: str) -> Sequence[Any]:
    """What we have answered in a conversation: the newest hundred, oldest first."""
    return await tx.fetch(
        """
        select * from (
            select reply, posted_at, account, automatic, visibility, text from replies
            where organisation = :organisation and conversation = :conversation
            order by posted_at desc limit 100
        ) as newest
        order by posted_at
        """,
        organisation=organisation,
        conversation=conversation,
    )


async def moderations(tx: Tx, organisation: str, message: str) -> Sequence[Any]:
    """When a message was hidden, removed or restored: the newest hundred acts, oldest first."""
    return await tx.fetch(
        """
        select * from (
            select action, at, reason, actor from moderations
            where organisation = :organisation and message = :message
            order by at desc, action limit 100
        ) as newest
        order by at, action
        """,
        organisation=organisation,
        message=message,
    )


async def note(
    tx: Tx, *, organisation: str, message: str, at: datetime, actor: str, action: str, note: str | None
) -> None:
    """Keep what a person noted about an act, if anything."""
    if note:
        await tx.execute(
            """
            insert into notes (organisation, message, at, actor, action, note)
            values (:organisation, :message, :at, :actor, :action, :note)
            """,
            organisation=organisation,
            message=message,
            at=at,
            actor=actor,
            action=action,
            note=note,
        )


async def notes(tx: Tx, organisation: str, message: str) -> Sequence[Any]:
    """What people noted about an item."""
    return await tx.fetch(
        """
        select at, actor, action, note from notes
        where organisation = :organisation and message = :message
        order by note_number
        """,
        organisation=organisation,
        message=message,
    )
