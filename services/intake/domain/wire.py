"""The generic webhook's body as it comes: `{type, timestamp, data}`, one struct per `type`.

Ids are the sender's own, as strings or whole numbers; instants are RFC 3339 with an offset. Fields that are not here
are ignored.
"""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from services.intake.domain.facts import ModerationReason
from shared.contracts.fields import Code, ContentCategory, Count, ForeignId, Instant, Visibility

__all__ = [
    "AuthorChanged",
    "Body",
    "ConversationMoved",
    "ExternalId",
    "Heartbeat",
    "Message",
    "MessageDeleted",
    "MessageModerated",
    "Post",
    "Reach",
    "Reply",
]

ExternalId = ForeignId | Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
Text = Annotated[str, Meta(max_length=1_000_000)]


class Body(msgspec.Struct, frozen=True, kw_only=True):
    """What every body has. `timestamp` is when the sender sent it."""

    type: str
    timestamp: Instant | None = None
    data: msgspec.Raw = msgspec.Raw(b"")


class Author(msgspec.Struct, frozen=True, kw_only=True):
    """Who wrote; name and handle stay in intake."""

    id: ExternalId
    name: Text | None = None
    handle: Text | None = None


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """message.received, message.edited."""

    conversation: ExternalId
    message: ExternalId
    site: ExternalId
    network: Code
    visibility: Visibility
    text: Text
    posted_at: Instant | None = None
    author: Author | None = None
    in_reply_to: ExternalId | None = None
    media: Any = None
    permalink: Text | None = None
    edited_at: Instant | None = None


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """message.replied."""

    conversation: ExternalId
    reply: ExternalId
    site: ExternalId
    visibility: Visibility
    network: Code | None = None
    posted_at: Instant | None = None
    account: ExternalId | None = None
    automatic: bool | None = None
    holding: bool | None = None
    text: Text | None = None


class MessageModerated(msgspec.Struct, frozen=True, kw_only=True):
    """message.hidden, message.removed, message.restored."""

    conversation: ExternalId
    message: ExternalId
    at: Instant | None = None
    actor: ExternalId | None = None
    reason: ModerationReason | None = None


class MessageDeleted(msgspec.Struct, frozen=True, kw_only=True):
    """message.deleted_by_author; an `actor` or `reason` says nothing that the verb does not."""

    conversation: ExternalId
    message: ExternalId
    at: Instant | None = None
    actor: Any = None
    reason: Any = None


class AuthorChanged(msgspec.Struct, frozen=True, kw_only=True):
    """author.blocked, author.unblocked."""

    author: ExternalId | Author
    site: ExternalId
    at: Instant | None = None
    actor: ExternalId | None = None
    reason: Code | None = None


class ConversationMoved(msgspec.Struct, frozen=True, kw_only=True):
    """conversation.moved_private."""

    conversation: ExternalId
    at: Instant | None = None
    actor: ExternalId | None = None


class Post(msgspec.Struct, frozen=True, kw_only=True):
    """post.published."""

    post: ExternalId
    site: ExternalId
    category: ContentCategory
    network: Code | None = None
    at: Instant | None = None
    text: Text | None = None
    images: list[ExternalId] | None = None
    closure: ExternalId | None = None


class Reach(msgspec.Struct, frozen=True, kw_only=True):
    """reach.reported."""

    site: ExternalId
    at: Instant | None = None
    followers: Count | None = None
    reach: Count | None = None
    engagement: Count | None = None
    referrals: Count | None = None


class Heartbeat(msgspec.Struct, frozen=True, kw_only=True):
    """site.heartbeat."""

    site: ExternalId
    at: Instant | None = None
