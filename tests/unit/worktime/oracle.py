"""Working time counted minute by minute: slow, plain, and sharing no code with the calendar that it judges.

Everything is in whole minutes. Local times become instants by trying every offset that the zone has around the date
(none of them lasts for less than six hours).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Hours:
    """The arguments of a calendar, as written."""

    zone: str
    week: Mapping[str, tuple[str, ...]]
    holidays: frozenset[date] = frozenset()
    closures: tuple[tuple[datetime, datetime], ...] = ()
    openings: Mapping[date, tuple[str, ...]] = field(default_factory=dict)


class Oracle:
    """The open minutes of some dates, listed one by one."""

    def __init__(self, hours: Hours, first: date, days: int) -> None:
        self.zone = ZoneInfo(hours.zone)
        self.hours = hours
        self.regular: dict[date, list[datetime]] = {}
        self.open: dict[date, list[datetime]] = {}
        for ahead in range(days):
            day = first + ahead * DAY
            minutes = sorted(set(self._minutes(day)))
            self.regular[day] = minutes
            for start, end in hours.closures:
                minutes = [minute for minute in minutes if not start <= minute < end]
            self.open[day] = minutes
        self.minutes = [minute for day in self.open for minute in self.open[day]]

    def elapsed(self, start: datetime, end: datetime) -> timedelta:
        return sum(1 for minute in self.minutes if start <= minute < end) * MINUTE

    def due(self, start: datetime, minutes: int) -> datetime:
        """The end of the last of so many open minutes after the start; for none, the start of the first."""
        ahead = (minute for minute in self.minutes if minute >= start)
        if not minutes:
            return next(ahead)
        return [next(ahead) for _ in range(minutes)][-1] + MINUTE

    def working_day(self, day: date, count: int) -> date:
        if count == 0 and self.open[day]:
            return day
        later = [other for other in self.open if other > day and self.open[other]]
        return later[max(count, 1) - 1]

    def end_of_working_day(self, day: date) -> datetime:
        for other, minutes in self.open.items():
            if other >= day and minutes and minutes[-1] == self.regular[other][-1]:
                return minutes[-1] + MINUTE
        raise LookupError(day)

    def working_date(self, due: datetime) -> date:
        """The date of the open minute that ends at this instant, or else of the first one after it."""
        for day, minutes in self.open.items():
            if minutes and minutes[-1] >= due - MINUTE:
                return day
        raise LookupError(due)

    def _minutes(self, day: date) -> Iterable[datetime]:
        if day in self.hours.holidays:
            return
        before = day - DAY
        if day in self.hours.openings:
            texts = [(text, False) for text in self.hours.openings[day]]
        else:
            texts = [(text, False) for text in self.hours.week.get(NAMES[day.weekday()], ())]
            texts += [(text, True) for text in self.hours.week.get(NAMES[before.weekday()], ())]
        texts += [(text, True) for text in self.hours.openings.get(before, ())]
        for text, started_yesterday in texts:
            opens, closes = (int(clock[:2]) * 60 + int(clock[3:]) for clock in text.split("-"))
            if started_yesterday:
                opens, closes = (0, closes) if closes <= opens else (0, 0)
            elif closes <= opens:
                closes = 24 * 60
            instant, end = self._instant(day, opens), self._instant(day, closes)
            while instant < end:
                yield instant
                instant += MINUTE

    def _instant(self, day: date, minutes: int) -> datetime:
        local = datetime(day.year, day.month, day.day) + minutes * MINUTE  # a wall clock, no zone yet
        noon = local.replace(tzinfo=UTC)
        offsets = [(noon + hours * timedelta(hours=1)).astimezone(self.zone).utcoffset() for hours in range(-30, 31, 6)]
        known = [offset for offset in offsets if offset is not None]
        candidates = {noon - offset for offset in known}
        shown = [instant for instant in candidates if instant.astimezone(self.zone).replace(tzinfo=None) == local]
        # In a gap no instant shows this local time: count it with the offset from before the gap.
        return min(shown) if shown else noon - known[0]
