"""The decision table of domain/consent.md, row by row, for both landlords."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import pytest

from services.consent.domain.table import TABLE, cases, row_for
from tests.unit.consent.album import LANDLORDS, decided, given, no, shown, staff, verbal, withdrawn

LEFT = datetime(2026, 3, 20, tzinfo=UTC)
PERMIT = "permit consent"


@dataclass(frozen=True)
class Case:
    """One line: what is known, and what it comes to at Westward, and at Wheatley where that differs."""

    row: int
    name: str
    records: tuple[Any, ...]
    westward: str
    wheatley: str | None = None
    known: dict[str, Any] = field(default_factory=dict)

    def expected(self, landlord: str) -> str:
        return self.wheatley if landlord == "wheatley" and self.wheatley is not None else self.westward


STAFF: dict[str, Any] = {"stints": [staff()], "who": shown("staff")}
INSIDE: dict[str, Any] = STAFF | {"channel": "internal"}
FORMER: dict[str, Any] = {"stints": [staff(LEFT)], "who": shown("staff")}
CHILD: dict[str, Any] = {"who": shown("child")}
TEEN: dict[str, Any] = {"who": shown("child"), "born_on": date(2012, 1, 1)}

CASES = [
    Case(1, "signed for channel and purpose", (given(purposes=("news",)),), PERMIT),
    Case(1, "signed for every purpose", (given(),), PERMIT),
    Case(1, "signed, inside", (given("internal"),), PERMIT, known={"channel": "internal"}),
    Case(1, "signed for social media", (given("social"),), PERMIT, known={"channel": "social:facebook"}),
    Case(2, "verbal", (verbal(),), "block form-required", PERMIT),
    Case(2, "verbal, inside", (verbal("internal"),), "block form-required", PERMIT, {"channel": "internal"}),
    Case(3, "none", (), "block no-consent"),
    Case(3, "asked", (no("asked"),), "block no-consent"),
    Case(4, "refused for all", (no(),), "block refused"),
    Case(4, "refused for this channel", (given(), no("refused", "website")), "block refused"),
    Case(4, "refused for another channel", (given(), no("refused", "press")), PERMIT),
    Case(4, "staff inside who refused", (no(),), "block refused", known=INSIDE),
    Case(4, "a child for whom it was refused", (no(),), "block refused", known=CHILD),
    Case(5, "out of date", (given(on=date(2023, 3, 27)),), "block expired"),
    Case(5, "verbal, out of date", (verbal(on=date(2023, 3, 27)),), "block form-required", "block expired"),
    Case(5, "in date until tomorrow", (given(on=date(2023, 3, 28)),), PERMIT),
    Case(6, "withdrawn, whole", (given(withdrawals=[withdrawn()]),), "block withdrawn"),
    Case(6, "withdrawn for this channel", (given(withdrawals=[withdrawn("website")]),), "block withdrawn"),
    Case(6, "withdrawn for another", (given("website", "press", withdrawals=[withdrawn("press")]),), PERMIT),
    Case(
        6,
        "staff who withdrew, inside",
        (given("internal", withdrawals=[withdrawn()]),),
        "block withdrawn",
        None,
        INSIDE,
    ),
    Case(7, "for another channel", (given("press"),), "block out-of-scope"),
    Case(7, "for another purpose", (given(purposes=("annual report",)),), "block out-of-scope"),
    Case(7, "for another network", (given("social:x"),), "block out-of-scope", None, {"channel": "social:facebook"}),
    Case(8, "unsigned", (given(signed=False),), "block invalid-form"),
    Case(8, "undated", (given(on=None),), "block invalid-form"),
    Case(8, "dated tomorrow", (given(on=date(2026, 3, 28)),), "block invalid-form"),
    Case(8, "wrong name", (given(named="no"),), "block invalid-form"),
    Case(8, "another file", (given(faults=["hash-mismatch"]),), "block invalid-form"),
    Case(8, "verbal by nobody knows whom", (verbal(by=None),), "block invalid-form"),
    Case(9, "a child, nothing", (), "block guardian-required", known=CHILD),
    Case(9, "a child, signed by itself", (given(),), "block guardian-required", known=CHILD),
    Case(9, "a child, a guardian signed", (given(guardian="g1"),), "block guardian-required", known=CHILD),
    Case(9, "13 or more, alone", (given(),), "review child-alone", known=TEEN),
    Case(9, "13 or more, alone, verbal", (verbal(),), "block guardian-required", "review child-alone", TEEN),
    Case(9, "a minor by the upload", (given(),), "block guardian-required", None, {"who": shown(minor="yes")}),
    Case(9, "a minor by birth date", (), "block guardian-required", None, {"born_on": date(2015, 1, 1)}),
    Case(9, "a child whom HR has on its register", (), "block guardian-required", None, CHILD | {"stints": [staff()]}),
    Case(
        10,
        "13 since the guardian signed",
        (given(on=date(2024, 12, 1), guardian="g1"),),
        "block re-consent-at-age",
        known=TEEN,
    ),
    Case(10, "18 since", (given(guardian="g1"),), "block re-consent-at-age", None, {"born_on": date(2008, 3, 20)}),
    Case(11, "may be a minor, adult form", (given(),), "review age-unknown", None, {"who": shown(minor="unknown")}),
    Case(11, "may be a minor, none", (), "block no-consent", None, {"who": shown(minor="unknown")}),
    Case(12, "staff inside", (), "permit role", known=INSIDE),
    Case(12, "staff in the archive", (), "permit role", None, STAFF | {"channel": "archive"}),
    Case(12, "staff inside who objected", (no("objected"),), "review staff-objection", known=INSIDE),
    Case(12, "HR says staff, the upload does not", (), "permit role", None, INSIDE | {"who": shown("tenant")}),
    Case(13, "specific by purpose, signed", (given(purposes=("news",)),), PERMIT, known=STAFF),
    Case(13, "specific by purpose, verbal", (verbal(purposes=("news",)),), PERMIT, known=STAFF),
    Case(13, "specific by image", (verbal(items=("i1",)),), PERMIT, known=STAFF),
    Case(14, "staff, none", (), "block staff-specific-consent", known=STAFF),
    Case(14, "staff, generic", (given(),), "block staff-specific-consent", known=STAFF),
    Case(
        14,
        "staff, verbal not recorded",
        (verbal(by=None, purposes=("news",)),),
        "block staff-specific-consent",
        None,
        STAFF,
    ),
    Case(15, "staff, another item", (given(items=("i2",)),), "block out-of-scope", known=STAFF),
    Case(15, "staff, another campaign", (given(purposes=("open day",)),), "block out-of-scope", known=STAFF),
    Case(16, "former staff inside", (), "review role-basis-ended", None, FORMER | {"channel": "internal"}),
    Case(16, "former staff inside, signed", (given("internal"),), PERMIT, None, FORMER | {"channel": "internal"}),
    Case(17, "verbal from then", (verbal(purposes=("news",)),), "block form-required", PERMIT, FORMER),
    Case(17, "signed in scope", (given(purposes=("news",)),), PERMIT, known=FORMER),
    Case(17, "nothing", (), "block no-consent", known=FORMER),
    Case(
        17,
        "live since they were staff",
        (verbal(purposes=("news",)),),
        PERMIT,
        None,
        FORMER | {"live_since": datetime(2026, 3, 1, tzinfo=UTC)},
    ),
    *(
        Case(18, f"{kind}, none", (), "block no-consent", None, {"who": shown(kind)})
        for kind in ("contractor", "volunteer", "board-member", "tenant", "unknown")
    ),
    Case(
        18,
        "said to be staff, not on HR's register",
        (),
        "block no-consent",
        None,
        {"who": shown("staff"), "channel": "internal"},
    ),
    Case(18, "a contractor on HR's register", (), "permit role", None, INSIDE | {"who": shown("contractor")}),
    Case(19, "not identifiable", (given(),), "review identifiable-unchecked", None, {"who": shown(identifiable=False)}),
    Case(19, "not identifiable, refused", (no(),), "block refused", None, {"who": shown(identifiable=False)}),
    Case(20, "unnamed", (), "block person-unidentified", None, {"who": shown(person=None)}),
    Case(23, "deceased", (given(),), "review deceased", None, {"who": shown(deceased=True)}),
]


@pytest.mark.parametrize("landlord", LANDLORDS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"row {case.row}: {case.name}")
def test_the_table(case: Case, landlord: str) -> None:
    known = dict(case.known)
    if "who" in known and known["who"].person is None:
        found = decided(landlord, **known)
    else:
        found = decided(landlord, *case.records, **known)
    assert f"{found.decision} {found.code}" == case.expected(landlord)


def test_every_case_has_one_row() -> None:
    assert {row_for(*case).number for case in cases()} == {row.number for row in TABLE}


def test_rows_that_are_not_built_never_permit() -> None:
    assert {row.decision for row in TABLE if row.number in (9, 10, 11, 19, 23)} == {"block", "review"}
