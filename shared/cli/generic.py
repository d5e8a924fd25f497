"""What a social inbox posts: the bodies of the generic webhook (Standard Webhooks), `{type, timestamp, data}`.

Ids are the sender's own. Only the fields of the contract; more of them would be ignored by the door.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal

import msgspec

from shared.contracts.fields import Code, ContentCategory, Count, ForeignId, Instant, Visibility

__all__ = ["GENERIC", "GENERIC_ALIASES"]


class Author(msgspec.Struct, kw_only=True):
    """Who wrote."""

    id: ForeignId
    name: str | None = None
    handle: str | None = None


class Received(msgspec.Struct, kw_only=True):
    """A customer wrote."""

    conversation: ForeignId
    message: ForeignId
    site: ForeignId
    network: Code
    visibility: Visibility
    text: str
    author: Author
    posted_at: Instant | None = None
    in_reply_to: ForeignId | None = None
    media: list[Any] | None = None
    permalink: str | None = None
    edited_at: Instant | None = None


class Replied(msgspec.Struct, kw_only=True):
    """Staff, or a machine of theirs, answered."""

    conversation: ForeignId
    reply: ForeignId
    site: ForeignId
    visibility: Visibility
    network: Code | None = None
    posted_at: Instant | None = None
    account: ForeignId | None = None
    automatic: bool | None = None
    holding: bool | None = None
    text: str | None = None


class Moderated(msgspec.Struct, kw_only=True):
    """A message was hidden, removed, restored, or deleted by its author."""

    conversation: ForeignId
    message: ForeignId
    at: Instant | None = None
    actor: ForeignId | None = None
    reason: Literal["offensive", "inappropriate", "personal-data", "spam", "other"] | None = None


class Blocked(msgspec.Struct, kw_only=True):
    """An author was blocked at a site, or let in again."""

    author: ForeignId
    site: ForeignId
    at: Instant | None = None
    actor: ForeignId | None = None
    reason: Code | None = None


class MovedPrivate(msgspec.Struct, kw_only=True):
    """A public conversation went on in private."""

    conversation: ForeignId
    at: Instant | None = None
    actor: ForeignId | None = None


class Published(msgspec.Struct, kw_only=True):
    """The landlord posted."""

    post: ForeignId
    site: ForeignId
    category: ContentCategory
    network: Code | None = None
    at: Instant | None = None
    text: str | None = None
    images: list[ForeignId] | None = None
    closure: ForeignId | None = None


class Reach(msgspec.Struct, kw_only=True):
    """Figures of a site."""

    site: ForeignId
    at: Instant | None = None
    followers: Count | None = None
    reach: Count | None = None
    engagement: Count | None = None
    referrals: Count | None = None


class Heartbeat(msgspec.Struct, kw_only=True):
    """The inbox still looks at a site."""

    site: ForeignId
    at: Instant | None = None


GENERIC: Mapping[str, type[msgspec.Struct]] = MappingProxyType(
    {
        "message.received": Received,
        "message.edited": Received,
        "message.replied": Replied,
        "message.hidden": Moderated,
        "message.removed": Moderated,
        "message.restored": Moderated,
        "message.deleted_by_author": Moderated,
        "author.blocked": Blocked,
        "author.unblocked": Blocked,
        "conversation.moved_private": MovedPrivate,
        "post.published": Published,
        "reach.reported": Reach,
        "site.heartbeat": Heartbeat,
    }
)

GENERIC_ALIASES: Mapping[str, str] = MappingProxyType(
    {name.replace(".", "-").replace("_", "-"): name for name in GENERIC}
    | {"message-deleted": "message.deleted_by_author", "site-monitored": "site.heartbeat"}
)
"""The names that the same things have on the bus."""
