"""The calendar of an organisation's open hours, and the arithmetic of deadlines in it."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from shared.worktime.segment import DAY, FIRST_YEAR, LAST_YEAR, LONGEST_GAP, NOTHING, Segment, Span, Years, cut
from shared.worktime.week import joined, read_openings, read_week

AtClose = Literal["close", "next-open"]
Closure = tuple[datetime, datetime]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_AT_CLOSE = ("close", "next-open")
_NO_CLOSURES: tuple[Closure, ...] = ()


class Calendar:
    """When an organisation is open: weekly windows of local time, less holidays and closures, plus one-off openings.

    Immutable, and equal to any other calendar with the same hours. Instants are aware datetimes, results in UTC; a
    naive one is a TypeError. Elapsed time is real time: a night in which the clock changes has 7 or 9 hours. A
    window past midnight belongs to both its dates, and a holiday takes away its own date only. A one-off opening
    replaces its date's windows; a holiday or a closure beats it. A week that cannot be read, and hours that leave no
    open day for 400 days, are a ValueError; so is a question outside the years 1 to 9998.
    """

    __slots__ = ("_closures", "_cut", "_touched", "_years")

    _years: Years
    _closures: tuple[Span, ...]
    _touched: frozenset[int]
    _cut: dict[int, Segment]

    def __init__(
        self,
        zone: str | ZoneInfo,
        week: Mapping[str, Iterable[str]],
        holidays: Iterable[date] = (),
        closures: Iterable[Closure] = _NO_CLOSURES,
        openings: Mapping[date, Iterable[str]] | None = None,
    ) -> None:
        hours = read_week(week)
        changed = read_openings({_date(day): texts for day, texts in (openings or {}).items()}, hours)
        days_off = frozenset(_date(day) for day in holidays)
        self._close(Years(_zone(zone), hours, days_off, changed), _spans(closures))

    def with_closures(self, closures: Iterable[Closure]) -> Self:
        """This calendar with these closures as well as its own; only the years that they touch are worked out anew."""
        spans = _spans(closures)
        if not spans:
            return self
        more = object.__new__(type(self))
        more._close(self._years, [*self._closures, *spans])
        return more

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which the week is written."""
        return self._years.zone

    @property
    def nominal_day(self) -> timedelta:
        """The longest opening of a weekday as written in the week."""
        return self._years.week.nominal_day

    @property
    def closures(self) -> tuple[Closure, ...]:
        """The closures as half-open spans, in order, joined where they meet."""
        return tuple((_EPOCH + start, _EPOCH + end) for start, end in self._closures)

    def due(self, start: datetime, span: timedelta, at_close: AtClose = "close") -> datetime:
        """The earliest instant by which `span` of open time has passed since `start`.

        Landing on a close gives the closing instant, or with "next-open" the next opening. No span at all is due at
        the next opening. ValueError for a negative span.
        """
        at = _since_epoch(start)
        if at_close not in _AT_CLOSE:
            raise ValueError(f"at_close is 'close' or 'next-open', not {at_close!r}")
        if span <= NOTHING:
            if span < NOTHING:
                raise ValueError(f"a span of {span} is negative")
            return self.next_open(start)
        year, segment = self._around(start.year, at)
        opened = _opened(segment, at)
        if span <= segment.total - opened:
            left = opened + span
        else:
            left = span - (segment.total - opened)
            year += 1
            while left > (total := self._total(year)):
                left -= total
                year += 1
            segment = self._segment(year)
        window = bisect_left(segment.after, left)
        end = _EPOCH + (segment.closes[window] - segment.after[window] + left)
        if at_close == "close" or left < segment.after[window]:
            return end
        return self.next_open(end)

    def due_each(self, start: datetime, spans: Iterable[timedelta], at_close: AtClose = "close") -> list[datetime]:
        """`due` for each of these spans since one start, whose place among the openings is looked up once."""
        at = _since_epoch(start)
        _, segment = self._around(start.year, at)
        opened, total = _opened(segment, at), segment.total
        found = []
        for span in spans:
            left = opened + span
            if span > NOTHING and left <= total and at_close == "close":
                window = bisect_left(segment.after, left)
                found.append(_EPOCH + (segment.closes[window] - segment.after[window] + left))
            else:
                found.append(self.due(start, span, at_close))
        return found

    def elapsed(self, start: datetime, end: datetime) -> timedelta:
        """The open time between two instants; ValueError when they are the wrong way round."""
        at, until = _ordered(start, end)
        year, segment = self._around(start.year, at)
        last_year, last = self._around(end.year, until)
        open_time = _opened(last, until) - _opened(segment, at)
        for passed in range(year, last_year):
            open_time += self._total(passed)
        return open_time

    def next_open(self, at: datetime) -> datetime:
        """The earliest open instant that is not before `at`: an open instant is its own."""
        instant = _since_epoch(at)
        year, segment = self._around(at.year, instant)
        window = bisect_right(segment.closes, instant)
        while window == len(segment.closes):
            year, window = year + 1, 0
            segment = self._segment(year)
        return _EPOCH + max(instant, segment.opens[window])

    def windows(self, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
        """The open spans between two instants, in order, apart at each local midnight."""
        at, until = _ordered(start, end)
        first_year, _ = self._around(start.year, at)
        last_year, _ = self._around(end.year, until)
        found = []
        for year in range(first_year, last_year + 1):
            segment = self._segment(year)
            first = bisect_right(segment.closes, at)
            beyond = bisect_left(segment.opens, until)
            for window in range(first, beyond):
                opens, closes = max(at, segment.opens[window]), min(until, segment.closes[window])
                if opens < closes:
                    found.append((_EPOCH + opens, _EPOCH + closes))
        return found

    def is_working_day(self, day: date) -> bool:
        """Whether any time of the local date is open."""
        dates = self._segment(_date(day).year).dates
        index = bisect_left(dates, day)
        return index < len(dates) and dates[index] == day

    def add_working_days(self, day: date, count: int) -> date:
        """The `count`-th working day after a date; for 0 the date itself, or for a day off the next working day."""
        if count < 0:
            raise ValueError(f"{count} working days are negative")
        year = _date(day).year
        segment = self._segment(year)
        index = bisect_right(segment.dates, day) + count - 1 if count else bisect_left(segment.dates, day)
        while index >= len(segment.dates):
            index -= len(segment.dates)
            year += 1
            segment = self._segment(year)
        return segment.dates[index]

    def end_of_working_day(self, day: date) -> datetime:
        """The last close of a local date, or of the next working day if it is a day off.

        A day whose end is taken by a closure does not end early: its work is due by the end of the next day that is
        open to its own end, because a closure never brings a deadline forward.
        """
        working = self.add_working_days(day, 0)
        while (end := self._segment(working.year).ends.get(working)) is None:
            working = self.add_working_days(working, 1)
        return _EPOCH + end

    def working_date_of(self, instant: datetime) -> date:
        """The working date on which an instant falls; a closing instant, 24:00 too, is of the date that it closes.

        An instant outside opening hours counts for the next opening's date.
        """
        at = _since_epoch(instant)
        year, segment = self._around(instant.year, at)
        if at == segment.start and year > FIRST_YEAR:
            before = self._segment(year - 1)
            if before.closes and before.closes[-1] == at:
                return before.days[-1]
        window = bisect_left(segment.closes, at)
        while window == len(segment.closes):
            year, window = year + 1, 0
            segment = self._segment(year)
        return segment.days[window]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Calendar):
            return NotImplemented
        same_hours = self._years is other._years or self._years.identity == other._years.identity
        return same_hours and self._closures == other._closures

    def __hash__(self) -> int:
        return hash((self._years.identity, self._closures))

    def __repr__(self) -> str:
        years = self._years
        return f"<Calendar {years.zone.key}: {len(years.holidays)} holidays, {len(self._closures)} closures>"

    def _close(self, years: Years, spans: Sequence[Span]) -> None:
        self._years = years
        self._closures = tuple(joined(spans))
        self._cut = {}
        touched: set[int] = set()
        for start, end in self._closures:
            if end - start > (LONGEST_GAP + 2) * DAY:
                raise _no_open_day(_EPOCH + start)
            touched.update(range((_EPOCH + start).year - 1, (_EPOCH + end).year + 2))
        self._touched = frozenset(touched)
        for start, _ in self._closures:
            self._refuse_gap(_EPOCH + start)

    def _refuse_gap(self, start: datetime) -> None:
        """ValueError when the closure that starts here leaves no open day for 400 days, days off around it included."""
        day = start.astimezone(self.zone).date()
        year, index = day.year, bisect_right(self._segment(day.year).dates, day)
        while not index:
            year -= 1
            index = len(self._segment(year).dates)
        last = self._segment(year).dates[index - 1]
        if (self.add_working_days(day, 1) - last).days > LONGEST_GAP:
            raise _no_open_day(start)

    def _around(self, year: int, at: timedelta) -> tuple[int, Segment]:
        """The local year in which an instant falls and its segment, given the instant's year in some other zone."""
        segment = self._segment(min(year, LAST_YEAR))
        if at < segment.start:
            return year - 1, self._segment(year - 1)
        if at >= segment.end:
            return year + 1, self._segment(year + 1)
        return year, segment

    def _segment(self, year: int) -> Segment:
        if year not in self._touched:
            return self._years.year(year)
        found = self._cut.get(year)
        if found is None:
            whole = self._years.year(year)
            found = cut(whole, self._closures)
            self._cut[year] = found
        return found

    def _total(self, year: int) -> timedelta:
        return self._segment(year).total if year in self._touched else self._years.total(year)


