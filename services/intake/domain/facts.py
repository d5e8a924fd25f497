"""What a delivery can tell us: one frozen class per thing that happened, with our ids and one settled time.

Only what is marked "stays here" may hold a person's words or name; it goes to intake's own tables and nowhere else.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from services.intake.domain.times import TimeBasis
from shared.contracts.fields import ContentCategory, Visibility

__all__ = [
    "Action",
    "AuthorBlocked",
    "AuthorDeleted",
    "ConversationFact",
    "CustomerWrote",
    "Fact",
    "MessageModerated",
    "ModerationReason",
    "MovedPrivate",
    "PostPublished",
    "ReachReported",
    "SiteSeen",
    "StaffReplied",
]

Action = Literal["hidden", "removed", "restored"]
ModerationReason = Literal["offensive", "inappropriate", "personal-data", "spam", "other"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerWrote:
    """A message, new or again (`edited`: the sender says that it is an edit)."""

    conversation: str
    message: str
    external: str
    site: str
    network: str
    visibility: Visibility
    posted_at: datetime
    time_basis: TimeBasis
    received_at: datetime
    author: str | None = None
    edited: bool = False
    edited_at: datetime | None = None
    """When it was edited, as the network says."""
    sent_at: datetime
    """When it was told: stands in for a missing `edited_at`."""
    text: str
    """Stays here, like all below."""
    author_external: str | None = None
    author_name: str | None = None
    author_handle: str | None = None
    in_reply_to: str | None = None
    permalink: str | None = None
    media: str | None = None
    """JSON, as it came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffReplied:
    """We answered, as the network or the social inbox reports it."""

    conversation: str
    reply: str
    site: str
    visibility: Visibility
    posted_at: datetime
    account: str | None = None
    automatic: bool = False
    holding: bool | None = None
    text: str | None = None
    """Stays here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageModerated:
    """Hidden, removed or shown again. Without `reason` the message itself gives it."""

    conversation: str
    message: str
    external: str
    action: Action
    at: datetime
    reason: ModerationReason | None = None
    actor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorDeleted:
    """The customer took the message back."""

    conversation: str
    message: str
    external: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedPrivate:
    """The conversation goes on in private."""

    conversation: str
    at: datetime
    actor: str | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorBlocked:
    """An author was blocked at a site, or (`lifted`) let in again."""

    author: str
    site: str
    at: datetime
    actor: str
    reason: str
    lifted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PostPublished:
    """A post of ours."""

    post: str
    external: str
    site: str
    category: ContentCategory
    at: datetime
    images: tuple[str, ...] = ()
    closure: str | None = None
    text: str | None = None
    """Stays here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReachReported:
    """The network's figures for a site."""

    site: str
    at: datetime
    followers: int | None = None
    reach: int | None = None
    engagement: int | None = None
    referrals: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteSeen:
    """A heartbeat: the connection to the site lives."""

    site: str
    at: datetime


ConversationFact = CustomerWrote | StaffReplied | MessageModerated | AuthorDeleted | MovedPrivate
Fact = ConversationFact | AuthorBlocked | PostPublished | ReachReported | SiteSeen
