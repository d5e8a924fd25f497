"""Who is staff, from what HR said in any order."""

from datetime import UTC, datetime
from itertools import permutations
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from services.consent.domain.stints import HEARD, PersonFact, left_at, on_staff, stints_of
from shared.contracts import Event
from shared.contracts.registry import decode_data


def day(number: int) -> datetime:
    return datetime(2026, 3, number, tzinfo=UTC)


def joined(stint: str, on: int, at: int = 1) -> PersonFact:
    return PersonFact(source="/hr", id=f"j{stint}", name="staff-joined", at=day(at), stint=stint, begins=day(on))


def leaves(
    on: int | None, at: int, stint: str | None = "s1", revision: int | None = None, name: str = ""
) -> PersonFact:
    return PersonFact(
        source="/hr",
        id=f"l{at}-{on}",
        name=name or ("leave-cancelled" if on is None else "staff-left"),
        at=day(at),
        stint=stint,
        until=None if on is None else day(on),
        revision=revision,
    )


CASES = [
    ("never staff", [], 5, False),
    ("not yet", [joined("s1", 10)], 9, False),
    ("from the first instant", [joined("s1", 10)], 10, True),
    ("until leaving", [joined("s1", 1), leaves(10, 5)], 9, True),
    ("not from then on", [joined("s1", 1), leaves(10, 5)], 10, False),
    ("a newer date counts", [joined("s1", 1), leaves(10, 5), leaves(20, 6)], 15, True),
    ("a cancelled leave", [joined("s1", 1), leaves(10, 5), leaves(None, 6)], 15, True),
    (
        "an older revision is ignored",
        [joined("s1", 1), leaves(10, 5, revision=2), leaves(None, 6, revision=1)],
        15,
        False,
    ),
    (
        "a later word without a revision counts",
        [joined("s1", 1), leaves(28, 5, revision=1), leaves(10, 6, name="leave-date-changed")],
        15,
        False,
    ),
    (
        "and is not what a revision is older than",
        [joined("s1", 1), leaves(28, 5, revision=2), leaves(10, 6), leaves(20, 7, revision=1)],
        15,
        False,
    ),
    (
        "of one time the leaver wins over a date that moves",
        [joined("s1", 1), leaves(10, 5), leaves(20, 5, name="leave-date-changed")],
        15,
        False,
    ),
    (
        "taken on again from the day of leaving: the stint that was known",
        [joined("s1", 1), joined("s2", 10, at=10), leaves(10, 10, stint=None)],
        12,
        True,
    ),
    ("of one time the leaver wins", [joined("s1", 1), leaves(10, 5), leaves(None, 5)], 15, False),
    ("a rehire", [joined("s1", 1), leaves(10, 5), joined("s2", 12)], 13, True),
    ("no stint named: the one in force", [joined("s1", 1), leaves(10, 5, stint=None)], 11, False),
    ("late, about the old stint", [joined("s1", 1), leaves(8, 5), joined("s2", 9), leaves(6, 7, stint=None)], 13, True),
    ("for nobody known", [leaves(10, 5, stint=None)], 11, False),
]


@pytest.mark.parametrize(("name", "facts", "on", "expected"), CASES, ids=[case[0] for case in CASES])
def test_who_is_staff(name: str, facts: list[PersonFact], on: int, expected: bool) -> None:
    for order in permutations(facts):
        assert on_staff(stints_of(order), day(on)) is expected


LEFT = datetime(2026, 3, 5, 9, tzinfo=UTC)
ZONE = ZoneInfo("Europe/London")
AT_ONCE: list[tuple[str, dict[str, Any], datetime, datetime]] = [
    ("a date to come", {"leave_on": "2026-12-31"}, LEFT, datetime(2027, 1, 1, tzinfo=UTC)),
    ("at once, whatever the date", {"leave_on": "2026-12-31", "immediate": True}, LEFT, LEFT),
    ("at once, whatever the instant", {"leave_at": "2026-12-31T12:00:00Z", "immediate": True}, LEFT, LEFT),
    ("the date is past already", {"leave_on": "2026-03-03", "immediate": True}, LEFT, day(4)),
    ("from a clock that is ahead", {"immediate": True}, day(4), day(4)),
]


@pytest.mark.parametrize(("name", "said", "heard_at", "until"), AT_ONCE, ids=[case[0] for case in AT_ONCE])
def test_until_when(name: str, said: dict[str, Any], heard_at: datetime, until: datetime) -> None:
    data = decode_data("staff-left", msgspec.json.encode({"person": "p1", "stint": "s1", **said}))
    event = Event(id="e", source="/hr", name="staff-left", organisation="westward", key="p1", time=LEFT, data=data)
    assert HEARD["staff-left"](event, ZONE, heard_at).until == until


def test_when_somebody_left() -> None:
    stints = stints_of([joined("s1", 1), leaves(10, 5)])
    assert left_at(stints, day(9)) is None
    assert left_at(stints, day(11)) == day(10)
    assert left_at([], day(11)) is None
