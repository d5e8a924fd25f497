"""What each landlord's promise means on a date: the worked examples of both policies."""

from datetime import UTC, date, datetime, timedelta

import pytest

from tests.unit.worktime.hours import at, office, whole_dates

HALF_A_DAY = timedelta(hours=4)
A_DAY = timedelta(hours=24)
CHRISTMAS = (at("2026-12-24 00:00"), at("2027-01-03 24:00"))

WESTWARD = [
    ("Mon 2026-10-05 09:00", "Mon 2026-10-05 13:00"),
    ("Mon 2026-10-05 13:00", "Mon 2026-10-05 17:00"),
    ("Fri 2026-10-09 16:30", "Mon 2026-10-12 12:30"),
    ("Sat 2026-10-10 11:00", "Mon 2026-10-12 13:00"),
    ("Fri 2026-03-27 16:00", "Mon 2026-03-30 12:00"),
    ("Thu 2026-04-02 16:00", "Tue 2026-04-07 12:00"),
]

WHEATLEY = [
    ("Mon 2026-10-05 10:00", "Tue 2026-10-06 10:00"),
    ("Fri 2026-10-09 16:30", "Mon 2026-10-12 16:30"),
    ("Sat 2026-10-10 00:00", "Mon 2026-10-12 24:00"),
    ("Sat 2026-10-10 11:00", "Mon 2026-10-12 24:00"),
    ("Sun 2026-10-11 23:59", "Mon 2026-10-12 24:00"),
    ("Thu 2026-04-02 15:00", "Mon 2026-04-06 15:00"),
    ("Fri 2026-06-12 10:00", "Tue 2026-06-16 10:00"),
]


def rows(table: list[tuple[str, str]]) -> list[object]:
    return [pytest.param(start, due, id=f"{start} → {due}") for start, due in table]


@pytest.mark.parametrize(("start", "due"), rows(WESTWARD))
def test_westward_answers_within_half_a_working_day(start: str, due: str) -> None:
    assert office().due(at(start), HALF_A_DAY) == at(due)


def test_westward_half_a_working_day_is_half_the_nominal_day() -> None:
    assert office().nominal_day / 2 == HALF_A_DAY


def test_westward_christmas_closure_moves_the_deadline_to_january() -> None:
    closed = office().with_closures([CHRISTMAS])
    assert closed.due(at("Wed 2026-12-23 15:00"), HALF_A_DAY) == at("Mon 2027-01-04 11:00")


def test_westward_deadline_after_the_spring_change_is_given_in_utc() -> None:
    due = office().due(at("Fri 2026-03-27 16:00"), HALF_A_DAY)
    assert (due, due.tzinfo) == (datetime(2026, 3, 30, 11, tzinfo=UTC), UTC)


@pytest.mark.parametrize(("start", "due"), rows(WHEATLEY))
def test_wheatley_answers_within_24_hours_of_working_dates(start: str, due: str) -> None:
    assert whole_dates().due(at(start), A_DAY) == at(due)


def test_easter_monday_is_a_day_off_in_england_only() -> None:
    assert whole_dates("ENG").due(at("Thu 2026-04-02 15:00"), A_DAY) == at("Tue 2026-04-07 15:00")


@pytest.mark.parametrize(
    ("received", "last"),
    [
        pytest.param("2026-10-05", "2026-10-12", id="Monday → the next Monday"),
        pytest.param("2026-10-09", "2026-10-16", id="Friday → the next Friday"),
        pytest.param("2026-10-10", "2026-10-16", id="Saturday is day 0 → Friday"),
        pytest.param("2026-06-11", "2026-06-19", id="the one-off holiday of 15 June is not counted"),
    ],
)
def test_wheatley_resolves_by_the_end_of_the_fifth_working_date(received: str, last: str) -> None:
    calendar = whole_dates()
    day = calendar.add_working_days(date.fromisoformat(received), 5)
    assert calendar.end_of_working_day(day) == at(f"{last} 24:00")


@pytest.mark.parametrize(
    ("posted", "warned"),
    [
        pytest.param("Sat 2026-10-10 11:00", "2026-10-12", id="weekend post → 17:00 of Monday"),
        pytest.param("Sun 2026-06-14 09:00", "2026-06-16", id="Monday a holiday → 17:00 of Tuesday"),
    ],
)
def test_wheatley_weekend_warning_is_on_the_working_date_that_the_due_time_closes(posted: str, warned: str) -> None:
    calendar = whole_dates()
    assert calendar.working_date_of(calendar.due(at(posted), A_DAY)) == date.fromisoformat(warned)


@pytest.mark.parametrize(
    ("offset", "warned"),
    [
        pytest.param(timedelta(hours=2), "Mon 2026-10-12 10:30", id="half of the span"),
        pytest.param(timedelta(hours=3, minutes=30), "Mon 2026-10-12 12:00", id="30 minutes before"),
    ],
)
def test_westward_warnings_are_in_working_time(offset: timedelta, warned: str) -> None:
    assert office().due(at("Fri 2026-10-09 16:30"), offset) == at(warned)
