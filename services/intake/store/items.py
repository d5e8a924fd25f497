"""The inbox as it is read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.bus.tx import Tx

__all__ = ["Wish", "find", "note", "notes", "page", "replies", "revisions"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Which items to list; None: any."""

    state: str | None = None
    kind: str | None = None
    site: str | None = None
    external: str | None = None


async def page(tx: Tx, organisation: str, wish: Wish, before: tuple[datetime, str] | None, limit: int) -> Sequence[Any]:
    """Items of an organisation, newest first; one more than `limit` if there are more. Tombstones are not items."""
    return await tx.fetch(
        """
        select * from items
        where organisation = :organisation and text is not null
          and (cast(:state as text) is null or state = :state)
          and (cast(:kind as text) is null or kind = :kind)
          and (cast(:site as text) is null or site = :site)
          and (cast(:external as text) is null or external = :external)
          and (cast(:before as timestamptz) is null or (posted_at, message) < (:before, cast(:message as text)))
        order by posted_at desc, message desc
        limit :limit + 1
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


async def find(tx: Tx, organisation: str, message: str) -> Any:
    """One item of an organisation; None if there is none."""
    rows = await tx.fetch(
        "select * from items where organisation = :organisation and message = :message and text is not null",
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
