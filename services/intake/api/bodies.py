"""What the inbox's doors take and give."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from fastapi import Path, Query
from pydantic import BaseModel, Field, StringConstraints

from services.intake.domain.acts import WaiverReason
from services.intake.domain.conversation import ItemState
from shared.contracts.fields import Flag, MessageKind

__all__ = ["Classify", "Id", "Item", "ItemPage", "Plain", "State", "Waive", "item_body", "item_summary"]

NO_NUL = "^[^\\x00]+$"
Id = Annotated[str, Path(min_length=1, max_length=255, pattern=NO_NUL)]
Plain = Annotated[str | None, Query(min_length=1, max_length=255, pattern=NO_NUL)]
State = ItemState
Note = Annotated[str, StringConstraints(max_length=10_000, pattern="^[^\\x00]*$")]


class Summary(BaseModel):
    """An item in a list. Ids are those of the bus; `external` is the sender's own."""

    message: str
    conversation: str
    external: str
    site: str
    network: str
    visibility: Literal["public", "private"]
    kind: MessageKind
    flags: list[Flag]
    why: list[str]
    classified_by: Literal["rule", "person"]
    text: str
    posted_at: datetime
    received_at: datetime
    time_basis: Literal["platform", "delivery", "receipt"]
    edited_at: datetime | None
    state: State


class Author(BaseModel):
    """Who wrote, as the network calls them; `author` is their pseudonym on the bus."""

    author: str
    id: str
    name: str | None
    handle: str | None


class Revision(BaseModel):
    """One text of a message."""

    revision: int
    text: str
    edited_at: datetime | None
    received_at: datetime


class Reply(BaseModel):
    """An answer of ours in the item's conversation."""

    reply: str
    posted_at: datetime
    account: str | None
    automatic: bool
    visibility: Literal["public", "private"]
    text: str | None


class Noted(BaseModel):
    """What a person noted about an act."""

    at: datetime
    actor: str
    action: str
    note: str


class Item(Summary):
    """An item by itself."""

    author: Author | None
    in_reply_to: str | None
    permalink: str | None
    media: Any
    revisions: list[Revision]
    replies: list[Reply]
    notes: list[Noted]


class ItemPage(BaseModel):
    """A page of items, newest first."""

    items: list[Summary]
    next: str | None


class Classify(BaseModel):
    """What a person says that a message is. Without `flags` those that it has stay."""

    kind: MessageKind
    flags: Annotated[list[Flag], Field(max_length=10)] | None = None
    reason: Annotated[str, StringConstraints(pattern="^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)] | None = None
    note: Note | None = None


class Waive(BaseModel):
    """Why nobody will answer."""

    reason: WaiverReason
    note: Note | None = None


def item_summary(row: Any) -> dict[str, Any]:
    """A row of `items` as a Summary."""
    return {name: getattr(row, name) for name in Summary.model_fields}


def item_body(row: Any, revisions: Any, replies: Any, notes: Any) -> Item:
    """A row of `items`, and what belongs to it."""
    author = None
    if row.author is not None:
        author = {"author": row.author, "id": row.author_external, "name": row.author_name, "handle": row.author_handle}
    return Item.model_validate(
        item_summary(row)
        | {
            "author": author,
            "in_reply_to": row.in_reply_to,
            "permalink": row.permalink,
            "media": None if row.media is None else msgspec.json.decode(row.media),
            "revisions": [one._mapping for one in revisions],
            "replies": [one._mapping for one in replies],
            "notes": [one._mapping for one in notes],
        }
    )
