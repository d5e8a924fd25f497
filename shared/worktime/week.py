"""Opening hours as written (`"09:00-17:00"`), checked and split at midnight.

A window is a pair of minutes since local midnight, half-open, 0 <= opens < closes <= 1440.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import TypeVar

Window = tuple[int, int]
Point = TypeVar("Point", int, timedelta)

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MIDNIGHT = 24 * 60

_WINDOW = re.compile(r"([0-9]{2}):([0-9]{2})-([0-9]{2}):([0-9]{2})")


@dataclass(frozen=True, slots=True)
class Week:
    """The windows of each weekday, Monday first, none of which crosses midnight.

    `nominal_day` is the longest opening that was written for one weekday, overnight part included.
    """

    days: tuple[tuple[Window, ...], ...]
    nominal_day: timedelta


def read_week(week: Mapping[str, Iterable[str]]) -> Week:
    """The week as written, by weekday; ValueError names the weekday and what is wrong with it."""
    days: list[list[Window]] = [[] for _ in WEEKDAYS]
    longest = 0
    for name, texts in week.items():
        if name not in WEEKDAYS:
            raise ValueError(f"unknown day {name!r}: the days are {', '.join(WEEKDAYS)}")
        weekday = WEEKDAYS.index(name)
        today, tomorrow = read_day(name, texts)
        days[weekday] += today
        days[(weekday + 1) % 7] += tomorrow
        longest = max(longest, sum(closes - opens for opens, closes in today + tomorrow))
    if not longest:
        raise ValueError("the week has no opening: without one there is no open day within 400 days")
    ordered = tuple(in_order(name, windows) for name, windows in zip(WEEKDAYS, days, strict=True))
    return Week(days=ordered, nominal_day=timedelta(minutes=longest))


def read_openings(openings: Mapping[date, Iterable[str]], week: Week) -> dict[date, tuple[Window, ...]]:
    """What is open on each date that a one-off opening touches, in place of its weekday's windows.

    An opening replaces everything of its own date, the end of the night before included. Its own part after
    midnight joins what the next date has anyway.
    """
    changed: dict[date, tuple[Window, ...]] = {}
    nights: dict[date, list[Window]] = {}
    for day, texts in openings.items():
        today, tomorrow = read_day(day.isoformat(), texts)
        changed[day] = in_order(day.isoformat(), today)
        if tomorrow:
            nights[day + timedelta(days=1)] = tomorrow
    for day, night in nights.items():
        if day in changed:
            changed[day] = in_order(day.isoformat(), [*changed[day], *night])
        else:
            changed[day] = tuple(joined([*week.days[day.weekday()], *night]))
    return changed


def read_day(name: str, texts: Iterable[str]) -> tuple[list[Window], list[Window]]:
    """One day's windows as (those before midnight, those after it); ValueError when one cannot be read."""
    today: list[Window] = []
    tomorrow: list[Window] = []
    for text in texts:
        opens, closes = _read(name, text)
        if opens < closes:
            today.append((opens, closes))
        else:
            today.append((opens, MIDNIGHT))
            if closes:
                tomorrow.append((0, closes))
    return today, tomorrow


def in_order(name: str, windows: Iterable[Window]) -> tuple[Window, ...]:
    """The windows of one day, sorted; ValueError when two overlap. Touching ones stay apart."""
    ordered = sorted(windows)
    for before, after in pairwise(ordered):
        if after[0] < before[1]:
            raise ValueError(f"{name}: {_text(before)} and {_text(after)} overlap")
    return tuple(ordered)


def joined(spans: Iterable[tuple[Point, Point]]) -> list[tuple[Point, Point]]:
    """The union of half-open spans, in order, none of them touching the next."""
    union: list[tuple[Point, Point]] = []
    for start, end in sorted(spans):
        if union and start <= union[-1][1]:
            union[-1] = (union[-1][0], max(end, union[-1][1]))
        else:
            union.append((start, end))
    return union


def _read(name: str, text: str) -> Window:
    match = _WINDOW.fullmatch(text)
    if match is None:
        raise ValueError(f"{name}: {text!r} is not a window like '09:00-17:00'")
    open_hour, open_minute, close_hour, close_minute = map(int, match.groups())
    opens, closes = open_hour * 60 + open_minute, close_hour * 60 + close_minute
    if max(open_minute, close_minute) > 59 or opens >= MIDNIGHT or closes > MIDNIGHT:
        raise ValueError(f"{name}: {text!r} has a time that is not of the day (24:00 only closes)")
    if opens == closes:
        raise ValueError(f"{name}: {text!r} has no length")
    return opens, closes


def _text(window: Window) -> str:
    return "-".join(f"{minutes // 60:02}:{minutes % 60:02}" for minutes in window)
