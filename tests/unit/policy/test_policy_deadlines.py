"""Every deadline that the two policies give as an example, and what each warning and each working says.

March 2026: Sunday the 29th is when British summer time begins. 3 April is Good Friday, 6 April Easter Monday, a bank
holiday in England but not in Scotland; 15 June is a bank holiday of Scotland once only.
"""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.policy import Pack, Rule, load_packs

LONDON = ZoneInfo("Europe/London")
MINUTE = timedelta(minutes=1)
CHRISTMAS = (datetime(2026, 12, 24, tzinfo=LONDON), datetime(2027, 1, 4, tzinfo=LONDON))
PACKS = load_packs()
RULES = [rule for name in sorted(PACKS.organisations) for rule in PACKS.latest(name).response_rules]


def at(text: str) -> datetime:
    """`2026-03-27 16:30` in London; 24:00 is the midnight that ends the date."""
    day, clock = text.split()
    hours, minutes = clock.split(":")
    midnight = datetime.fromisoformat(day).replace(tzinfo=LONDON)
    if hours == "24":
        return (midnight + timedelta(days=1)).astimezone(UTC)
    return midnight.replace(hour=int(hours), minute=int(minutes)).astimezone(UTC)


def answered(pack: Pack, kind: str, posted_at: datetime, target: str = "response") -> Rule:
    rule = pack.target_rule(target, kind, (), "public", posted_at)
    assert rule is not None
    return rule


WESTWARD = [
    pytest.param("2026-03-02 09:00", "2026-03-02 13:00", id="monday-opening"),
    pytest.param("2026-03-02 13:00", "2026-03-02 17:00", id="monday-to-the-close"),
    pytest.param("2026-03-06 16:30", "2026-03-09 12:30", id="friday-over-the-weekend"),
    pytest.param("2026-03-07 11:00", "2026-03-09 13:00", id="saturday"),
    pytest.param("2026-03-27 16:00", "2026-03-30 12:00", id="summer-time-begins"),
    pytest.param("2026-04-02 16:30", "2026-04-07 12:30", id="easter-in-england"),
    pytest.param("2026-06-12 16:30", "2026-06-15 12:30", id="june-15-is-worked-in-england"),
]


@pytest.mark.parametrize(("posted", "due"), WESTWARD)
@pytest.mark.parametrize("kind", ["query", "complaint", "unclassified"])
def test_westward_answers_within_half_a_working_day(westward: Pack, kind: str, posted: str, due: str) -> None:
    """westward:3.6, 7.9."""
    assert answered(westward, kind, at(posted)).due(at(posted)) == at(due)


def test_westward_summer_time_in_utc(westward: Pack) -> None:
    started = datetime(2026, 3, 27, 16, tzinfo=UTC)
    assert answered(westward, "query", started).due(started) == datetime(2026, 3, 30, 11, tzinfo=UTC)


def test_westward_christmas_closure(westward: Pack) -> None:
    """westward:3.6: an announced closure is no working time."""
    started = at("2026-12-23 15:00")
    rule = answered(westward, "query", started)
    assert rule.due(started) == at("2026-12-24 11:00")
    assert rule.due(started, [CHRISTMAS]) == at("2027-01-04 11:00")
    due_at = rule.due(started, [CHRISTMAS])
    assert rule.warn_at(started, due_at, [CHRISTMAS]) == (at("2026-12-23 17:00"), at("2027-01-04 10:30"))
    assert rule.working(started, due_at, [CHRISTMAS]) == timedelta(hours=4)


@pytest.mark.parametrize("target", ["moderate", "take-private", "removal-notice", "explain-removal"])
def test_westward_short_duties_take_half_a_working_day(westward: Pack, target: str) -> None:
    """westward:6.12, 6.13, 7.5."""
    kind = "complaint" if target == "take-private" else "offensive"
    started = at("2026-03-06 16:30")
    assert answered(westward, kind, started, target).due(started) == at("2026-03-09 12:30")


