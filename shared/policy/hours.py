"""The calendars of a pack: the hours in which people answer, and the dates on which they do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Self
from zoneinfo import ZoneInfo

import msgspec

from shared.policy.sections import Holidays
from shared.policy.words import WEEKDAYS, Nation, Weekday
from shared.worktime import Calendar

__all__ = ["Closure", "Hours", "WorkingTime", "bank_holidays"]

Closure = tuple[datetime, datetime]

_BANK_HOLIDAYS = Path(__file__).with_name("bank_holidays.json")
_KEPT_CLOSURES = 256
_WHOLE_DAY = ("00:00-24:00",)


class WorkingTime:
    """One calendar, and the same with the closures that it was lately asked for."""

    __slots__ = ("_closed", "base")

    def __init__(self, base: Calendar) -> None:
        self.base = base
        self._closed: dict[tuple[Closure, ...], Calendar] = {}

    def calendar(self, closures: Sequence[Closure] = ()) -> Calendar:
        """The calendar without the open time of these closures."""
        if not closures:
            return self.base
        key = tuple(closures)
        found = self._closed.get(key)
        if found is None:
            found = self.base.with_closures(key)
            if len(self._closed) >= _KEPT_CLOSURES:
                self._closed.clear()
            self._closed[key] = found
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Hours:
    """How a pack counts time: `people` in opening hours, `dates` from midnight to midnight on working dates."""

    zone: ZoneInfo
    people: WorkingTime
    dates: WorkingTime
    days_off: Mapping[date, str]
    weekdays: frozenset[int]

    @classmethod
    def of(
        cls,
        zone: ZoneInfo,
        nation: Nation,
        opening: Mapping[Weekday, tuple[str, ...]],
        openings: Mapping[date, tuple[str, ...]],
        own: Holidays,
    ) -> Self:
        """Build both calendars; ValueError for hours that leave no opening within 400 days."""
        days_off = dict(bank_holidays(nation))
        for day in own.worked:
            days_off.pop(day, None)
        days_off.update((holiday.on, holiday.name) for holiday in own.local)
        week = {str(day): windows for day, windows in opening.items()}
        working = {day: _WHOLE_DAY for day, windows in week.items() if windows}
        dates = {day: _WHOLE_DAY if windows else () for day, windows in openings.items()}
        return cls(
            zone=zone,
            people=WorkingTime(Calendar(zone, week, days_off, openings=openings)),
            dates=WorkingTime(Calendar(zone, working, days_off, openings=dates)),
            days_off=MappingProxyType(days_off),
            weekdays=frozenset(WEEKDAYS.index(day) for day in working),
        )


def bank_holidays(nation: Nation) -> Mapping[date, str]:
    """A nation's bank holidays from 2000 to 2099, one-off ones included, by date.

    England and Scotland differ on six or more a year. They are the library's (`shared.policy.generate`).
    """
    return _all_bank_holidays()[nation]


@cache
def _all_bank_holidays() -> Mapping[Nation, Mapping[date, str]]:
    found = msgspec.json.decode(_BANK_HOLIDAYS.read_bytes(), type=dict[Nation, dict[date, str]])
    return {nation: MappingProxyType(days) for nation, days in found.items()}
