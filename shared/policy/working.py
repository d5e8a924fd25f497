"""How a due time was counted, in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from shared.policy.hours import Closure, Hours

__all__ = ["Working", "day_name", "describe", "ordinal"]

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_ONE_DAY = timedelta(days=1)
_TOLD = 14  # days of a gap that are named; a longer one is named as a whole


@dataclass(frozen=True, slots=True)
class Working:
    """One span of time that counted, in UTC, half-open."""

    from_: datetime
    until: datetime
    seconds: float
    why: str


def day_name(day: date) -> str:
    """`Mon 30 Mar`, whatever the machine's language."""
    return f"{_DAYS[day.weekday()]} {day.day} {_MONTHS[day.month - 1]}"


def ordinal(number: int) -> str:
    """`1st`, `2nd`, `3rd`, `11th`."""
    suffix = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"


def describe(
    windows: Sequence[tuple[datetime, datetime]],
    started_at: datetime,
    name: str,
    days: int | None,
    hours: Hours,
    closures: Sequence[Closure],
) -> list[Working]:
    """The open windows of a span as `Working`, each told from what it is and from what was skipped before it.

    `days`: the number of working days after receipt for a rule that ends with a day; None for one that counts a span.
    """
    told: list[Working] = []
    received_on = before = started_at.astimezone(hours.zone).date()
    dates = [opens.astimezone(hours.zone).date() for opens, _ in windows]
    for day, (opens, closes) in zip(dates, windows, strict=True):
        position = "" if days is None else _position(day, received_on, dates, days)
        skipped = _skipped(before + _ONE_DAY if told else before, day, hours, closures)
        why = f"{name} {day_name(day)}{position}{skipped}"
        told.append(Working(opens, closes, (closes - opens).total_seconds(), why))
        before = day
    return told


def _position(day: date, received_on: date, dates: Sequence[date], days: int) -> str:
    """Where a working date stands in a count that ends with the end of the last one."""
    number = len({other for other in dates if received_on < other <= day})
    if day == dates[-1]:
        return f", due at the end of the {ordinal(days)} working date" if days else ", due at its end"
    return f", day {number}" if number else ", the day of receipt"


def _skipped(first: date, end: date, hours: Hours, closures: Sequence[Closure]) -> str:
    """` (after Good Friday, Sat and Sun)`: why the dates from `first` up to `end` did not count."""
    reasons: list[str] = []
    day = first
    while day < end and (day - first).days < _TOLD:
        reason = _reason(day, hours, closures)
        if reason and reason not in reasons:
            reasons.append(reason)
        day += _ONE_DAY
    if day < end:
        reasons.append("the days off that follow")
    if not reasons:
        return ""
    listed = " and ".join([", ".join(reasons[:-1]), reasons[-1]] if len(reasons) > 1 else reasons)
    return f" (after {listed})"


def _reason(day: date, hours: Hours, closures: Sequence[Closure]) -> str | None:
    if day in hours.days_off:
        return hours.days_off[day]
    if day.weekday() not in hours.weekdays:
        return _DAYS[day.weekday()]
    return "a closure" if any(_covers(day, closure, hours) for closure in closures) else None


def _covers(day: date, closure: Closure, hours: Hours) -> bool:
    start, end = (instant.astimezone(hours.zone) for instant in closure)
    return start.date() <= day and (end - timedelta(microseconds=1)).date() >= day
