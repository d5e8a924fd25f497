"""The decision table, as data: who is shown × where × what their records say → permit, block or review.

Clauses: westward:4.10, 10.4, wheatley:policy-details. The table is Westward's; what evidence counts is the pack's, and
enters where records are read (`speaks`), not here.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from itertools import product
from typing import Literal

__all__ = ["TABLE", "Decision", "Reach", "Row", "Says", "Who", "cases", "reach_of", "row_for"]

Decision = Literal["permit", "review", "block"]


class Who(StrEnum):
    """How somebody stands towards us in one use."""

    NON_STAFF = "non-staff"
    STAFF = "staff"
    FORMER = "former staff"
    CHILD = "child"
    TEEN = "child of 13 or more"
    OBSCURED = "declared not identifiable"
    UNNAMED = "identifiable, unnamed"
    DECEASED = "deceased"


class Reach(StrEnum):
    """Where a use is seen."""

    INTERNAL = "internal"
    EXTERNAL = "external"


class Says(StrEnum):
    """What somebody's records say of one use."""

    SIGNED = "signed, in date, in scope"
    RECORDED = "recorded verbal, in date, in scope, where that is enough"
    VERBAL = "verbal only"
    NOTHING = "none, asked, unknown"
    REFUSED = "refused"
    OBJECTED = "objected"
    WITHDRAWN = "withdrawn"
    EXPIRED = "out of date"
    ELSEWHERE = "for another channel, purpose or item"
    INVALID = "does not count"
    UNRECORDED = "verbal, not recorded"
    GENERIC = "names neither image nor purpose"
    GUARDED = "a guardian's"
    OUTGROWN = "a guardian's, from before a birthday that asks for a new one"


@dataclass(frozen=True, slots=True)
class Row:
    """One row. `number` is the row of the table; a `permit` has no code of the bus."""

    number: int
    who: frozenset[Who]
    reach: frozenset[Reach]
    says: frozenset[Says]
    decision: Decision
    code: str

    def matches(self, who: Who, reach: Reach, says: Says) -> bool:
        """Whether this row decides it."""
        return who in self.who and reach in self.reach and says in self.says


ANYBODY = frozenset(Who)
OUTSIDERS = frozenset({Who.NON_STAFF})
STAFF = frozenset({Who.STAFF})
FORMER = frozenset({Who.FORMER})
CHILDREN = frozenset({Who.CHILD, Who.TEEN})
ANYWHERE = frozenset(Reach)
INTERNAL, EXTERNAL = frozenset({Reach.INTERNAL}), frozenset({Reach.EXTERNAL})
AGREED = frozenset({Says.SIGNED, Says.RECORDED})
NO = frozenset({Says.REFUSED, Says.OBJECTED})
UNUSABLE = frozenset({Says.INVALID, Says.UNRECORDED})
GUARDIANS = frozenset({Says.GUARDED, Says.OUTGROWN})
ASIDE = frozenset(Says) - NO - {Says.WITHDRAWN}
"""Everything but a no: what rows that do not ask for records look past."""


def _row(
    number: int, who: frozenset[Who], reach: frozenset[Reach], says: frozenset[Says], decision: Decision, code: str
) -> Row:
    return Row(number, who, reach, says, decision, code)


def _says(*says: Says) -> frozenset[Says]:
    return frozenset(says)


TABLE: tuple[Row, ...] = (
    _row(1, OUTSIDERS, ANYWHERE, AGREED, "permit", "consent"),
    _row(2, OUTSIDERS, ANYWHERE, _says(Says.VERBAL), "block", "form-required"),
    _row(3, OUTSIDERS, ANYWHERE, _says(Says.NOTHING), "block", "no-consent"),
    _row(3, FORMER, EXTERNAL, _says(Says.NOTHING), "block", "no-consent"),
    _row(4, ANYBODY, ANYWHERE, NO, "block", "refused"),
    _row(5, ANYBODY, ANYWHERE, _says(Says.EXPIRED), "block", "expired"),
    _row(6, ANYBODY, ANYWHERE, _says(Says.WITHDRAWN), "block", "withdrawn"),
    _row(7, OUTSIDERS, ANYWHERE, _says(Says.ELSEWHERE), "block", "out-of-scope"),
    _row(7, FORMER, EXTERNAL, _says(Says.ELSEWHERE), "block", "out-of-scope"),
    _row(8, ANYBODY, ANYWHERE, UNUSABLE, "block", "invalid-form"),
    _row(9, frozenset({Who.CHILD}), ANYWHERE, ASIDE - {Says.OUTGROWN}, "block", "guardian-required"),
    _row(9, frozenset({Who.TEEN}), ANYWHERE, AGREED, "review", "child-alone"),
    _row(9, frozenset({Who.TEEN}), ANYWHERE, ASIDE - AGREED - {Says.OUTGROWN}, "block", "guardian-required"),
    _row(10, ANYBODY, ANYWHERE, GUARDIANS, "block", "re-consent-at-age"),
    _row(12, STAFF, INTERNAL, ASIDE, "permit", "role"),
    _row(12, STAFF, INTERNAL, _says(Says.OBJECTED), "review", "staff-objection"),
    _row(13, STAFF, EXTERNAL, AGREED, "permit", "consent"),
    _row(14, STAFF, EXTERNAL, _says(Says.NOTHING, Says.GENERIC, Says.UNRECORDED), "block", "staff-specific-consent"),
    _row(15, STAFF, EXTERNAL, _says(Says.ELSEWHERE), "block", "out-of-scope"),
    _row(16, FORMER, INTERNAL, ASIDE - AGREED, "review", "role-basis-ended"),
    _row(17, FORMER, EXTERNAL, _says(Says.VERBAL), "block", "form-required"),
    _row(17, FORMER, ANYWHERE, AGREED, "permit", "consent"),
    _row(19, frozenset({Who.OBSCURED}), ANYWHERE, ASIDE, "review", "identifiable-unchecked"),
    _row(20, frozenset({Who.UNNAMED}), ANYWHERE, ASIDE, "block", "person-unidentified"),
    _row(23, frozenset({Who.DECEASED}), ANYWHERE, ASIDE, "review", "deceased"),
)
"""Rows 9 to 11, 19 and 23 have no permit yet: what falls under them is always blocked or reviewed. Row 11 is a doubt
that `people` adds to a permit, rows 18, 21 and 22 say who counts as what and how many there are."""

CATCH_ALL = frozenset({4, 5, 8, 10})
"""Rows for anybody: another row of the same case goes before them."""


@cache
def row_for(who: Who, reach: Reach, says: Says) -> Row:
    """The one row that decides. Raises LookupError where the table is silent or speaks twice."""
    rows = [row for row in TABLE if row.matches(who, reach, says)]
    own = [row for row in rows if row.number not in CATCH_ALL or row.who != ANYBODY] or rows
    if len(own) != 1:
        raise LookupError(f"{len(own)} rows for {who}, {reach}, {says}")
    return own[0]


def reach_of(channel: str) -> Reach:
    """Everything but `internal` and `archive` is external."""
    return Reach.INTERNAL if channel in ("internal", "archive") else Reach.EXTERNAL


def cases() -> list[tuple[Who, Reach, Says]]:
    """Everything that the table may be asked: only of staff is more asked than that somebody agreed, and no signature."""
    impossible = {(who, Says.GENERIC) for who in Who if who is not Who.STAFF} | {(Who.STAFF, Says.VERBAL)}
    return [case for case in product(Who, Reach, Says) if (case[0], case[2]) not in impossible]
