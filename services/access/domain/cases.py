"""What a person has to decide, and the breaker against mass leaving."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

__all__ = ["Breaker", "Case", "Cases"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A question to people. `subjects` are what led to it, so that nothing is asked twice; `outcome` how it closed."""

    id: str
    kind: str
    person: str | None
    subjects: tuple[str, ...]
    opened_at: datetime
    candidates: int | None = None
    state: str = "open"
    outcome: str | None = None
    closed_at: datetime | None = None
    closed_by: str | None = None


@dataclass(slots=True)
class Cases:
    """The cases of one organisation that a transaction touches, by (kind, person)."""

    now: datetime
    new_id: Callable[[], str]
    changed: dict[str, Case] = field(default_factory=dict)
    _about: dict[tuple[str, str | None], dict[str, Case]] = field(default_factory=lambda: defaultdict(dict))

    @classmethod
    def of(cls, known: Iterable[Case], now: datetime, new_id: Callable[[], str]) -> "Cases":
        """As they are."""
        cases = cls(now, new_id)
        for case in known:
            cases._about[case.kind, case.person][case.id] = case
        return cases

    @property
    def known(self) -> list[Case]:
        """All of them."""
        return [case for mine in self._about.values() for case in mine.values()]

    def open(self, kind: str, person: str | None, subject: str, candidates: int | None = None) -> Case | None:
        """A new case, or None where one is open (which takes the subject in) or the subject was dealt with."""
        if any(subject in case.subjects for case in self._about[kind, person].values()):
            return None
        standing = self.standing(kind, person)
        if standing is not None:
            self._put(replace(standing, subjects=(*standing.subjects, subject)))
            return None
        case = Case(
            id=self.new_id(), kind=kind, person=person, subjects=(subject,), opened_at=self.now, candidates=candidates
        )
        self._put(case)
        return case

    def standing(self, kind: str, person: str | None) -> Case | None:
        """The open case of a kind about somebody."""
        return next((one for one in self._about[kind, person].values() if one.state == "open"), None)

    def close(self, kind: str, person: str, outcome: str) -> None:
        """What was asked is answered by the facts."""
        case = self.standing(kind, person)
        if case is not None:
            self._put(replace(case, state="closed", outcome=outcome, closed_at=self.now))

    def _put(self, case: Case) -> None:
        self._about[case.kind, case.person][case.id] = case
        self.changed[case.id] = case


@dataclass(slots=True)
class Breaker:
    """Counts the leavers of the last window; one beyond the limit is held, unless it is said to be immediate.

    Clause: westward:6.4.
    """

    limit: float
    counted: int
    since: datetime
    ahead: timedelta

    def counts(self, leave_at: datetime, known_at: datetime) -> bool:
        """Whether this leaver counts: not one who was announced well ahead."""
        return leave_at - known_at < self.ahead

    def trips(self, known_at: datetime) -> bool:
        """Count one; whether that is one too many."""
        if known_at <= self.since:
            return False
        self.counted += 1
        return self.counted > self.limit
