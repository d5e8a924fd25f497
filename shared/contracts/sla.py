"""Targets and their verdicts, closures, standing duties. Written by sla; read by intake and access."""

from typing import Literal

import msgspec

from shared.contracts.data import Data
from shared.contracts.fields import Count, Date, Id, Instant, MessageKind, Revision, TargetKind, Week
from shared.contracts.keys import Events, by, by_organisation

__all__ = [
    "EVENTS",
    "ClosureAnnounced",
    "ClosureNotice",
    "ClosureNoticeMissing",
    "ClosureWithdrawn",
    "ContentCadenceMissed",
    "MonitoringMissed",
    "ReviewDue",
    "SlaBreach",
    "SlaBreachRetracted",
    "SlaExempted",
    "SlaLateAnswer",
    "SlaMet",
    "SlaRecalculated",
    "SlaStarted",
    "SlaVoided",
    "SlaWaived",
    "SlaWarning",
    "SlaWithdrawn",
    "Target",
]


class Target(Data, frozen=True, kw_only=True):
    """One duty to one message, with its deadline.

    `target` is the UUIDv5 of what makes it this one; `revision` is 1 at its start and grows with each change of due
    time or state; `cycle` is for display. `policy` is the pack and version in force at `started_at`.
    """

    conversation: Id
    target: Id
    revision: Revision
    cycle: Count
    kind: TargetKind
    message: Id
    message_kind: MessageKind
    site: Id
    started_at: Instant
    due_at: Instant
    policy: Id


class SlaStarted(Target, frozen=True, kw_only=True):
    """A clock runs. `warn_at` are all its warnings, past ones too.

    Clauses: westward:3.6, wheatley:responding-to-customers.
    """

    warn_at: tuple[Instant, ...]


class SlaWarning(Target, frozen=True, kw_only=True):
    """A deadline is near: `remaining_s` working seconds are left from `at`."""

    at: Instant
    remaining_s: Count


class SlaBreach(Target, frozen=True, kw_only=True):
    """A deadline passed unsettled; `settled_at` when it had been answered late before that was noticed."""

    noticed_at: Instant
    settled_at: Instant | None = None


class _Settled(Target, frozen=True, kw_only=True):
    settled_at: Instant
    working_s: Count
    elapsed_s: Count


class SlaMet(_Settled, frozen=True, kw_only=True):
    """Settled in time (exactly at the deadline is in time), after so many working and elapsed seconds."""


class SlaLateAnswer(_Settled, frozen=True, kw_only=True):
    """Settled after a breach, after so many working and elapsed seconds."""


class SlaBreachRetracted(Target, frozen=True, kw_only=True):
    """What was heard late shows that there was no breach.

    `breach` is the id of the `sla-breach` event that is undone.
    """

    settled_at: Instant | None = None
    breach: Id
    reason: Literal["answered-in-time", "waived", "exempted", "voided", "reclassified", "opened-earlier"]


class SlaExempted(Target, frozen=True, kw_only=True):
    """The target is not owed: the message was hidden or removed as offensive, or its author blocked.

    Clause: wheatley:appendix-1.9.
    """

    at: Instant
    reason: Literal["offensive", "author-blocked"]


class SlaWaived(Target, frozen=True, kw_only=True):
    """Somebody judged that no answer is due. Clause: wheatley:responding-to-customers."""

    at: Instant
    reason: Literal["not-appropriate", "no-reply-needed"]


class SlaVoided(Target, frozen=True, kw_only=True):
    """The message is gone: its author deleted it."""

    at: Instant
    reason: Literal["deleted-by-author"]


class SlaWithdrawn(Target, frozen=True, kw_only=True):
    """No rule asks for this target any more."""

    at: Instant
    reason: Literal["reclassified", "edited", "opened-earlier"]


class SlaRecalculated(Target, frozen=True, kw_only=True):
    """The deadline moved with the calendar. Clause: westward:3.6."""

    previous_due_at: Instant
    reason: Literal["closure-announced", "closure-withdrawn", "calendar-changed"]
    closure: Id | None = None


class ClosureNotice(Data, frozen=True, kw_only=True):
    """A period taken out of working time: the half-open instants `from_` (on the wire `from`) and `until`."""

    closure: Id
    from_: Instant = msgspec.field(name="from")
    until: Instant
    at: Instant
    notice_post: Id | None = None


class ClosureAnnounced(ClosureNotice, frozen=True, kw_only=True):
    """A closure was announced at `at`. Clause: westward:3.6."""


class ClosureWithdrawn(ClosureNotice, frozen=True, kw_only=True):
    """A closure ends at `at`, never earlier. Clause: westward:3.6."""


class ClosureNoticeMissing(ClosureNotice, frozen=True, kw_only=True):
    """A closure began with no post published before it that says so. Clause: westward:3.6."""


class ContentCadenceMissed(Data, frozen=True, kw_only=True):
    """A site had fewer own posts in an ISO week than the pack expects. Clause: westward:7.9."""

    site: Id
    week: Week
    posts: Count
    expected: Count


class MonitoringMissed(Data, frozen=True, kw_only=True):
    """Nobody and nothing looked at a site from `from_` (on the wire `from`) until `until`.

    Clauses: westward:7.9, wheatley:responding-to-customers.
    """

    site: Id
    from_: Instant = msgspec.field(name="from")
    until: Instant


class ReviewDue(Data, frozen=True, kw_only=True):
    """An entry of a register is to be reviewed: a site run by others. Clause: westward:13.2."""

    register: Literal["external-site"]
    subject: Id
    due_on: Date


_CONVERSATION = by("conversation")
_SITE = by("site")

EVENTS: Events = {
    "sla-started": (SlaStarted, _CONVERSATION),
    "sla-warning": (SlaWarning, _CONVERSATION),
    "sla-breach": (SlaBreach, _CONVERSATION),
    "sla-met": (SlaMet, _CONVERSATION),
    "sla-late-answer": (SlaLateAnswer, _CONVERSATION),
    "sla-breach-retracted": (SlaBreachRetracted, _CONVERSATION),
    "sla-exempted": (SlaExempted, _CONVERSATION),
    "sla-waived": (SlaWaived, _CONVERSATION),
    "sla-voided": (SlaVoided, _CONVERSATION),
    "sla-withdrawn": (SlaWithdrawn, _CONVERSATION),
    "sla-recalculated": (SlaRecalculated, _CONVERSATION),
    "closure-announced": (ClosureAnnounced, by_organisation),
    "closure-withdrawn": (ClosureWithdrawn, by_organisation),
    "closure-notice-missing": (ClosureNoticeMissing, by_organisation),
    "content-cadence-missed": (ContentCadenceMissed, _SITE),
    "monitoring-missed": (MonitoringMissed, _SITE),
    "review-due": (ReviewDue, by_organisation),
}