def _opened(segment: Segment, at: timedelta) -> timedelta:
    """The open time from the start of the segment's year to an instant in it."""
    window = bisect_right(segment.closes, at)
    if window == len(segment.closes):
        return segment.total
    opens = segment.opens[window]
    return segment.before[window] + (at - opens if at > opens else NOTHING)


def _spans(closures: Iterable[Closure]) -> list[Span]:
    """Closures as spans, empty ones left out; ValueError for one that ends before it begins."""
    spans = (_ordered(start, end) for start, end in closures)
    return [(start, end) for start, end in spans if start < end]


def _ordered(start: datetime, end: datetime) -> Span:
    at, until = _since_epoch(start), _since_epoch(end)
    if until < at:
        raise ValueError(f"{end.isoformat()} is before {start.isoformat()}")
    return at, until


def _since_epoch(instant: datetime) -> timedelta:
    try:
        return instant - _EPOCH
    except TypeError:
        raise TypeError(f"an instant is a datetime with a zone, not {instant!r}") from None


def _date(day: date) -> date:
    if isinstance(day, datetime) or not isinstance(day, date):
        raise TypeError(f"a day is a date, not {day!r}")
    return day


def _zone(zone: str | ZoneInfo) -> ZoneInfo:
    if isinstance(zone, ZoneInfo):
        return zone
    try:
        return ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"unknown time zone {zone!r}") from error


def _no_open_day(start: datetime) -> ValueError:
    return ValueError(f"no open day within {LONGEST_GAP} days of the closure from {start.isoformat()}")