WHEATLEY = [
    pytest.param("2026-03-02 10:00", "2026-03-03 10:00", id="monday"),
    pytest.param("2026-03-06 16:30", "2026-03-09 16:30", id="friday-to-monday"),
    pytest.param("2026-03-07 00:00", "2026-03-09 24:00", id="saturday-first-minute"),
    pytest.param("2026-03-07 11:00", "2026-03-09 24:00", id="saturday"),
    pytest.param("2026-03-08 23:59", "2026-03-09 24:00", id="sunday-last-minute"),
    pytest.param("2026-04-02 15:00", "2026-04-06 15:00", id="easter-monday-is-worked-in-scotland"),
    pytest.param("2026-06-12 10:00", "2026-06-16 10:00", id="one-off-bank-holiday-in-scotland"),
    pytest.param("2026-03-27 16:30", "2026-03-30 16:30", id="summer-time-begins"),
]


@pytest.mark.parametrize(("posted", "due"), WHEATLEY)
@pytest.mark.parametrize("kind", ["query", "complaint", "unclassified"])
def test_wheatley_answers_within_24_hours_of_working_dates(wheatley: Pack, kind: str, posted: str, due: str) -> None:
    """wheatley:responding-to-customers."""
    assert answered(wheatley, kind, at(posted)).due(at(posted)) == at(due)


RESOLUTIONS = [
    pytest.param("2026-03-02 10:00", "2026-03-09 24:00", id="monday-to-monday"),
    pytest.param("2026-03-06 23:59", "2026-03-13 24:00", id="friday-night-is-day-0"),
    pytest.param("2026-03-07 10:00", "2026-03-13 24:00", id="saturday-is-day-0-too"),
    pytest.param("2026-03-30 10:00", "2026-04-07 24:00", id="over-good-friday"),
]


@pytest.mark.parametrize(("posted", "due"), RESOLUTIONS)
def test_wheatley_resolves_by_the_end_of_the_fifth_working_date(wheatley: Pack, posted: str, due: str) -> None:
    """wheatley:appendix-1.4."""
    rule = answered(wheatley, "complaint", at(posted), "resolution")
    assert rule.due(at(posted)) == at(due)
    assert rule.warn_at(at(posted), at(due)) == (at(f"{due.split()[0]} 17:00"),)


MODERATIONS = [
    pytest.param("2026-03-02 10:00", "2026-03-02 24:00", ("2026-03-02 17:00",), id="morning"),
    pytest.param("2026-03-02 18:00", "2026-03-02 24:00", (), id="evening-warns-no-more"),
    pytest.param("2026-03-07 10:00", "2026-03-09 24:00", ("2026-03-09 17:00",), id="weekend"),
]


@pytest.mark.parametrize(("posted", "due", "warnings"), MODERATIONS)
def test_wheatley_moderates_by_the_end_of_the_working_date(
    wheatley: Pack, posted: str, due: str, warnings: tuple[str, ...]
) -> None:
    """wheatley:responding-to-customers, appendix-1.9."""
    rule = answered(wheatley, "offensive", at(posted), "moderate")
    assert rule.due(at(posted)) == at(due)
    assert rule.warn_at(at(posted), at(due)) == tuple(at(warning) for warning in warnings)


WARNINGS = [
    pytest.param("westward", "2026-03-02 09:00", ("2026-03-02 11:00", "2026-03-02 12:30"), id="westward-monday"),
    pytest.param("westward", "2026-03-06 16:30", ("2026-03-09 10:30", "2026-03-09 12:00"), id="westward-friday"),
    pytest.param("westward", "2026-03-06 15:00", ("2026-03-06 17:00", "2026-03-09 10:30"), id="half-at-the-close"),
    pytest.param("wheatley", "2026-03-02 10:00", ("2026-03-02 22:00", "2026-03-03 09:00"), id="wheatley-monday"),
    pytest.param("wheatley", "2026-03-06 16:30", ("2026-03-09 04:30", "2026-03-09 15:30"), id="wheatley-friday"),
    pytest.param("wheatley", "2026-03-07 11:00", ("2026-03-09 17:00",), id="wheatley-weekend"),
    pytest.param("wheatley", "2026-06-13 11:00", ("2026-06-16 17:00",), id="wheatley-weekend-before-a-holiday"),
]


