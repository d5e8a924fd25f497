"""What a calendar refuses, and how it says so."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta

import pytest

from shared.worktime import Calendar
from tests.unit.worktime.hours import at, office

NAIVE = datetime(2026, 10, 5, 12)
NOON = at("Mon 2026-10-05 12:00")
HOUR = timedelta(hours=1)
YEAR_OFF = frozenset(date(2026, 1, 1) + timedelta(days=day) for day in range(400))


@pytest.mark.parametrize(
    ("week", "reason"),
    [
        pytest.param({}, "no opening", id="empty"),
        pytest.param({"mon": []}, "no opening", id="no window on any day"),
        pytest.param({"monday": ["09:00-17:00"]}, "unknown day 'monday'", id="unknown day"),
        pytest.param({"mon": ["09:00-09:00"]}, "mon: '09:00-09:00' has no length", id="zero length"),
        pytest.param({"mon": ["00:00-00:00"]}, "no length", id="zero length at midnight"),
        pytest.param({"mon": ["24:00-06:00"]}, "24:00 only closes", id="opens at 24:00"),
        pytest.param({"mon": ["24:00-24:00"]}, "24:00 only closes", id="nothing at 24:00"),
        pytest.param({"mon": ["09:00-24:01"]}, "not of the day", id="closes after 24:00"),
        pytest.param({"mon": ["09:60-12:00"]}, "not of the day", id="minute 60"),
        pytest.param({"mon": ["25:00-26:00"]}, "not of the day", id="hour 25"),
        pytest.param({"mon": ["9-17"]}, "not a window", id="unreadable"),
        pytest.param({"mon": ["09:00-17:00 "]}, "not a window", id="trailing space"),
        pytest.param({"mon": "09:00-17:00"}, "not a window", id="a text in place of a list"),
        pytest.param({"mon": ["09:00-12:00", "11:59-13:00"]}, "mon: 09:00-12:00 and 11:59-13:00 overlap", id="overlap"),
        pytest.param({"mon": ["09:00-12:00", "09:00-12:00"]}, "overlap", id="the same twice"),
        pytest.param({"mon": ["22:00-06:00"], "tue": ["05:00-09:00"]}, "tue: .* overlap", id="overlap after midnight"),
        pytest.param({"sun": ["22:00-06:00"], "mon": ["00:00-24:00"]}, "mon: .* overlap", id="overlap after Sunday"),
        pytest.param({"mon": ["22:00-06:00", "20:00-23:00"]}, "overlap", id="overlap before midnight"),
    ],
)
def test_a_bad_week_is_refused(week: Mapping[str, list[str]], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Calendar("Europe/London", week)


def test_touching_windows_are_accepted() -> None:
    calendar = Calendar("Europe/London", {"mon": ["09:00-12:00", "12:00-17:00", "22:00-06:00"], "tue": ["06:00-07:00"]})
    assert calendar.elapsed(at("2026-10-05 00:00"), at("2026-10-07 00:00")) == 17 * HOUR


@pytest.mark.parametrize(
    ("openings", "reason"),
    [
        pytest.param({date(2026, 12, 24): ["09:00-12:00", "11:00-13:00"]}, "2026-12-24: .* overlap", id="one date"),
        pytest.param(
            {date(2026, 12, 24): ["22:00-06:00"], date(2026, 12, 25): ["05:00-09:00"]},
            "2026-12-25: .* overlap",
            id="over midnight",
        ),
        pytest.param({date(2026, 12, 24): ["12:00-12:00"]}, "2026-12-24: .* no length", id="zero length"),
    ],
)
def test_a_bad_opening_is_refused(openings: Mapping[date, list[str]], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Calendar("Europe/London", {"mon": ["09:00-17:00"]}, openings=openings)


def test_an_unknown_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown time zone 'Europe/Londinium'"):
        Calendar("Europe/Londinium", {"mon": ["09:00-17:00"]})


EVERY_DAY = {day: ["09:00-17:00"] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}


def test_holidays_may_close_399_days_but_not_400() -> None:
    calendar = Calendar("UTC", EVERY_DAY, YEAR_OFF - {max(YEAR_OFF)})
    assert calendar.next_open(datetime(2026, 1, 1, tzinfo=UTC)) == datetime(2027, 2, 4, 9, tzinfo=UTC)
    with pytest.raises(ValueError, match="no open day within 400 days"):
        Calendar("UTC", EVERY_DAY, YEAR_OFF)


def test_days_off_before_the_holidays_count_as_closed() -> None:
    saturday = min(day for day in YEAR_OFF if day.weekday() == 5)
    weekdays = {day: hours for day, hours in EVERY_DAY.items() if day not in ("sat", "sun")}
    holidays = {saturday + timedelta(days=day) for day in range(2, 400)}
    with pytest.raises(ValueError, match="no open day within 400 days"):
        Calendar("UTC", weekdays, holidays)


def test_closures_may_close_399_days_but_not_400() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    calendar = Calendar("UTC", EVERY_DAY)
    assert calendar.with_closures([(start, start + timedelta(days=399))]).next_open(start).date() == date(2027, 2, 4)
    with pytest.raises(ValueError, match="no open day within 400 days"):
        calendar.with_closures([(start, start + timedelta(days=400))])


def test_closures_and_holidays_together_are_measured() -> None:
    calendar = Calendar("UTC", EVERY_DAY, {date(2026, 1, 1) + timedelta(days=day) for day in range(300)})
    start = datetime(2026, 10, 28, tzinfo=UTC)
    with pytest.raises(ValueError, match="no open day within 400 days"):
        calendar.with_closures([(start, start + timedelta(days=100))])


def test_a_closure_without_an_end_is_refused() -> None:
    with pytest.raises(ValueError, match="no open day within 400 days"):
        office().with_closures([(NOON, datetime.max.replace(tzinfo=UTC))])


def test_a_closure_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(ValueError, match="is before"):
        office().with_closures([(NOON, NOON - HOUR)])


@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(lambda: office().due(NOON, -HOUR), id="a negative span"),
        pytest.param(lambda: office().due(NOON, timedelta(microseconds=-1)), id="a barely negative span"),
        pytest.param(lambda: office().elapsed(NOON, NOON - HOUR), id="elapsed the wrong way round"),
        pytest.param(lambda: office().windows(NOON, NOON - HOUR), id="windows the wrong way round"),
        pytest.param(lambda: office().add_working_days(NOON.date(), -1), id="negative working days"),
        pytest.param(lambda: office().due(NOON, HOUR, "later"), id="an unknown at_close"),  # type: ignore[arg-type]  # refused
        pytest.param(lambda: office().due(NOON, timedelta.max), id="due beyond the last year"),
        pytest.param(lambda: office().next_open(datetime.max.replace(tzinfo=UTC)), id="after the last year"),
        pytest.param(lambda: office().next_open(datetime(1, 1, 1, tzinfo=UTC)), id="before the first year"),
    ],
)
def test_a_senseless_question_is_a_value_error(ask: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        ask()


@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(lambda: office().due(NAIVE, HOUR), id="due"),
        pytest.param(lambda: office().due(NAIVE, timedelta()), id="due at once"),
        pytest.param(lambda: office().elapsed(NAIVE, NOON), id="elapsed from"),
        pytest.param(lambda: office().elapsed(NOON, NAIVE), id="elapsed to"),
        pytest.param(lambda: office().next_open(NAIVE), id="next_open"),
        pytest.param(lambda: office().windows(NAIVE, NOON), id="windows"),
        pytest.param(lambda: office().working_date_of(NAIVE), id="working_date_of"),
        pytest.param(lambda: office().with_closures([(NOON, NAIVE)]), id="a closure"),
        pytest.param(lambda: office().next_open(NOON.date()), id="a date for an instant"),  # type: ignore[arg-type]  # refused
        pytest.param(lambda: office().due(NOON, 4), id="a number for a span"),  # type: ignore[arg-type]  # refused
        pytest.param(lambda: office().is_working_day(NOON), id="an instant for a day"),
        pytest.param(lambda: office().end_of_working_day(NOON), id="an instant for a day's end"),
        pytest.param(lambda: Calendar("UTC", EVERY_DAY, {NOON}), id="an instant for a holiday"),
    ],
)
def test_a_naive_instant_is_a_type_error(ask: Callable[[], object]) -> None:
    with pytest.raises(TypeError):
        ask()
