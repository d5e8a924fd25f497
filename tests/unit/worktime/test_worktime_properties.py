"""What must hold for any hours, in any zone, over any change of the clock, and against a count by minutes."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from shared.worktime import AtClose, Calendar
from tests.unit.worktime.oracle import NAMES, Hours, Oracle

Drawn = tuple[Hours, date]

MINUTE = timedelta(minutes=1)
MICROSECOND = timedelta(microseconds=1)
DAY = timedelta(days=1)
WEEK_OF_MINUTES = 7 * 24 * 60
ZONES = ("Europe/London", "Australia/Lord_Howe", "America/New_York", "Asia/Kolkata", "America/St_Johns", "Africa/Cairo")
# Mondays before a change of some of the zones' clocks, the turn of a year, and an ordinary week.
MONDAYS = tuple(
    date.fromisoformat(f"2026-{day}")
    for day in ("03-02", "03-23", "03-30", "04-20", "06-08", "09-28", "10-19", "10-26", "12-21")
)


def written(opens: int, closes: int) -> list[tuple[str, str]]:
    """A stretch of the week's minutes as windows of its days, past midnight where that can be written as one."""
    windows = []
    while opens < closes:
        day, start = divmod(opens, 24 * 60)
        end = closes - day * 24 * 60
        if start < end <= 24 * 60 or end - 24 * 60 >= start:
            end = min(end, 24 * 60)
        shown = end if end <= 24 * 60 else end - 24 * 60
        windows.append((NAMES[day % 7], f"{start // 60:02}:{start % 60:02}-{shown // 60:02}:{shown % 60:02}"))
        opens = day * 24 * 60 + end
    return windows


