"""What the inbox's doors take and give."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from fastapi import Path, Query
from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from services.intake.domain.acts import WaiverReason
from services.intake.domain.conversation import ItemState
from services.intake.domain.deadlines import State as TargetState
from services.intake.domain.facts import Action, ModerationReason
from shared.contracts.fields import Flag, MessageKind, TargetKind, Visibility

__all__ = [
    "Act",
    "Classify",
    "Id",
    "Item",
    "ItemPage",
    "Moderate",
    "Order",
    "Plain",
    "Reassign",
    "Refer",
    "Restore",
    "Said",
    "State",
    "Waive",
    "item_body",
    "item_summary",
]

NO_NUL = "^[^\\x00]+$"
Id = Annotated[str, Path(min_length=1, max_length=255, pattern=NO_NUL)]
Plain = Annotated[str | None, Query(min_length=1, max_length=255, pattern=NO_NUL)]
State = ItemState
Order = Literal["newest", "due"]
Note = Annotated[str, StringConstraints(max_length=10_000, pattern="^[^\\x00]*$")]
Name = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=NO_NUL)]


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
    due_at: datetime | None
    """The deadline of what is still owed, by sla's last word: of an open item its conversation's, else its own."""


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


class Moderated(BaseModel):
    """When the message was hidden, removed or restored."""

    action: Action
    at: datetime
    reason: ModerationReason
    actor: str | None


class Target(BaseModel):
    """A target of the item's conversation, as sla last told it."""

    target: str
    message: str
    kind: TargetKind
    revision: int
    state: TargetState
    started_at: datetime
    due_at: datetime


class Item(Summary):
    """An item by itself. `owner`, `private_at` and `resolved_at` are its conversation's."""

    author: Author | None
    in_reply_to: str | None
    permalink: str | None
    media: Any
    revisions: list[Revision]
    replies: list[Reply]
    moderations: list[Moderated]
    targets: list[Target]
    notes: list[Noted]
    owner: str | None
    private_at: datetime | None
    resolved_at: datetime | None
    notice_at: datetime | None
    explained_at: datetime | None
    reference: str | None


class ItemPage(BaseModel):
    """A page of items in the order that was asked for."""

    items: list[Summary]
    next: str | None


class Act(BaseModel):
    """An act that needs no more than who and when. `note` stays here."""

    note: Note | None = None


class Classify(Act):
    """What a person says that a message is. Without `flags` those that it has stay."""

    kind: MessageKind
    flags: Annotated[list[Flag], Field(max_length=10)] | None = None
    reason: Annotated[str, StringConstraints(pattern="^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)] | None = None


class Waive(Act):
    """Why nobody will answer."""

    reason: WaiverReason


class Moderate(Act):
    """Why a message was hidden or removed; without `reason` it follows from what the message is."""

    reason: ModerationReason | None = None


class Restore(Act):
    """Why a message is shown again; without `reason` that of the act that it undoes."""

    reason: ModerationReason | None = None


class Said(Act):
    """An answer that was given. Without `at` it was given now; without `visibility` where the customer wrote."""

    text: Note | None = None
    at: AwareDatetime | None = None
    visibility: Visibility | None = None


class Reassign(Act):
    """Who follows the conversation up: a person's id."""

    owner: Name


class Refer(Act):
    """Where the complaints process finds it."""

    reference: Name


def item_summary(row: Any) -> dict[str, Any]:
    """A row of `items` as a Summary."""
    return {name: getattr(row, name) for name in Summary.model_fields}


def item_body(row: Any, **belonging: Any) -> Item:
    """A row of `items` with what its conversation knows, and the rows that belong to it, by the name of their field."""
    author = None
    if row.author is not None:
        author = {"author": row.author, "id": row.author_external, "name": row.author_name, "handle": row.author_handle}
    return Item.model_validate(
        item_summary(row)
        | {name: getattr(row, name) for name in PLAIN}
        | {
            "author": author,
            "media": None if row.media is None else msgspec.json.decode(row.media),
            **{name: [one._mapping for one in rows] for name, rows in belonging.items()},
        }
    )


PLAIN = (
    "in_reply_to",
    "permalink",
    "owner",
    "private_at",
    "resolved_at",
    "notice_at",
    "explained_at",
    "reference",
)
