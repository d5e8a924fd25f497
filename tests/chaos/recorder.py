"""Writes the history down while it happens, and knows at every moment what is offered and not yet seen."""

import time
from dataclasses import dataclass, field

from tests.chaos.checker import writer
from tests.chaos.history import (
    Answered,
    Applied,
    Effect,
    Emitted,
    Expected,
    History,
    Offered,
    Outcome,
    Spent,
    Struck,
    Taken,
)

__all__ = ["Recorder"]


@dataclass(slots=True)
class Recorder:
    """Append-only. Only what is in flight is worked out on the way, for the nemesis to wait for its moment."""

    offered: list[Offered] = field(default_factory=list)
    answered: list[Answered] = field(default_factory=list)
    struck: list[Struck] = field(default_factory=list)
    spent: list[Spent] = field(default_factory=list)
    calm: float = 0.0
    live: list[tuple[tuple[str, int, int], str]] = field(default_factory=list)
    _open: dict[Effect, tuple[float, float]] = field(default_factory=dict)
    """Effects that are wanted and not yet seen: since when, and from when on each may be."""

    def offer(self, fact: str, lane: str, *expected: Expected, applied: tuple[Applied, ...] = ()) -> None:
        """A client is about to send a fact."""
        now = time.time()
        self.offered.append(Offered(fact, lane, expected, now, applied))
        self._open |= {one.effect: (now, one.not_before) for one in expected if one.required}

    def answer(
        self, fact: str, outcome: Outcome, status: int | None = None, again: bool = False, since: float = 0.0
    ) -> None:
        """What became of an attempt that was begun at `since`."""
        self.answered.append(Answered(fact, outcome, time.time(), status, again, since))

    def forget(self, fact: str) -> None:
        """Its client has given up: nobody waits for it any more."""
        for offer in reversed(self.offered):
            if offer.fact == fact:
                for one in offer.expected:
                    self._open.pop(one.effect, None)
                return

    def saw(self, one: Emitted) -> None:
        """The consumer that runs beside has read a record."""
        self.live.append(((one.topic, one.partition, one.offset), one.content))
        self._open.pop(one.effect, None)

    def in_flight(self, services: tuple[str, ...], since: float) -> int:
        """How many effects of these services are wanted now of what was offered since then."""
        now = time.time()
        return sum(
            since <= offered and at < now and writer(effect) in services for effect, (offered, at) in self._open.items()
        )

    def last_due(self) -> float:
        """When the last deadline passes of all that was offered; 0 for none."""
        return max((one.not_before for offer in self.offered for one in offer.expected), default=0.0)

    def history(
        self, emitted: tuple[Emitted, ...], applied: frozenset[Applied], taken: tuple[Taken, ...], unquiet: str
    ) -> History:
        """All of it, with what is read from Kafka and the databases in the end."""
        return History(
            offered=tuple(self.offered),
            answered=tuple(self.answered),
            emitted=emitted,
            applied=applied,
            taken=taken,
            struck=tuple(self.struck),
            spent=tuple(self.spent),
            calm=self.calm,
            live=tuple(self.live),
            unquiet=unquiet,
        )
