"""What HR says of people, as events, in a few words: `left("p1", leave_at="Fri 17:00")`."""

import itertools
from datetime import UTC, date, datetime, timedelta
from typing import Any

from shared.contracts import Data, Event
from shared.contracts import people as hr
from shared.contracts.event import event_of

__all__ = ["at", "cancelled", "changed", "joined", "left", "moved", "rehired", "returned", "said", "suspended"]

MONDAY = datetime(2026, 3, 9, tzinfo=UTC)
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_numbers = itertools.count(1)


def at(text: str) -> datetime:
    """`Mon 09:30` of the week from 9 March 2026, `+1 Mon 09:30` of the next; both landlords keep UTC then."""
    weeks = 0
    if text[0] in "+-":
        offset, text = text.split(" ", 1)
        weeks = int(offset)
    day, clock = text.split(" ")
    parts = [int(part) for part in clock.split(":")]
    span = timedelta(hours=parts[0], minutes=parts[1], seconds=parts[2] if len(parts) > 2 else 0)
    return MONDAY + timedelta(weeks=weeks, days=DAYS.index(day)) + span


def said(data: Data, time: str | datetime, organisation: str = "westward", id: str | None = None) -> Event:
    """As HR publishes it."""
    return event_of(
        data,
        id=id or f"hr-{next(_numbers)}",
        source=f"/{organisation}/hr",
        organisation=organisation,
        time=at(time) if isinstance(time, str) else time,
    )


def _dated(known: dict[str, Any]) -> dict[str, Any]:
    if isinstance(known.get("leave_at"), str):
        known["leave_at"] = at(known["leave_at"])
    if isinstance(known.get("leave_on"), str):
        known["leave_on"] = date.fromisoformat(known["leave_on"])
    return known


def _split(known: dict[str, Any], default: str = "Mon 09:00") -> dict[str, Any]:
    return {name: known.pop(name) for name in ("organisation", "id") if name in known} | {
        "time": known.pop("time", default)
    }


def joined(person: str = "p1", stint: str = "s1", starts_on: str = "2020-01-06", **known: Any) -> Event:
    """Somebody's first stint."""
    how = _split(known, "-1 Mon 09:00")
    return said(hr.StaffJoined(person=person, stint=stint, starts_on=date.fromisoformat(starts_on), **known), **how)


def rehired(person: str = "p1", stint: str = "s2", starts_on: str = "2026-03-16", **known: Any) -> Event:
    """Another stint."""
    how = _split(known)
    return said(hr.StaffRehired(person=person, stint=stint, starts_on=date.fromisoformat(starts_on), **known), **how)


def left(person: str = "p1", **known: Any) -> Event:
    """Somebody leaves."""
    how = _split(known)
    return said(hr.StaffLeft(person=person, **_dated(known)), **how)


def changed(person: str = "p1", **known: Any) -> Event:
    """On another day."""
    how = _split(known)
    return said(hr.LeaveDateChanged(person=person, **_dated(known)), **how)


def cancelled(person: str = "p1", **known: Any) -> Event:
    """Or not at all."""
    how = _split(known)
    return said(hr.LeaveCancelled(person=person, **known), **how)


def moved(person: str = "p1", manager: str = "m2", **known: Any) -> Event:
    """To another manager."""
    how = _split(known)
    when = at(how["time"]) if isinstance(how["time"], str) else how["time"]
    return said(hr.StaffMoved(person=person, manager=manager, at=when, **known), **how)


def suspended(person: str = "p1", **known: Any) -> Event:
    """From publishing."""
    how = _split(known)
    when = at(how["time"]) if isinstance(how["time"], str) else how["time"]
    return said(hr.StaffSuspended(person=person, at=when, **known), **how)


def returned(person: str = "p1", **known: Any) -> Event:
    """Back again."""
    how = _split(known)
    when = at(how["time"]) if isinstance(how["time"], str) else how["time"]
    return said(hr.StaffReturned(person=person, at=when, **known), **how)
