"""The calendars of the examples, and the words in which the tests write instants."""

from collections.abc import Iterable
from datetime import date, datetime
from zoneinfo import ZoneInfo

import holidays

from shared.worktime import Calendar

LONDON = ZoneInfo("Europe/London")
WORKING_WEEK = ("mon", "tue", "wed", "thu", "fri")


def bank_holidays(nation: str) -> frozenset[date]:
    return frozenset(holidays.country_holidays("GB", subdiv=nation, years=range(2025, 2028)))


def office(nation: str = "ENG", **changes: Iterable[str]) -> Calendar:
    """Westward's hours: Monday to Friday, nine to five, unless a day is given otherwise."""
    week: dict[str, Iterable[str]] = {day: ["09:00-17:00"] for day in WORKING_WEEK}
    return Calendar("Europe/London", {**week, **changes}, bank_holidays(nation))


def whole_dates(nation: str = "SCT") -> Calendar:
    """Wheatley's clock: from midnight to midnight on working dates."""
    return Calendar("Europe/London", {day: ["00:00-24:00"] for day in WORKING_WEEK}, bank_holidays(nation))


def at(text: str, zone: ZoneInfo = LONDON) -> datetime:
    """`"2026-10-05 09:00"` of local time, the weekday before it ignored; 24:00 is the next midnight."""
    day, clock = text.split()[-2:]
    if clock == "24:00":
        return datetime.combine(date.fromordinal(date.fromisoformat(day).toordinal() + 1), datetime.min.time(), zone)
    return datetime.fromisoformat(f"{day} {clock}").replace(tzinfo=zone)
