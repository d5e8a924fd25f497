"""The calendar, rule by rule: closes, days off, closures, openings, clock changes."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from shared.worktime import AtClose, Calendar
from tests.unit.worktime.hours import at, office, whole_dates

HOUR = timedelta(hours=1)
NIGHTS = {day: ["22:00-06:00"] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
MONDAY = date(2026, 10, 5)


def night_shift(**changes: object) -> Calendar:
    return Calendar("Europe/London", NIGHTS, **changes)  # type: ignore[arg-type]  # each test names the argument it is about


@dataclass(frozen=True, slots=True)
class Due:
    start: str
    hours: float
    due: str
    at_close: AtClose = "close"


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(Due("Mon 2026-10-05 13:00", 4, "Mon 2026-10-05 17:00"), id="landing on a close gives the close"),
        pytest.param(Due("Mon 2026-10-05 13:00", 4, "Tue 2026-10-06 09:00", "next-open"), id="or the next opening"),
        pytest.param(Due("Fri 2026-10-09 09:00", 8, "Mon 2026-10-12 09:00", "next-open"), id="after the weekend too"),
        pytest.param(Due("Mon 2026-10-05 13:00", 3, "Mon 2026-10-05 16:00", "next-open"), id="only when on a close"),
        pytest.param(Due("Mon 2026-10-05 17:00", 1, "Tue 2026-10-06 10:00"), id="the closing instant is closed"),
        pytest.param(Due("Mon 2026-10-05 06:00", 1, "Mon 2026-10-05 10:00"), id="before opening"),
        pytest.param(Due("Sun 2026-10-11 12:00", 0, "Mon 2026-10-12 09:00"), id="nothing is due at the next opening"),
        pytest.param(Due("Mon 2026-10-05 17:00", 0, "Tue 2026-10-06 09:00"), id="nothing at a close too"),
        pytest.param(Due("Mon 2026-10-05 11:11", 0, "Mon 2026-10-05 11:11"), id="nothing when open is now"),
        pytest.param(Due("Thu 2026-12-31 16:00", 2, "Mon 2027-01-04 10:00"), id="over the new year"),
        pytest.param(Due("Mon 2026-10-05 09:00", 2048, "Thu 2027-10-07 17:00"), id="more than a year of hours"),
    ],
)
def test_due(case: Due) -> None:
    assert office().due(at(case.start), case.hours * HOUR, case.at_close) == at(case.due)


def test_touching_midnights_are_one_opening() -> None:
    calendar = whole_dates()
    assert calendar.due(at("Mon 2026-10-05 00:00"), 24 * HOUR, "next-open") == at("Tue 2026-10-06 00:00")
    assert calendar.due(at("Fri 2026-10-09 00:00"), 24 * HOUR) == at("Sat 2026-10-10 00:00")
    assert calendar.due(at("Fri 2026-10-09 00:00"), 24 * HOUR, "next-open") == at("Mon 2026-10-12 00:00")


def test_microseconds_are_exact() -> None:
    start, tick = at("Fri 2026-10-09 16:59") + timedelta(seconds=59, microseconds=999_999), timedelta(microseconds=1)
    assert office().due(start, tick) == at("Fri 2026-10-09 17:00")
    assert office().due(start, 2 * tick) == at("Mon 2026-10-12 09:00") + tick


def test_several_windows_a_day() -> None:
    calendar = office(mon=["09:00-12:00", "13:00-17:00"])
    assert calendar.due(at("Mon 2026-10-05 11:00"), 2 * HOUR) == at("Mon 2026-10-05 14:00")
    assert calendar.next_open(at("Mon 2026-10-05 12:00")) == at("Mon 2026-10-05 13:00")
    assert calendar.nominal_day == 8 * HOUR


@pytest.mark.parametrize(
    ("day", "hours"),
    [
        pytest.param("2026-10-05", 8, id="an ordinary night"),
        pytest.param("2026-03-28", 7, id="the night in which the clock goes forward"),
        pytest.param("2026-10-24", 9, id="the night in which it goes back"),
    ],
)
def test_a_night_lasts_as_long_as_it_lasts(day: str, hours: int) -> None:
    evening, morning = at(f"{day} 12:00"), at(f"{day} 12:00") + timedelta(days=1)
    assert night_shift().elapsed(evening, morning) == hours * HOUR


@pytest.mark.parametrize(
    ("window", "opening", "closing"),
    [
        pytest.param("01:30-03:00", "2026-03-29 01:30+00:00", "2026-03-29 02:00+00:00", id="opens in the gap"),
        pytest.param("00:30-01:30", "2026-03-29 00:30+00:00", "2026-03-29 01:30+00:00", id="closes in the gap"),
        pytest.param("01:00-02:00", "2026-04-05 00:00+00:00", "2026-04-05 01:00+00:00", id="emptied by the gap"),
        pytest.param("01:30-02:00", "2026-04-05 00:30+00:00", "2026-04-05 01:00+00:00", id="turned round by the gap"),
    ],
)
def test_a_local_time_in_the_spring_gap_moves_on_by_the_gap(window: str, opening: str, closing: str) -> None:
    calendar = Calendar("Europe/London", {"sun": [window]})
    found = calendar.windows(at("Sun 2026-03-29 00:00"), at("Mon 2026-04-06 00:00"))
    assert found[0] == (datetime.fromisoformat(opening), datetime.fromisoformat(closing))


@pytest.mark.parametrize(
    ("window", "opening", "closing"),
    [
        pytest.param("01:15-01:45", "2026-10-25 00:15+00:00", "2026-10-25 00:45+00:00", id="both in the fold"),
        pytest.param("00:30-01:30", "2026-10-24 23:30+00:00", "2026-10-25 00:30+00:00", id="closes in the fold"),
        pytest.param("01:30-02:30", "2026-10-25 00:30+00:00", "2026-10-25 02:30+00:00", id="opens in the fold"),
    ],
)
def test_a_local_time_in_the_autumn_fold_is_the_first_one(window: str, opening: str, closing: str) -> None:
    calendar = Calendar("Europe/London", {"sun": [window]})
    found = calendar.windows(at("Sun 2026-10-25 00:00"), at("Mon 2026-10-26 00:00"))
    assert found == [(datetime.fromisoformat(opening), datetime.fromisoformat(closing))]


def test_windows_that_the_gap_pushes_onto_each_other_count_once() -> None:
    calendar = Calendar("Europe/London", {"sun": ["01:15-01:45", "02:00-02:30"]})
    assert calendar.elapsed(at("Sun 2026-03-29 00:00"), at("Mon 2026-03-30 00:00")) == timedelta(minutes=45)


def test_a_gap_of_half_an_hour_moves_on_by_half_an_hour() -> None:
    lord_howe = ZoneInfo("Australia/Lord_Howe")
    calendar = Calendar(lord_howe, {"sun": ["02:15-04:00"]})
    assert calendar.next_open(at("Sun 2026-10-04 00:00", lord_howe)) == at("Sun 2026-10-04 02:45", lord_howe)


def test_a_date_that_a_zone_left_out_has_no_hours() -> None:
    apia = ZoneInfo("Pacific/Apia")
    calendar = Calendar(apia, {"fri": ["09:00-17:00"], "mon": ["09:00-17:00"]})
    assert not calendar.is_working_day(date(2011, 12, 30))
    assert calendar.next_open(at("Thu 2011-12-29 12:00", apia)) == at("Mon 2012-01-02 09:00", apia)


def test_a_holiday_takes_away_its_own_date_only() -> None:
    calendar = night_shift(holidays={MONDAY})
    assert calendar.windows(at("2026-10-04 21:00"), at("2026-10-06 07:00")) == [
        (at("2026-10-04 22:00"), at("2026-10-04 24:00")),
        (at("2026-10-06 00:00"), at("2026-10-06 06:00")),
    ]


def test_sunday_night_runs_into_monday() -> None:
    calendar = Calendar("Europe/London", {"sun": ["22:00-06:00"]})
    assert calendar.elapsed(at("Sun 2026-10-04 00:00"), at("Tue 2026-10-06 00:00")) == 8 * HOUR
    assert calendar.is_working_day(MONDAY)
    assert calendar.nominal_day == 8 * HOUR


def test_a_night_may_end_at_midnight() -> None:
    late = Calendar("Europe/London", {"mon": ["22:00-24:00"], "tue": ["22:00-00:00"]})
    assert late.elapsed(at("2026-10-05 00:00"), at("2026-10-07 12:00")) == 4 * HOUR
    assert not late.is_working_day(date(2026, 10, 7))


CHRISTMAS_EVE = date(2026, 12, 24)
EVE = (at("2026-12-24 00:00"), at("2026-12-24 24:00"))


def hours_of_christmas_eve(calendar: Calendar) -> list[str]:
    spans = calendar.windows(*EVE)
    return [f"{start.astimezone(calendar.zone):%H:%M}-{end.astimezone(calendar.zone):%H:%M}" for start, end in spans]


class TestOpenings:
    def calendar(self, opening: list[str], holidays: frozenset[date] = frozenset()) -> Calendar:
        week = {day: ["09:00-17:00"] for day in ("mon", "tue", "wed", "thu", "fri")}
        return Calendar("Europe/London", week, holidays, openings={CHRISTMAS_EVE: opening})

    def test_replaces_the_windows_of_its_date(self) -> None:
        assert hours_of_christmas_eve(self.calendar(["07:00-09:00", "10:00-12:00"])) == ["07:00-09:00", "10:00-12:00"]

    def test_without_windows_closes_its_date(self) -> None:
        assert not self.calendar([]).is_working_day(CHRISTMAS_EVE)

    def test_yields_to_a_holiday(self) -> None:
        assert hours_of_christmas_eve(self.calendar(["09:00-12:00"], frozenset({CHRISTMAS_EVE}))) == []

    def test_yields_to_a_closure(self) -> None:
        closed = self.calendar(["09:00-12:00"]).with_closures([(at("2026-12-24 11:00"), at("2026-12-24 23:00"))])
        assert hours_of_christmas_eve(closed) == ["09:00-11:00"]

    def test_opens_a_day_off(self) -> None:
        saturday = date(2026, 10, 10)
        calendar = Calendar("Europe/London", {"mon": ["09:00-17:00"]}, openings={saturday: ["10:00-11:00"]})
        assert calendar.next_open(at("2026-10-09 12:00")) == at("2026-10-10 10:00")

    def test_runs_past_midnight_into_the_next_date(self) -> None:
        calendar = self.calendar(["20:00-09:30"])
        assert calendar.elapsed(at("2026-12-24 12:00"), at("2026-12-25 24:00")) == 4 * HOUR + 17 * HOUR

    def test_replaces_the_end_of_the_night_before(self) -> None:
        calendar = night_shift(openings={CHRISTMAS_EVE: ["09:00-10:00"]})
        assert hours_of_christmas_eve(calendar) == ["09:00-10:00"]


class TestClosures:
    def test_may_begin_and_finish_within_a_window(self) -> None:
        calendar = office().with_closures([(at("2026-10-05 10:00"), at("2026-10-05 11:30"))])
        assert calendar.due(at("2026-10-05 09:00"), HOUR) == at("2026-10-05 10:00")
        assert calendar.due(at("2026-10-05 09:00"), 2 * HOUR) == at("2026-10-05 12:30")
        assert calendar.next_open(at("2026-10-05 10:00")) == at("2026-10-05 11:30")
        assert calendar.elapsed(at("2026-10-05 09:00"), at("2026-10-05 17:00")) == timedelta(hours=6, minutes=30)

    def test_join_where_they_overlap_or_meet(self) -> None:
        first, second = (
            (at("2026-10-05 10:00"), at("2026-10-05 12:00")),
            (at("2026-10-05 11:00"), at("2026-10-05 13:00")),
        )
        third = (at("2026-10-05 13:00"), at("2026-10-05 14:00"))
        calendar = office().with_closures([third, first]).with_closures([second])
        assert calendar.closures == ((first[0], third[1]),)
        assert calendar == office().with_closures([(first[0], third[1])])

    def test_are_added_to_those_the_calendar_has(self) -> None:
        one, two = (at("2026-10-05 09:00"), at("2026-10-05 10:00")), (at("2026-10-06 09:00"), at("2026-10-06 10:00"))
        assert office().with_closures([one]).with_closures([two]) == office().with_closures([two, one])

    def test_leave_the_calendar_they_are_added_to_alone(self) -> None:
        calendar = office()
        calendar.with_closures([(at("2026-10-05 09:00"), at("2026-10-05 17:00"))])
        assert calendar.due(at("2026-10-05 09:00"), HOUR) == at("2026-10-05 10:00")
        assert calendar.closures == ()

    def test_of_no_length_change_nothing(self) -> None:
        noon = at("2026-10-05 12:00")
        assert office().with_closures([(noon, noon)]) == office()

    def test_over_the_new_year_close_both_years(self) -> None:
        calendar = office().with_closures([(at("2026-12-24 00:00"), at("2027-01-03 24:00"))])
        assert calendar.elapsed(at("2026-12-23 17:00"), at("2027-01-04 09:00")) == timedelta()

    def test_of_a_whole_day_make_it_a_day_off(self) -> None:
        calendar = office().with_closures([(at("2026-10-05 09:00"), at("2026-10-05 17:00"))])
        assert not calendar.is_working_day(MONDAY)
        assert calendar.add_working_days(MONDAY, 0) == date(2026, 10, 6)

    def test_at_the_end_of_a_day_do_not_bring_its_end_forward(self) -> None:
        calendar = office().with_closures([(at("2026-10-05 15:00"), at("2026-10-06 10:00"))])
        assert calendar.is_working_day(MONDAY)
        assert calendar.end_of_working_day(MONDAY) == at("2026-10-06 17:00")


@pytest.mark.parametrize(
    ("day", "count", "found"),
    [
        pytest.param("2026-10-05", 0, "2026-10-05", id="none from a working day is that day"),
        pytest.param("2026-10-10", 0, "2026-10-12", id="none from a day off is the next working day"),
        pytest.param("2026-10-09", 1, "2026-10-12", id="one from Friday is Monday"),
        pytest.param("2026-10-10", 1, "2026-10-12", id="one from Saturday is Monday"),
        pytest.param("2026-12-24", 1, "2026-12-29", id="Boxing Day on a Saturday is kept on Monday"),
        pytest.param("2026-12-31", 1, "2027-01-04", id="over the new year"),
        pytest.param("2026-01-05", 300, "2027-03-11", id="into the next year"),
    ],
)
def test_add_working_days(day: str, count: int, found: str) -> None:
    assert office().add_working_days(date.fromisoformat(day), count) == date.fromisoformat(found)


@pytest.mark.parametrize(
    ("day", "end"),
    [
        pytest.param("2026-10-05", "2026-10-05 17:00", id="a working day"),
        pytest.param("2026-10-10", "2026-10-12 17:00", id="a day off takes the next working day"),
    ],
)
def test_end_of_working_day(day: str, end: str) -> None:
    assert office().end_of_working_day(date.fromisoformat(day)) == at(end)


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        pytest.param("Mon 2026-10-12 24:00", "2026-10-12", id="24:00 is of the day before"),
        pytest.param("Mon 2026-10-12 00:00", "2026-10-12", id="an opening midnight is of its own day"),
        pytest.param("Fri 2026-10-09 24:00", "2026-10-09", id="24:00 before a day off too"),
        pytest.param("Thu 2026-12-31 24:00", "2026-12-31", id="24:00 of the old year"),
        pytest.param("Sat 2026-10-10 12:00", "2026-10-12", id="a day off counts for the next working day"),
    ],
)
def test_working_date_of(instant: str, day: str) -> None:
    assert whole_dates().working_date_of(at(instant)) == date.fromisoformat(day)


def test_working_date_of_a_close_is_the_date_that_closes() -> None:
    assert office().working_date_of(at("Mon 2026-10-05 17:00")) == MONDAY


def test_windows_are_clipped_and_apart_at_midnight() -> None:
    calendar = whole_dates()
    assert calendar.windows(at("2026-10-05 12:00"), at("2026-10-06 06:00")) == [
        (at("2026-10-05 12:00"), at("2026-10-05 24:00")),
        (at("2026-10-06 00:00"), at("2026-10-06 06:00")),
    ]
    assert calendar.windows(at("2026-10-10 12:00"), at("2026-10-11 06:00")) == []


def test_start_may_be_in_any_zone() -> None:
    auckland = at("Mon 2026-10-05 09:00").astimezone(ZoneInfo("Pacific/Auckland"))
    assert office().due(auckland, HOUR) == at("Mon 2026-10-05 10:00")
    new_year = datetime(2027, 1, 1, 0, 30, tzinfo=ZoneInfo("Pacific/Kiritimati"))
    assert office().due(new_year, HOUR) == at("Thu 2026-12-31 11:30")


def test_equal_calendars_are_one_key() -> None:
    assert len({office(), office(), office().with_closures([])}) == 1
    assert office() != office("SCT")
    assert office() != "Europe/London"


@pytest.mark.parametrize("year", [1970, 2037, 2038, 2400, 9990])
def test_any_year_has_hours(year: int) -> None:
    calendar = Calendar("Europe/London", {"mon": ["09:00-17:00"], "sat": ["22:00-06:00"]})
    start = datetime(year, 6, 1, tzinfo=UTC)
    assert calendar.elapsed(start, calendar.due(start, 100 * HOUR)) == 100 * HOUR


def test_millennia_are_summed_without_compiling_each_year() -> None:
    calendar = office().with_closures([(at("3000-10-06 09:00"), at("3000-10-06 10:00"))])
    start, end = at("1970-01-01 00:00"), at("9990-01-01 00:00")
    halfway = at("5000-07-01 12:00")
    assert calendar.elapsed(start, end) == calendar.elapsed(start, halfway) + calendar.elapsed(halfway, end)
    assert calendar.due(start, calendar.elapsed(start, halfway)) == halfway
    assert calendar.elapsed(at("3000-10-06 00:00"), at("3000-10-07 00:00")) == 7 * HOUR


def test_far_years_repeat_after_four_hundred() -> None:
    calendar = office()
    total = [calendar.elapsed(at(f"{year}-01-01 00:00"), at(f"{year + 1}-01-01 00:00")) for year in (2123, 2523, 9723)]
    assert len(set(total)) == 1


@pytest.mark.parametrize("holiday", [pytest.param(year, id=f"a holiday in {year}") for year in (2123, 2523)])
def test_a_far_holiday_is_taken_from_its_own_year_only(holiday: int) -> None:
    week = {"fri": ["09:00-17:00"]}
    fridays = {year: date(year, 10, 1) for year in (2123, 2523)}
    plain, less = Calendar("UTC", week), Calendar("UTC", week, {fridays[holiday]})
    for year in fridays:
        start, end = datetime(year - 1, 6, 1, tzinfo=UTC), datetime(year + 1, 6, 1, tzinfo=UTC)
        taken = plain.elapsed(start, end) - less.elapsed(start, end)
        assert taken == (8 * HOUR if year == holiday else timedelta())
