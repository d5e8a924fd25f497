"""Who is staff, as HR's register says: stints of employment, folded from what was heard of a person in any order."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from services.consent.domain.days import day_after, midnight
from shared.contracts import Event
from shared.contracts.people import LeaveCancelled, LeaveDateChanged, StaffJoined, StaffLeft, StaffRehired

__all__ = ["HEARD", "PersonFact", "Stint", "left_at", "on_staff", "stints_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonFact:
    """One thing that HR said of a person. `at` is the event's time; `until` when a stint ends, None: it goes on."""

    source: str
    id: str
    name: str
    at: datetime
    stint: str | None
    begins: datetime | None = None
    until: datetime | None = None
    revision: int | None = None


@dataclass(frozen=True, slots=True)
class Stint:
    """A stint of employment, half-open; `until` None: no end is known."""

    stint: str
    begins: datetime
    until: datetime | None = None

    def holds(self, at: datetime) -> bool:
        """In force at this instant."""
        return self.begins <= at and (self.until is None or at < self.until)


def _fact(event: Event, stint: str | None, **said: Any) -> PersonFact:
    return PersonFact(source=event.source, id=event.id, name=event.name, at=event.time, stint=stint, **said)


def _began(event: Event, zone: ZoneInfo, heard_at: datetime) -> PersonFact:
    data = event.data
    assert isinstance(data, StaffJoined | StaffRehired)
    return _fact(event, data.stint, begins=midnight(data.starts_on, zone))


def _leaves(event: Event, zone: ZoneInfo, heard_at: datetime) -> PersonFact:
    """Its date, else its own time; `immediate` is at once, whatever date comes with it (westward:6.4)."""
    data = event.data
    assert isinstance(data, StaffLeft | LeaveDateChanged)
    until = data.leave_at or event.time
    if data.leave_on is not None:
        until = midnight(day_after(data.leave_on), zone)
    if isinstance(data, StaffLeft) and data.immediate:
        until = min(until, event.time, heard_at)
    return _fact(event, data.stint, until=until, revision=data.revision)


def _stays(event: Event, zone: ZoneInfo, heard_at: datetime) -> PersonFact:
    data = event.data
    assert isinstance(data, LeaveCancelled)
    return _fact(event, data.stint, revision=data.revision)


HEARD: Mapping[str, Callable[[Event, ZoneInfo, datetime], PersonFact]] = MappingProxyType(
    {
        "staff-joined": _began,
        "staff-rehired": _began,
        "staff-left": _leaves,
        "leave-date-changed": _leaves,
        "leave-cancelled": _stays,
    }
)
"""What is heard on `people`: the contents page."""


RANK: Mapping[str, int] = MappingProxyType({"leave-cancelled": 0, "leave-date-changed": 1, "staff-left": 2})
"""What comes first within one instant, so that the leaver has the last word."""


def stints_of(facts: Iterable[PersonFact]) -> tuple[Stint, ...]:
    """A person's stints, by their beginning (westward:6.3, 6.4).

    Of what was said about the end of one stint the last counts, by the times of the facts; one with an older revision
    than an earlier one has is ignored. A fact that names no stint is about the one in force at its time.
    """
    known = sorted(facts, key=_order)
    stints: dict[str, Stint] = {}
    announced: dict[str, datetime] = {}
    for fact in known:
        if fact.begins is not None and fact.stint is not None:
            stints[fact.stint] = Stint(fact.stint, fact.begins)
            announced.setdefault(fact.stint, fact.at)
    found = sorted(stints.values(), key=lambda stint: (stint.begins, stint.stint))
    said: dict[str | None, list[PersonFact]] = {}
    for fact in known:
        if fact.begins is None:
            meant = fact.stint if fact.stint is not None else _in_force(found, announced, fact.at)
            said.setdefault(meant, []).append(fact)
    return tuple(replace(stint, until=_until(said.get(stint.stint, ()))) for stint in found)


def _order(fact: PersonFact) -> tuple[datetime, int, bool, str, str]:
    at_once = fact.until is not None and fact.until <= fact.at
    return fact.at, RANK.get(fact.name, 0), at_once, fact.id, fact.source


def _until(said: Iterable[PersonFact]) -> datetime | None:
    until, newest = None, None
    for fact in said:
        if fact.revision is not None:
            if newest is not None and fact.revision < newest:
                continue
            newest = fact.revision
        until = fact.until
    return until


def _in_force(stints: Sequence[Stint], announced: Mapping[str, datetime], at: datetime) -> str | None:
    """The stint that had begun; one after another only when it had been announced, too.

    Who leaves and is taken on again from the same day has left the stint that was known by then.
    """
    for index in reversed(range(len(stints))):
        stint = stints[index]
        if stint.begins <= at and (index == 0 or announced[stint.stint] < at):
            return stint.stint
    return None


def on_staff(stints: Sequence[Stint], at: datetime) -> bool:
    """Whether HR's register has a stint in force at this instant (westward:10.4)."""
    return any(stint.holds(at) for stint in stints)


def left_at(stints: Sequence[Stint], now: datetime) -> datetime | None:
    """When a former member of staff left; None for somebody who is staff or never was."""
    if on_staff(stints, now):
        return None
    return max((stint.until for stint in stints if stint.until is not None and stint.begins <= now), default=None)
