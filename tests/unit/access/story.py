"""given / when / then about one person: what HR said and when it was heard, at what time it is looked at, what is told."""

import itertools
import sys
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.access.domain import (
    FACTS,
    Admins,
    Breaker,
    Cases,
    Fact,
    Holder,
    Item,
    Known,
    Line,
    Revocation,
    Settled,
    Standing,
    Telling,
    World,
    bring_up_in_parts,
)
from shared.contracts import Event
from shared.policy import Packs
from tests.unit.access.said import at

__all__ = ["GRANT", "Story"]

GRANT = Item(
    kind="grant", id="g1", action="remove-role", site="page", since=at("-1 Mon 00:00"), account="a1", role="editor",
    grant="g1",
)  # fmt: skip


@dataclass(slots=True)
class Story:
    """One person's, told step by step, without a database."""

    packs: Packs
    organisation: str = "westward"
    items: Sequence[Item] = (GRANT,)
    holders: Sequence[Holder] = ()
    managers: dict[str, str | None] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    counted: int = 0
    now: datetime = field(default_factory=lambda: at("Mon 09:00"))
    facts: list[Fact] = field(default_factory=list)
    standings: dict[str, Standing] = field(default_factory=dict)
    revocations: dict[str, Revocation] = field(default_factory=dict)
    cases: Cases = field(init=False)
    told: list[Event] = field(default_factory=list)
    settled: Settled | None = None
    _ids: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        self.cases = Cases.of([], self.now, self.new_id)

    def new_id(self) -> str:
        """Ids in a row."""
        return f"id-{next(self._ids)}"

    def given(self, *events: Event, clock: str | None = None) -> "Story":
        """Heard before what is asked about."""
        return self.when(*events, clock=clock, quiet=True)

    def when(self, *events: Event, clock: str | None = None, quiet: bool = False) -> "Story":
        """Heard now, or at `clock`."""
        self.now = at(clock) if clock else self.now
        known = {(fact.source, fact.id) for fact in self.facts}
        said = [event for event in events if (event.source, event.id) not in known]
        self.facts += [FACTS[event.name](event, event.data, self.now) for event in said]
        telling = Telling(self.organisation, self.packs.at(self.organisation, self.now), self.now, self.new_id)
        self.cases.now = self.now
        world = World(
            packs=self.packs,
            telling=telling,
            admins=Admins.of(self.holders),
            line=Line(self.managers, set(self.gone)),
            cases=self.cases,
            breaker=Breaker(
                limit=20, counted=self.counted, since=self.now - timedelta(hours=1), ahead=timedelta(hours=24)
            ),
            new_id=self.new_id,
        )
        person = Known(
            person="p1",
            facts=self.facts,
            standings=self.standings,
            items=self.items,
            revocations=tuple(self.revocations.values()),
        )
        self.settled = _whole(bring_up_in_parts(person, world, sys.maxsize))
        self.standings = {standing.id: standing for standing in self.settled.standings}
        self.revocations |= {one.id: one for one in self.settled.revocations}
        self.told = [] if quiet else telling.events
        return self

    def then(self, *names: str) -> "Story":
        """Exactly this is told."""
        assert [event.name for event in self.told] == list(names)
        return self

    @property
    def state(self) -> str:
        """Of the last stint."""
        assert self.settled is not None
        return self.settled.standings[-1].state

    @property
    def only(self) -> Revocation:
        """The one revocation."""
        (one,) = self.revocations.values()
        return one


def _whole(parts: Generator[object, None, Settled]) -> Settled:
    """What comes of it where no part is given out before the end."""
    try:
        next(parts)
    except StopIteration as end:
        settled: Settled = end.value
        return settled
    raise AssertionError("a part was given out")
