"""What happened in conversations, and on our own sites. Written by intake; read by sla and access."""

from typing import Literal

from shared.contracts.data import Data
from shared.contracts.fields import Code, ContentCategory, Count, Flags, Id, Instant, MessageKind, Visibility
from shared.contracts.keys import Events, by

__all__ = [
    "EVENTS",
    "AuthorBlocked",
    "AuthorUnblocked",
    "BlockRecommended",
    "ComplaintReferred",
    "ConversationMovedPrivate",
    "ConversationReassigned",
    "ConversationResolved",
    "ConversationWaived",
    "CustomerMessage",
    "HoldingUpdateSent",
    "IncidentClosed",
    "IncidentRaised",
    "MessageClassified",
    "MessageDeleted",
    "MessageEdited",
    "MessageModerated",
    "MessageReceived",
    "MessageReplied",
    "ModerationRequired",
    "PersonalDataExposed",
    "PostPublished",
    "ReachReported",
    "RemovalExplained",
    "RemovalNoticePosted",
    "SiteMonitored",
    "StaffAct",
    "UnauthorisedReply",
]


class CustomerMessage(Data, frozen=True, kw_only=True):
    """A customer's message as it stands.

    `author` is an HMAC under the organisation's key, missing where the network names nobody. `posted_at` is the
    platform's time; `time_basis` says where it came from: a stamp over 5 minutes ahead of receipt is clamped to it.
    `received_at` is policy time.
    """

    conversation: Id
    message: Id
    site: Id
    network: Code
    visibility: Visibility
    posted_at: Instant
    received_at: Instant
    time_basis: Literal["platform", "delivery", "receipt"]
    kind: MessageKind
    flags: Flags | None = None
    author: Id | None = None


class MessageReceived(CustomerMessage, frozen=True, kw_only=True):
    """A customer wrote, in public or in private.

    Clauses: westward:1.4, 2.4, 3.6, 7.9, wheatley:responding-to-customers.
    """


class MessageEdited(CustomerMessage, frozen=True, kw_only=True):
    """A customer changed a message; the fields say how it stands now."""

    edited_at: Instant


class MessageClassified(Data, frozen=True, kw_only=True):
    """A message's kind was decided anew; a person's decision wins over a rule's."""

    conversation: Id
    message: Id
    kind: MessageKind
    flags: Flags | None = None
    by: Literal["rule", "person"]
    at: Instant


class MessageDeleted(Data, frozen=True, kw_only=True):
    """Its author took a message back."""

    conversation: Id
    message: Id
    at: Instant


class MessageReplied(Data, frozen=True, kw_only=True):
    """The landlord wrote. Clauses: westward:3.6, 7.9, wheatley:responding-to-customers.

    An `automatic` one answers nobody; a `holding` one tells the customer that resolving takes longer
    (wheatley:appendix-1.4).
    """

    conversation: Id
    reply: Id
    site: Id
    visibility: Visibility
    posted_at: Instant
    account: Id | None = None
    automatic: bool
    holding: bool | None = None


class MessageModerated(Data, frozen=True, kw_only=True):
    """A message was hidden, removed or restored.

    Clauses: westward:6.13, 7.5, wheatley:responding-to-customers, appendix-1.9.
    """

    conversation: Id
    message: Id
    action: Literal["hidden", "removed", "restored"]
    reason: Literal["offensive", "inappropriate", "personal-data", "spam", "other"]
    at: Instant
    actor: Id | None = None


class ConversationWaived(Data, frozen=True, kw_only=True):
    """Somebody judged that no answer is due. Clause: wheatley:responding-to-customers."""

    conversation: Id
    at: Instant
    actor: Id
    reason: Literal["not-appropriate", "no-reply-needed"]


class StaffAct(Data, frozen=True, kw_only=True):
    """Something that was done about a conversation; `message` where it was about one message."""

    conversation: Id
    at: Instant
    actor: Id | None = None
    message: Id | None = None


class ConversationResolved(StaffAct, frozen=True, kw_only=True):
    """The enquiry is resolved. Clause: wheatley:appendix-1.4."""


class ConversationMovedPrivate(StaffAct, frozen=True, kw_only=True):
    """The conversation went on in private messages. Clauses: westward:3.11, 6.12."""


class HoldingUpdateSent(StaffAct, frozen=True, kw_only=True):
    """The customer was told that resolving takes longer. Clause: wheatley:appendix-1.4."""


class RemovalNoticePosted(StaffAct, frozen=True, kw_only=True):
    """It was said in public that a comment was removed, and why. Clause: westward:6.13."""


class RemovalExplained(StaffAct, frozen=True, kw_only=True):
    """The customer was told why their personal data was removed. Clause: westward:7.5."""


class ConversationReassigned(Data, frozen=True, kw_only=True):
    """Another owner follows it up; the clock goes on. Clause: wheatley:appendix-1.4."""

    conversation: Id
    owner: Id
    at: Instant
    actor: Id | None = None


class ComplaintReferred(Data, frozen=True, kw_only=True):
    """A complaint was handed to the complaints process, where `reference` finds it.

    Clause: wheatley:responding-to-customers.
    """

    conversation: Id
    message: Id
    reference: Id
    at: Instant


