"""Who is staff, from what HR said in any order."""

from datetime import UTC, datetime
from itertools import permutations

import pytest

from services.consent.domain.stints import PersonFact, left_at, on_staff, stints_of


def day(number: int) -> datetime:
    return datetime(2026, 3, number, tzinfo=UTC)


def joined(stint: str, on: int, at: int = 1) -> PersonFact:
    return PersonFact(source="/hr", id=f"j{stint}", at=day(at), stint=stint, begins=day(on))


def leaves(on: int | None, at: int, stint: str | None = "s1", revision: int | None = None) -> PersonFact:
    return PersonFact(
        source="/hr",
        id=f"l{at}-{on}",
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


def test_when_somebody_left() -> None:
    stints = stints_of([joined("s1", 1), leaves(10, 5)])
    assert left_at(stints, day(9)) is None
    assert left_at(stints, day(11)) == day(10)
    assert left_at([], day(11)) is None
