"""The facts of a person's employment: what was said of them, as ids, times and codes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

from shared.contracts import Data, Event
from shared.contracts import people as said

__all__ = ["FACTS", "SOURCE", "Fact"]

SOURCE = "/houserules/access"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One entry of the journal. (`source`, `id`) is that of the event that told it.

    `at` is when it holds from, or when it was said; `known_at` the policy time at which it was first taken here.
    """

    source: str
    id: str
    name: str
    at: datetime
    known_at: datetime
    story: str
    """The event that began it all: its correlation id."""
    stint: str | None = None
    starts_on: date | None = None
    manager: str | None = None
    team: str | None = None
    leave_at: datetime | None = None
    leave_on: date | None = None
    immediate: bool = False
    revision: int | None = None
    course: str | None = None
    completed_on: date | None = None
    valid_until: date | None = None
    policy: str | None = None


def _fact(event: Event, at: datetime, known_at: datetime, **known: Any) -> Fact:
    story = event.correlation_id or event.id
    return Fact(source=event.source, id=event.id, name=event.name, at=at, known_at=known_at, story=story, **known)


def _began(event: Event, data: Data, known_at: datetime) -> Fact:
    assert isinstance(data, said.StintBegan)
    return _fact(
        event,
        event.time,
        known_at,
        stint=data.stint,
        starts_on=data.starts_on,
        manager=data.manager,
        team=data.team,
    )


def _left(event: Event, data: Data, known_at: datetime) -> Fact:
    assert isinstance(data, said.StaffLeft)
    return _fact(
        event,
        event.time,
        known_at,
        stint=data.stint,
        leave_at=data.leave_at,
        leave_on=data.leave_on,
        immediate=bool(data.immediate),
        manager=data.manager,
        revision=data.revision,
    )


def _changed(event: Event, data: Data, known_at: datetime) -> Fact:
    assert isinstance(data, said.LeaveDateChanged)
    return _fact(
        event,
        event.time,
        known_at,
        stint=data.stint,
        leave_at=data.leave_at,
        leave_on=data.leave_on,
        revision=data.revision,
    )


def _cancelled(event: Event, data: Data, known_at: datetime) -> Fact:
    assert isinstance(data, said.LeaveCancelled)
    return _fact(event, event.time, known_at, stint=data.stint, revision=data.revision)


def _moved(event: Event, data: Data, known_at: datetime) -> Fact:
    assert isinstance(data, said.StaffMoved)
    return _fact(event, data.at, known_at, manager=data.manager, team=data.team, revision=data.revision)


def _of_a_person(event: Event, data: Data, known_at: datetime) -> Fact:
    assert isinstance(data, said.PersonFact)
    return _fact(event, data.at, known_at, revision=data.revision)


def _trained(event: Event, data: Data, known_at: datetime) -> Fact:
    assert isinstance(data, said.TrainingCompleted)
    return _fact(
        event,
        event.time,
        known_at,
        course=data.course,
        completed_on=data.completed_on,
        valid_until=data.valid_until,
    )


def _acknowledged(event: Event, data: Data, known_at: datetime) -> Fact:
    assert isinstance(data, said.PolicyAcknowledged)
    return _fact(event, data.at, known_at, policy=data.policy)


FACTS: Mapping[str, Callable[[Event, Any, datetime], Fact]] = MappingProxyType(
    {
        "staff-joined": _began,
        "staff-rehired": _began,
        "staff-left": _left,
        "leave-date-changed": _changed,
        "leave-cancelled": _cancelled,
        "staff-moved": _moved,
        "staff-suspended": _of_a_person,
        "staff-returned": _of_a_person,
        "training-completed": _trained,
        "policy-acknowledged": _acknowledged,
    }
)
"""The events of a person that the journal keeps, and how each becomes a fact."""
