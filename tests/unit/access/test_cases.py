"""Cases are found by what they are about, however many there are."""

import itertools
from dataclasses import replace

from services.access.domain import Case, Cases
from tests.unit.access.said import at

MANY = 10_000
NOW = at("Mon 09:00")


class Kind(str):
    """The kind of a case, which is compared only so often."""

    compared = 0

    def __eq__(self, other: object) -> bool:
        Kind.compared += 1
        assert Kind.compared <= 20 * MANY, "the work grows with the square of the cases"
        return str.__eq__(self, other)

    __hash__ = str.__hash__


def test_a_roster_that_misses_ten_thousand_asks_about_each_with_little_work() -> None:
    numbers = itertools.count(1)
    kind = Kind("leaver-unannounced")
    others = [
        Case(id=f"c{number}", kind=kind, person=f"o{number}", subjects=("before",), opened_at=NOW)
        for number in range(MANY)
    ]
    cases = Cases.of(others, NOW, lambda: f"n{next(numbers)}")
    for number in range(MANY):
        cases.close(kind, f"o{number}", "reappeared")
        assert cases.open(kind, f"p{number}", "now") is not None
    assert len(cases.changed) == len(cases.known) == 2 * MANY


def test_what_was_asked_or_dealt_with_is_not_asked_again() -> None:
    asked = Case(id="c1", kind="reinstatement-requested", person="p1", subjects=("a",), opened_at=NOW)
    closed = replace(asked, id="c0", subjects=("z",), state="closed")
    cases = Cases.of([closed, asked], NOW, lambda: "c2")
    for subject in ("a", "b", "z"):
        assert cases.open("reinstatement-requested", "p1", subject) is None
    assert cases.changed["c1"].subjects == ("a", "b")
    assert cases.open("reinstatement-requested", "p2", "a") is not None
    assert cases.open("leaver-unmatched", "p1", "a") is not None
