"""Who works here.

Written by each organisation's HR system, by access (SCIM, imports) and by intake (event door); read by access and
consent. A missing `stint` is the person's stint in force at the event's `time`; `revision` is HR's own number, growing
with each change of what it says about one person.
"""

from shared.contracts.data import Data
from shared.contracts.fields import Code, Date, Id, Instant, WholeNumber
from shared.contracts.keys import Events, by

__all__ = [
    "EVENTS",
    "LeaveCancelled",
    "LeaveDateChanged",
    "PersonFact",
    "PolicyAcknowledged",
    "StaffJoined",
    "StaffLeft",
    "StaffMoved",
    "StaffRehired",
    "StaffReturned",
    "StaffSuspended",
    "StintBegan",
    "TrainingCompleted",
]

_BOTH_DATES = "`leave_at` and `leave_on` exclude each other"


class StintBegan(Data, frozen=True, kw_only=True):
    """A stint of employment from `starts_on`."""

    person: Id
    stint: Id
    starts_on: Date
    manager: Id | None = None
    team: Id | None = None


class StaffJoined(StintBegan, frozen=True, kw_only=True):
    """Somebody's first stint. Clause: westward:6.3."""


class StaffRehired(StintBegan, frozen=True, kw_only=True):
    """A new stint of somebody who had left: no access comes back with it. Clause: westward:6.4."""


class StaffLeft(Data, frozen=True, kw_only=True):
    """Somebody leaves. Clauses: westward:6.4, 7.11.

    At `leave_at`, or at the end of the local day `leave_on` (both: Invalid), or with neither at the event's `time`.
    `immediate`: now, and past the breaker against mass leaving.
    """

    person: Id
    stint: Id | None = None
    leave_at: Instant | None = None
    leave_on: Date | None = None
    immediate: bool | None = None
    manager: Id | None = None
    revision: WholeNumber | None = None

    def __post_init__(self) -> None:
        Data.__post_init__(self)
        if self.leave_at is not None and self.leave_on is not None:
            raise ValueError(_BOTH_DATES)


class LeaveDateChanged(Data, frozen=True, kw_only=True):
    """A leaver's date moved, to `leave_at` or to the end of the local day `leave_on`: one of the two.

    Clause: westward:6.4.
    """

    person: Id
    stint: Id | None = None
    leave_at: Instant | None = None
    leave_on: Date | None = None
    revision: WholeNumber | None = None

    def __post_init__(self) -> None:
        Data.__post_init__(self)
        if self.leave_at is not None and self.leave_on is not None:
            raise ValueError(_BOTH_DATES)
        if self.leave_at is None and self.leave_on is None:
            raise ValueError("Object missing required field `leave_at` or `leave_on`")


class LeaveCancelled(Data, frozen=True, kw_only=True):
    """Somebody stays after all. Clause: westward:6.4."""

    person: Id
    stint: Id | None = None
    revision: WholeNumber | None = None


class StaffMoved(Data, frozen=True, kw_only=True):
    """Somebody works for another `manager`, who reviews their access. Clause: wheatley:scope."""

    person: Id
    manager: Id
    team: Id | None = None
    at: Instant
    revision: WholeNumber | None = None


class PersonFact(Data, frozen=True, kw_only=True):
    """Something that holds of a person from `at`."""

    person: Id
    at: Instant
    revision: WholeNumber | None = None


class StaffSuspended(PersonFact, frozen=True, kw_only=True):
    """Publishing rights pause; the register keeps them."""


class StaffReturned(PersonFact, frozen=True, kw_only=True):
    """A suspension is over."""


class TrainingCompleted(Data, frozen=True, kw_only=True):
    """Training in date lets somebody manage an account; `valid_until` is its last day. Clauses: westward:2.4, 6.9."""

    person: Id
    course: Code
    completed_on: Date
    valid_until: Date | None = None


class PolicyAcknowledged(Data, frozen=True, kw_only=True):
    """Somebody read a version of the policy, `westward/2023-26`.

    Clauses: westward:11.1, wheatley:risk-management-mitigation.
    """

    person: Id
    policy: Id
    at: Instant


_PERSON = by("person")

EVENTS: Events = {
    "staff-joined": (StaffJoined, _PERSON),
    "staff-rehired": (StaffRehired, _PERSON),
    "staff-left": (StaffLeft, _PERSON),
    "leave-date-changed": (LeaveDateChanged, _PERSON),
    "leave-cancelled": (LeaveCancelled, _PERSON),
    "staff-moved": (StaffMoved, _PERSON),
    "staff-suspended": (StaffSuspended, _PERSON),
    "staff-returned": (StaffReturned, _PERSON),
    "training-completed": (TrainingCompleted, _PERSON),
    "policy-acknowledged": (PolicyAcknowledged, _PERSON),
}
