"""Opening hours compiled to instants, a local year at a time, when a year is first asked for.

An instant is held as the timedelta since 1970 in UTC: sums of those are exact, and none has to be converted on the way
in or out.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import accumulate
from zoneinfo import ZoneInfo

from shared.worktime.week import MIDNIGHT, Week, Window, joined

FIRST_YEAR, LAST_YEAR = 1, 9998
LONGEST_GAP = 400  # days without an opening, from which on a calendar is refused

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
NOTHING = timedelta()

Span = tuple[timedelta, timedelta]
OpenOn = tuple[timedelta, timedelta, date]

_EPOCH = date(1970, 1, 1).toordinal()
_KEPT_YEARS = 64  # about 60 kB each
_SETTLED = 2100  # no zone has a listed clock change after this year, only its rule


@dataclass(frozen=True, slots=True)
class Segment:
    """The open windows of one local year and their prefix sums. Window i is [opens[i], closes[i]) on the date days[i].

    `before[i]` is the open time of the year before window i, `after[i]` that with window i. `ends` has the closing
    instant of each date that is open up to its regular end.
    """

    start: timedelta
    end: timedelta
    opens: Sequence[timedelta]
    closes: Sequence[timedelta]
    before: Sequence[timedelta]
    after: Sequence[timedelta]
    total: timedelta
    days: Sequence[date]
    dates: Sequence[date]
    ends: Mapping[date, timedelta]


def segment(bounds: Span, windows: Sequence[OpenOn], ends: Mapping[date, timedelta]) -> Segment:
    """A segment of windows that are in order and do not overlap."""
    after = list(accumulate(closes - opens for opens, closes, _ in windows))
    days = [day for _, _, day in windows]
    return Segment(
        start=bounds[0],
        end=bounds[1],
        opens=[opens for opens, _, _ in windows],
        closes=[closes for _, closes, _ in windows],
        before=[NOTHING, *after[:-1]],
        after=after,
        total=after[-1] if after else NOTHING,
        days=days,
        dates=list(dict.fromkeys(days)),
        ends=ends,
    )


def cut(whole: Segment, closures: Sequence[Span]) -> Segment:
    """The segment without the closures, which are in order and do not touch each other."""
    if not any(start < whole.end and end > whole.start for start, end in closures):
        return whole
    windows: list[OpenOn] = []
    for opens, closes, day in zip(whole.opens, whole.closes, whole.days, strict=True):
        kept = opens
        for start, end in closures[bisect_left(closures, opens, key=_until) :]:
            if start >= closes:
                break
            if start > kept:
                windows.append((kept, start, day))
            kept = max(kept, end)
        if kept < closes:
            windows.append((kept, closes, day))
    last = {day: closes for _, closes, day in windows}
    return segment((whole.start, whole.end), windows, {d: end for d, end in last.items() if end == whole.ends[d]})


class Years:
    """A calendar without its closures, shared by all calendars that differ only in those."""

    __slots__ = ("_kept", "_marked", "_totals", "holidays", "identity", "openings", "week", "zone")

    def __init__(
        self,
        zone: ZoneInfo,
        week: Week,
        holidays: frozenset[date],
        openings: Mapping[date, tuple[Window, ...]],
    ) -> None:
        self.zone = zone
        self.week = week
        self.holidays = holidays
        self.openings = openings
        self.identity = (zone, week, holidays, frozenset(openings.items()))
        self._marked = {day.year for day in (*holidays, *openings)}
        self._kept: dict[int, Segment] = {}
        self._totals: dict[int, timedelta] = {}
        self._refuse_gaps()

    def year(self, year: int) -> Segment:
        """The compiled year; ValueError outside the years that can be compiled."""
        found = self._kept.get(year)
        if found is None:
            if not FIRST_YEAR <= year <= LAST_YEAR:
                raise ValueError(f"the year {year} is outside the years {FIRST_YEAR} to {LAST_YEAR} of a calendar")
            found = self._compile(year)
            if len(self._kept) >= _KEPT_YEARS:
                self._kept.clear()
            self._kept[year] = found
            self._totals[year] = found.total
        return found

    def total(self, year: int) -> timedelta:
        """The open time of a year, for sums over many years.

        The calendar and a zone's last rule repeat after 400 years, so far years are not compiled one by one.
        """
        twin = _SETTLED + (year - _SETTLED) % 400 if _SETTLED < year <= LAST_YEAR else year
        if year in self._marked or twin in self._marked:
            twin = year
        found = self._totals.get(twin)
        return self.year(twin).total if found is None else found

    def hours(self, day: date) -> tuple[Window, ...]:
        """The windows of a date in local minutes, before any clock change: none on a holiday."""
        if day in self.holidays:
            return ()
        opening = self.openings.get(day)
        return self.week.days[day.weekday()] if opening is None else opening

    def _compile(self, year: int) -> Segment:
        windows: list[OpenOn] = []
        ends: dict[date, timedelta] = {}
        day = date(year, 1, 1)
        start = first = self._midnight(day)
        while day.year == year:
            tomorrow = day + DAY
            end = self._midnight(tomorrow)
            for opens, closes in self._instants(day, start, end):
                windows.append((opens, closes, day))
                ends[day] = closes
            day, start = tomorrow, end
        return segment((first, start), windows, ends)

    def _instants(self, day: date, start: timedelta, end: timedelta) -> Iterable[Span]:
        """A date's windows as instants, given those of its two midnights."""
        hours = self.hours(day)
        if end - start == DAY:
            return [(start + opens * MINUTE, start + closes * MINUTE) for opens, closes in hours]
        # The clock changes on this date. Where it springs forward, windows can become empty, turn round or come to
        # overlap, and a whole date can be left out (a zone that crosses the date line).
        shifted = (
            (max(start, self._instant(day, opens)), min(end, end if closes == MIDNIGHT else self._instant(day, closes)))
            for opens, closes in hours
        )
        return joined((opens, closes) for opens, closes in shifted if opens < closes)

    def _midnight(self, day: date) -> timedelta:
        return self._instant(day, 0)

    def _instant(self, day: date, minutes: int) -> timedelta:
        """A local time's instant: the first of two in autumn, moved on by the gap in spring (fold 0 is both)."""
        local = datetime.combine(day, time(minutes // 60, minutes % 60), self.zone)
        offset = local.utcoffset()
        assert offset is not None  # a ZoneInfo knows it for every datetime
        return timedelta(days=day.toordinal() - _EPOCH, minutes=minutes) - offset

    def _refuse_gaps(self) -> None:
        """ValueError when holidays and empty openings leave no open day for 400 days."""
        suspects = sorted(self.holidays | {day for day, hours in self.openings.items() if not hours})
        known = date.min
        for suspect in suspects:
            if suspect > known:
                known = self._open_again(suspect)

    def _open_again(self, closed: date) -> date:
        """The first open date after a closed one; ValueError when 400 days around it are closed."""
        first = closed
        while first.year > FIRST_YEAR and not self.hours(first - DAY):
            first -= DAY
        for ahead in range(LONGEST_GAP):
            day = first + ahead * DAY
            if day.year > LAST_YEAR or self.hours(day):
                return day
        raise ValueError(f"no open day within {LONGEST_GAP} days of {first}")


def _until(closure: Span) -> timedelta:
    return closure[1]
