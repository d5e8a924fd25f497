"""What may be shown, what may not, and what must be taken down.

Written by consent; read by access, which tells people.
"""

from typing import Literal

from shared.contracts.data import Data, Part
from shared.contracts.fields import Channel, Code, Count, CoveredChannel, Date, Hash, Id, Instant, Level
from shared.contracts.keys import Events, by

__all__ = [
    "EVENTS",
    "ConsentExpired",
    "ConsentExpiring",
    "ConsentFact",
    "ConsentGiven",
    "ConsentInvalidated",
    "ConsentMissing",
    "ConsentRefused",
    "ConsentRenewed",
    "ConsentSatisfied",
    "ConsentWithdrawn",
    "Decision",
    "Finding",
    "FindingCode",
    "ImageQuarantined",
    "Retention",
    "RetentionCompleted",
    "RetentionOverdue",
    "Takedown",
    "TakedownConfirmed",
    "TakedownNotPossible",
    "TakedownOverdue",
    "TakedownRequested",
]

Decision = Literal["block", "review"]

FindingCode = Literal[
    "form-required",
    "no-consent",
    "refused",
    "expired",
    "withdrawn",
    "out-of-scope",
    "invalid-form",
    "guardian-required",
    "child-alone",
    "re-consent-at-age",
    "age-unknown",
    "staff-objection",
    "staff-specific-consent",
    "role-basis-ended",
    "identifiable-unchecked",
    "person-unidentified",
    "face-count",
    "deceased",
    "background",
    "copyright",
    "quarantined",
    "unknown-image",
]
"""Why an image may not be used: the codes of the decision table, and those of the image itself."""


class Finding(Part, frozen=True, kw_only=True):
    """One person in one use that is not permitted; without `person`, something about the image.

    `use` and `channel` are missing only where the image has no uses yet.
    """

    person: Id | None = None
    use: Id | None = None
    channel: Channel | None = None
    decision: Decision
    code: FindingCode


class ConsentMissing(Data, frozen=True, kw_only=True):
    """An image may not be used as it is meant to be; repeated only when the findings change.

    `findings` names every person × use that is not permitted. Clauses: westward:4.10, 7.6, 10.1, 10.4,
    wheatley:policy-details.
    """

    image: Id
    content_hash: Hash
    decision: Decision
    decision_id: Id
    at_stage: Literal["upload", "edit", "schedule", "publish", "change"]
    findings: tuple[Finding, ...]


class ConsentSatisfied(Data, frozen=True, kw_only=True):
    """Nothing stands against an image's uses. Clauses: westward:4.10, 10.4."""

    image: Id
    content_hash: Hash
    decision_id: Id


class ConsentFact(Data, frozen=True, kw_only=True):
    """What a consent record says from `at`.

    Missing `channels` or `purposes`: all of them. `valid_until` is the last day, `days_left` how many remain.
    """

    consent: Id
    person: Id
    channels: tuple[CoveredChannel, ...] | None = None
    purposes: tuple[Id, ...] | None = None
    at: Instant
    valid_until: Date | None = None
    days_left: Count | None = None


class ConsentGiven(ConsentFact, frozen=True, kw_only=True):
    """Somebody agreed. Clauses: westward:4.10, 10.4, wheatley:policy-details."""


class ConsentRenewed(ConsentFact, frozen=True, kw_only=True):
    """Somebody agreed anew, by a new record. Clause: westward:10.4."""


class ConsentRefused(ConsentFact, frozen=True, kw_only=True):
    """Somebody said no. Clause: westward:10.4."""


class ConsentWithdrawn(ConsentFact, frozen=True, kw_only=True):
    """Somebody took their consent back. Clause: wheatley:legal-and-regulatory-framework."""


class ConsentExpiring(ConsentFact, frozen=True, kw_only=True):
    """A consent ends in `days_left` days. Clause: westward:10.4."""


class ConsentExpired(ConsentFact, frozen=True, kw_only=True):
    """A consent is out of date. Clause: westward:10.4."""


class ConsentInvalidated(ConsentFact, frozen=True, kw_only=True):
    """A record turned out not to count. Clause: westward:10.4."""


class Takedown(Data, frozen=True, kw_only=True):
    """One live use of an image that must end by `deadline`; `level` of the ladder once it is overdue."""

    takedown: Id
    image: Id
    use: Id
    channel: Channel
    deadline: Instant
    reason: Code
    level: Level | None = None


class TakedownRequested(Takedown, frozen=True, kw_only=True):
    """A live use lost its ground. Clause: wheatley:legal-and-regulatory-framework."""


class TakedownOverdue(Takedown, frozen=True, kw_only=True):
    """A use is still live past its deadline; once for each level."""


class TakedownConfirmed(Takedown, frozen=True, kw_only=True):
    """The use was seen to be gone."""


class TakedownNotPossible(Takedown, frozen=True, kw_only=True):
    """The use cannot be undone (print); `reason` says why."""


class ImageQuarantined(Data, frozen=True, kw_only=True):
    """An upload equals, or resembles, a suppressed image; `distance` between the perceptual hashes of a near match."""

    image: Id
    content_hash: Hash
    matches: Literal["exact", "near"]
    distance: Count | None = None


class Retention(Data, frozen=True, kw_only=True):
    """A consent form at the end of its retention. `person` is the event's key, given by the writer."""

    consent: Id
    form_hash: Hash
    person: Id | None = None
    at: Instant


class RetentionCompleted(Retention, frozen=True, kw_only=True):
    """A form was deleted and read back absent. Clauses: westward:10.4, wheatley:legal-and-regulatory-framework."""


class RetentionOverdue(Retention, frozen=True, kw_only=True):
    """A form that should be gone is not. Clauses: westward:10.4, wheatley:legal-and-regulatory-framework."""


_IMAGE = by("image")
_PERSON = by("person")

EVENTS: Events = {
    "consent-missing": (ConsentMissing, _IMAGE),
    "consent-satisfied": (ConsentSatisfied, _IMAGE),
    "consent-given": (ConsentGiven, _PERSON),
    "consent-renewed": (ConsentRenewed, _PERSON),
    "consent-refused": (ConsentRefused, _PERSON),
    "consent-withdrawn": (ConsentWithdrawn, _PERSON),
    "consent-expiring": (ConsentExpiring, _PERSON),
    "consent-expired": (ConsentExpired, _PERSON),
    "consent-invalidated": (ConsentInvalidated, _PERSON),
    "takedown-requested": (TakedownRequested, _IMAGE),
    "takedown-overdue": (TakedownOverdue, _IMAGE),
    "takedown-confirmed": (TakedownConfirmed, _IMAGE),
    "takedown-not-possible": (TakedownNotPossible, _IMAGE),
    "image-quarantined": (ImageQuarantined, _IMAGE),
    "retention-completed": (RetentionCompleted, _PERSON),
    "retention-overdue": (RetentionOverdue, _PERSON),
}