class AuthorBlocked(Data, frozen=True, kw_only=True):
    """An author was blocked at a site. Clauses: westward:6.13, wheatley:responsibilities-of-staff."""

    author: Id
    site: Id
    at: Instant
    actor: Id
    reason: Code


class AuthorUnblocked(Data, frozen=True, kw_only=True):
    """An author may write at a site again."""

    author: Id
    site: Id
    at: Instant
    actor: Id
    reason: Code


class PostPublished(Data, frozen=True, kw_only=True):
    """The landlord posted. `closure` is the closure that the post gives notice of. Clauses: westward:3.6, 3.7, 7.9."""

    post: Id
    site: Id
    category: ContentCategory
    at: Instant
    images: tuple[Id, ...] | None = None
    closure: Id | None = None


class SiteMonitored(Data, frozen=True, kw_only=True):
    """Somebody looked at a site, or a delivery or heartbeat came from it.

    Clauses: westward:7.9, wheatley:responding-to-customers.
    """

    site: Id
    at: Instant
    by: Literal["person", "connector"]


class ReachReported(Data, frozen=True, kw_only=True):
    """A site's figures. Clauses: westward:5.7, 11.2, wheatley:benefits."""

    site: Id
    at: Instant
    followers: Count | None = None
    reach: Count | None = None
    engagement: Count | None = None
    referrals: Count | None = None


class ModerationRequired(Data, frozen=True, kw_only=True):
    """Triage found what has to be hidden or removed.

    `reason` is `offensive`, `threat`, `personal-data` or a pack's own.

    Clauses: westward:6.13, wheatley:responding-to-customers, appendix-1.9.
    """

    conversation: Id
    message: Id
    reason: Code
    at: Instant


class PersonalDataExposed(Data, frozen=True, kw_only=True):
    """Personal data stands in public: which types, never the values. Clauses: westward:4.4, 7.4, 7.5.

    `origin` `customer`: in a customer's message; `own`: in a post or reply of ours.
    """

    conversation: Id | None = None
    message: Id | None = None
    post: Id | None = None
    site: Id
    origin: Literal["customer", "own"]
    types: tuple[Code, ...]
    at: Instant


class BlockRecommended(Data, frozen=True, kw_only=True):
    """An author has the pack's number of upheld `offences` in its window.

    Clauses: westward:6.13, wheatley:responsibilities-of-staff.
    """

    author: Id
    site: Id
    offences: Count
    at: Instant


class IncidentRaised(Data, frozen=True, kw_only=True):
    """Something that must be reported at once.

    Clauses: wheatley:responsibilities-of-staff, appendix-1.8, policy-details.
    """

    incident: Id
    category: Literal["threat", "abuse", "harassment", "safeguarding", "risk-to-life"]
    conversation: Id | None = None
    message: Id | None = None
    manager: Id | None = None
    at: Instant


class IncidentClosed(Data, frozen=True, kw_only=True):
    """An incident ended. `conversation` is that of its `incident-raised`, so that both have one key."""

    incident: Id
    outcome: Code
    conversation: Id | None = None
    at: Instant


class UnauthorisedReply(Data, frozen=True, kw_only=True):
    """An account that is not in force in the register answered. Clause: wheatley:appendix-1.4."""

    conversation: Id
    reply: Id
    account: Id
    site: Id
    at: Instant


_CONVERSATION = by("conversation")
_AUTHOR = by("author")
_SITE = by("site")
_INCIDENT = by("conversation", "incident")

EVENTS: Events = {
    "message-received": (MessageReceived, _CONVERSATION),
    "message-classified": (MessageClassified, _CONVERSATION),
    "message-edited": (MessageEdited, _CONVERSATION),
    "message-deleted": (MessageDeleted, _CONVERSATION),
    "message-replied": (MessageReplied, _CONVERSATION),
    "message-moderated": (MessageModerated, _CONVERSATION),
    "conversation-waived": (ConversationWaived, _CONVERSATION),
    "conversation-resolved": (ConversationResolved, _CONVERSATION),
    "conversation-moved-private": (ConversationMovedPrivate, _CONVERSATION),
    "holding-update-sent": (HoldingUpdateSent, _CONVERSATION),
    "removal-notice-posted": (RemovalNoticePosted, _CONVERSATION),
    "removal-explained": (RemovalExplained, _CONVERSATION),
    "conversation-reassigned": (ConversationReassigned, _CONVERSATION),
    "complaint-referred": (ComplaintReferred, _CONVERSATION),
    "author-blocked": (AuthorBlocked, _AUTHOR),
    "author-unblocked": (AuthorUnblocked, _AUTHOR),
    "post-published": (PostPublished, _SITE),
    "site-monitored": (SiteMonitored, _SITE),
    "reach-reported": (ReachReported, _SITE),
    "moderation-required": (ModerationRequired, _CONVERSATION),
    "personal-data-exposed": (PersonalDataExposed, by("conversation", "post", "site")),
    "block-recommended": (BlockRecommended, _AUTHOR),
    "incident-raised": (IncidentRaised, _INCIDENT),
    "incident-closed": (IncidentClosed, _INCIDENT),
    "unauthorised-reply": (UnauthorisedReply, _CONVERSATION),
}