@st.composite
def weeks(draw: st.DrawFn) -> dict[str, tuple[str, ...]]:
    """Windows anywhere in the week, some past midnight and past Sunday, none overlapping."""
    quarters = draw(st.lists(st.integers(0, WEEK_OF_MINUTES // 15 - 1), min_size=2, max_size=16, unique=True))
    points = [quarter * 15 for quarter in sorted(quarters[: len(quarters) // 2 * 2])]
    if draw(st.booleans()):
        points = [*points[1:], points[0] + WEEK_OF_MINUTES]
    week: dict[str, tuple[str, ...]] = {}
    for opens, closes in zip(points[::2], points[1::2], strict=True):
        for day, window in written(opens, closes):
            week[day] = (*week.get(day, ()), window)
    return week


@st.composite
def some_hours(draw: st.DrawFn) -> tuple[Hours, date]:
    """A calendar's arguments and the Monday around which its days off lie."""
    monday = draw(st.sampled_from(MONDAYS))
    near = st.integers(0, 13).map(lambda ahead: monday + ahead * DAY)
    start = datetime(monday.year, monday.month, monday.day, tzinfo=UTC)
    closures = st.tuples(st.integers(0, 14 * 24 * 60), st.integers(0, 3 * 24 * 60)).map(
        lambda span: (start + span[0] * MINUTE, start + (span[0] + span[1]) * MINUTE)
    )
    opening = st.sampled_from(
        [(), ("10:00-12:00",), ("01:15-01:45", "02:00-24:00"), ("20:00-03:30",), ("23:00-00:00",)]
    )
    openings = draw(st.dictionaries(near, opening, max_size=2))
    # Two overnight openings in a row would overlap, which is refused.
    openings = {day: texts for day, texts in openings.items() if day - DAY not in openings}
    hours = Hours(
        zone=draw(st.sampled_from(ZONES)),
        week=draw(weeks()),
        holidays=draw(st.frozensets(near, max_size=3)),
        closures=tuple(draw(st.lists(closures, max_size=3))),
        openings=openings,
    )
    return hours, monday


def calendar_of(hours: Hours) -> Calendar:
    return Calendar(hours.zone, hours.week, hours.holidays, hours.closures, hours.openings)


def instant_after(day: date, minutes: int) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + minutes * MINUTE


minutes_ahead = st.integers(0, 16 * 24 * 60)
ticks_ahead = st.integers(0, 16 * 24 * 3600 * 1_000_000).map(lambda ticks: ticks * MICROSECOND)
spans = st.one_of(
    st.integers(0, 60 * 24 * 3600 * 1_000_000).map(lambda ticks: ticks * MICROSECOND),
    st.integers(0, 400).map(lambda quarters: quarters * 15 * MINUTE),
)
closes = st.sampled_from(["close", "next-open"])
slow = settings(max_examples=40, deadline=None)
quick = settings(max_examples=150, deadline=None)


class TestAgainstACountByMinutes:
    @slow
    @given(some_hours(), minutes_ahead, minutes_ahead)
    def test_elapsed(self, drawn: Drawn, one: int, other: int) -> None:
        hours, monday = drawn
        start, end = sorted((instant_after(monday, one), instant_after(monday, other)))
        assert calendar_of(hours).elapsed(start, end) == Oracle(hours, monday - 2 * DAY, 21).elapsed(start, end)

    @slow
    @given(some_hours(), minutes_ahead, st.integers(0, 3000))
    def test_due(self, drawn: Drawn, ahead: int, minutes: int) -> None:
        hours, monday = drawn
        start, oracle = instant_after(monday, ahead), Oracle(hours, monday - 2 * DAY, 36)
        assume(oracle.elapsed(start, start + 17 * DAY) > minutes * MINUTE)
        assert calendar_of(hours).due(start, minutes * MINUTE) == oracle.due(start, minutes)

    @slow
    @given(some_hours(), minutes_ahead, st.integers(1, 3000))
    def test_due_at_the_next_opening(self, drawn: Drawn, ahead: int, minutes: int) -> None:
        hours, monday = drawn
        start, oracle = instant_after(monday, ahead), Oracle(hours, monday - 2 * DAY, 36)
        assume(oracle.elapsed(start, start + 17 * DAY) > minutes * MINUTE)
        due = oracle.due(oracle.due(start, minutes), 0)
        assert calendar_of(hours).due(start, minutes * MINUTE, "next-open") == due

    @slow
    @given(some_hours(), minutes_ahead, st.lists(st.integers(0, 3000), max_size=4), closes)
    def test_several_spans_since_one_start(
        self, drawn: Drawn, ahead: int, minutes: list[int], at_close: AtClose
    ) -> None:
        calendar, start = calendar_of(drawn[0]), instant_after(drawn[1], ahead)
        spans = [count * MINUTE for count in minutes]
        assert calendar.due_each(start, spans, at_close) == [calendar.due(start, span, at_close) for span in spans]

    @slow
    @given(some_hours(), st.integers(0, 13), st.integers(0, 4))
    def test_working_days(self, drawn: Drawn, ahead: int, count: int) -> None:
        hours, monday = drawn
        calendar, oracle, day = calendar_of(hours), Oracle(hours, monday, 55), monday + ahead * DAY
        assert calendar.is_working_day(day) == bool(oracle.open[day])
        assert calendar.add_working_days(day, count) == oracle.working_day(day, count)
        assert calendar.end_of_working_day(day) == oracle.end_of_working_day(day)

    @slow
    @given(some_hours(), minutes_ahead)
    def test_working_date_and_windows(self, drawn: Drawn, ahead: int) -> None:
        hours, monday = drawn
        calendar, oracle, start = calendar_of(hours), Oracle(hours, monday - 2 * DAY, 40), instant_after(monday, ahead)
        assert calendar.working_date_of(start) == oracle.working_date(start)
        spans = calendar.windows(start, start + DAY)
        listed = [opens + ahead * MINUTE for opens, end in spans for ahead in range((end - opens) // MINUTE)]
        assert listed == [minute for minute in oracle.minutes if start <= minute < start + DAY]


class TestForAnyHours:
    @quick
    @given(some_hours(), ticks_ahead, ticks_ahead, spans, closes)
    def test_due_is_monotone_in_start(
        self, drawn: Drawn, one: timedelta, other: timedelta, span: timedelta, at_close: AtClose
    ) -> None:
        hours, monday = drawn
        calendar, (first, second) = calendar_of(hours), sorted((one, other))
        start = instant_after(monday, 0)
        assert calendar.due(start + first, span, at_close) <= calendar.due(start + second, span, at_close)

    @quick
    @given(some_hours(), ticks_ahead, spans, closes)
    def test_elapsed_until_due_is_the_span(
        self, drawn: Drawn, ahead: timedelta, span: timedelta, at_close: AtClose
    ) -> None:
        hours, monday = drawn
        calendar, start = calendar_of(hours), instant_after(monday, 0) + ahead
        assert calendar.elapsed(start, calendar.due(start, span, at_close)) == span

    @quick
    @given(some_hours(), st.tuples(ticks_ahead, ticks_ahead, ticks_ahead))
    def test_elapsed_is_additive(self, drawn: Drawn, ahead: tuple[timedelta, timedelta, timedelta]) -> None:
        hours, monday = drawn
        calendar = calendar_of(hours)
        first, second, third = (instant_after(monday, 0) + tick for tick in sorted(ahead))
        assert calendar.elapsed(first, third) == calendar.elapsed(first, second) + calendar.elapsed(second, third)

    @quick
    @given(some_hours(), ticks_ahead, spans, ticks_ahead, ticks_ahead, st.integers(0, 13), st.integers(0, 6))
    def test_a_closure_never_makes_a_deadline_earlier(
        self, drawn: Drawn, ahead: timedelta, span: timedelta, one: timedelta, other: timedelta, days: int, count: int
    ) -> None:
        hours, monday = drawn
        calendar, start = calendar_of(hours), instant_after(monday, 0)
        closed = calendar.with_closures([(start + min(one, other), start + max(one, other))])
        day = monday + days * DAY
        assert closed.due(start + ahead, span) >= calendar.due(start + ahead, span)
        assert closed.due(start + ahead, span, "next-open") >= calendar.due(start + ahead, span, "next-open")
        last, closed_last = calendar.add_working_days(day, count), closed.add_working_days(day, count)
        assert closed_last >= last
        assert closed.end_of_working_day(closed_last) >= calendar.end_of_working_day(last)

    @quick
    @given(some_hours(), ticks_ahead, spans, closes, st.integers(0, 13))
    def test_a_due_time_is_in_or_on_the_edge_of_a_window(
        self, drawn: Drawn, ahead: timedelta, span: timedelta, at_close: AtClose, days: int
    ) -> None:
        hours, monday = drawn
        calendar, start = calendar_of(hours), instant_after(monday, 0) + ahead
        for due in (calendar.due(start, span, at_close), calendar.end_of_working_day(monday + days * DAY)):
            assert calendar.windows(due - MICROSECOND, due + MICROSECOND)

    @quick
    @given(some_hours(), ticks_ahead)
    def test_nothing_is_due_at_the_next_opening(self, drawn: Drawn, ahead: timedelta) -> None:
        hours, monday = drawn
        calendar, start = calendar_of(hours), instant_after(monday, 0) + ahead
        opening = calendar.next_open(start)
        assert calendar.due(start, timedelta()) == opening
        assert calendar.next_open(opening) == opening
        assert calendar.elapsed(start, opening) == timedelta()

    @quick
    @given(some_hours(), ticks_ahead, spans)
    def test_closures_of_the_calendar_and_added_ones_are_the_same(
        self, drawn: Drawn, ahead: timedelta, span: timedelta
    ) -> None:
        hours, monday = drawn
        start = instant_after(monday, 0) + ahead
        whole = calendar_of(hours)
        added = Calendar(hours.zone, hours.week, hours.holidays, (), hours.openings).with_closures(hours.closures)
        assert added == whole
        assert hash(added) == hash(whole)
        assert added.due(start, span) == whole.due(start, span)