@pytest.mark.parametrize(("organisation", "posted", "warnings"), WARNINGS)
def test_warnings(organisation: str, posted: str, warnings: tuple[str, ...]) -> None:
    started = at(posted)
    rule = answered(PACKS.latest(organisation), "query", started)
    assert rule.warn_at(started, rule.due(started)) == tuple(at(warning) for warning in warnings)


def test_the_working_is_told_in_words(westward: Pack, wheatley: Pack) -> None:
    started = at("2026-03-06 16:30")
    working = answered(westward, "query", started).explain(started)
    assert [(span.seconds, span.why) for span in working] == [
        (1800, "opening hours Fri 6 Mar"),
        (12600, "opening hours Mon 9 Mar (after Sat and Sun)"),
    ]
    started = at("2026-04-02 15:00")
    assert [span.why for span in answered(wheatley, "query", started).explain(started)] == [
        "working date Thu 2 Apr",
        "working date Mon 6 Apr (after Good Friday, Sat and Sun)",
    ]
    told = [span.why for span in answered(wheatley, "query", started, "resolution").explain(started)]
    assert told[0] == "working date Thu 2 Apr, the day of receipt"
    assert told[-1] == "working date Fri 10 Apr, due at the end of the 5th working date"
    started = at("2026-12-23 15:00")
    closed = [span.why for span in answered(westward, "query", started).explain(started, [CHRISTMAS])]
    assert closed[-1].startswith("opening hours Mon 4 Jan (after a closure, Christmas Day")


instants = st.datetimes(datetime(2024, 1, 1), datetime(2029, 12, 31)).map(lambda naive: naive.replace(tzinfo=UTC))
rules = st.sampled_from(RULES)


@given(rules, instants, instants)
def test_a_later_start_is_never_due_earlier(rule: Rule, one: datetime, other: datetime) -> None:
    earlier, later = sorted((one, other))
    assert rule.due(earlier) <= rule.due(later)


@given(rules, instants, st.timedeltas(timedelta(hours=1), timedelta(days=30)), st.integers(-40, 40))
def test_a_closure_never_brings_a_deadline_forward(rule: Rule, start: datetime, length: timedelta, ahead: int) -> None:
    opens = start + timedelta(days=ahead)
    assert rule.due(start, [(opens, opens + length)]) >= rule.due(start)


@given(rules, instants, st.booleans())
def test_warnings_are_in_order_between_start_and_due(rule: Rule, start: datetime, closed: bool) -> None:
    closures = [(start, start + timedelta(days=3))] if closed else []
    due_at = rule.due(start, closures)
    warnings = rule.warn_at(start, due_at, closures)
    assert list(warnings) == sorted(set(warnings))
    assert all(start < warning < due_at for warning in warnings)


@given(rules, instants, st.booleans())
def test_a_deadline_with_its_warnings_is_what_they_are_one_by_one(rule: Rule, start: datetime, closed: bool) -> None:
    closures = [(start + timedelta(days=1), start + timedelta(days=4))] if closed else []
    due_at = rule.due(start, closures)
    assert rule.deadline(start, closures) == (due_at, rule.warn_at(start, due_at, closures))


@given(rules, instants)
def test_the_working_adds_up_and_ends_when_due(rule: Rule, start: datetime) -> None:
    working = rule.explain(start)
    due_at = rule.due(start)
    assert sum(span.seconds for span in working) == pytest.approx(rule.working(start, due_at).total_seconds())
    assert working[-1].until == due_at
    assert all(span.why for span in working)


def test_an_opening_counts_in_its_own_zone(wheatley: Pack) -> None:
    """A weekend is the local one: Sunday 23:30 UTC is Monday in summer."""
    started = datetime(2026, 6, 7, 23, 30, tzinfo=UTC)
    assert answered(wheatley, "query", started).id == "response"
    assert answered(wheatley, "query", started - 31 * MINUTE).id == "response-weekend"
    assert started.astimezone(wheatley.tz).date() == date(2026, 6, 8)
