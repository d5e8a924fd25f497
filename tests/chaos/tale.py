"""Random histories as deliveries, and what must hold in the end however they were delivered."""

import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from random import Random, SystemRandom
from typing import Any

import msgspec

from shared.contracts import Event
from shared.policy import Packs
from tests.chaos.branch import Branch
from tests.integration.sla.office import event_of
from tests.unit.sla import model
from tests.unit.sla.histories import Net, history, net, that_stand
from tests.unit.sla.story import Said
from tests.unit.sla.test_histories import in_order, kept

__all__ = ["Delivery", "Tale", "as_in_order", "nothing_lost_or_doubled", "seeded", "the_table_and_the_topic_agree"]

SPREAD = 60
"""So many conversations are mixed in one stretch of the topic."""
Key = tuple[str, str]
Delivery = tuple[Event, int | None]
"""An event, and its partition if its key does not decide."""


def seeded() -> Random:
    """Chance that can be had again: HOUSERULES_SEED repeats a run."""
    seed = int(os.environ.get("HOUSERULES_SEED") or SystemRandom().randrange(2**32))
    print(f"HOUSERULES_SEED={seed}")
    return Random(seed)


@dataclass(slots=True)
class Tale:
    """All histories, and how they are delivered."""

    random: Random
    conversations: int
    parts_in: int
    histories: dict[Key, list[Said]] = field(default_factory=dict)
    parts: list[list[Delivery]] = field(default_factory=list)
    ids: set[tuple[str, str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        mixed: list[list[tuple[float, Delivery]]] = [[] for _ in range(self.parts_in)]
        for number in range(self.conversations):
            key = (self.random.choice(("westward", "wheatley")), f"c{number:04}")
            self.histories[key] = told = history(self.random)
            for delivery in self._deliveries(key, told):
                place = number + self.random.uniform(0, SPREAD)
                self.random.choice(mixed).append((place, delivery))
                event = delivery[0]
                self.ids.add((event.organisation, event.source, event.id))
        self.parts = [[delivery for _, delivery in sorted(part, key=lambda each: each[0])] for part in mixed]

    def _deliveries(self, key: Key, told: Sequence[Said]) -> Iterable[Delivery]:
        """Every fact; up to ten again under the same id with another time, half of those on another partition."""
        organisation, conversation = key
        for fact in told:
            yield _event(fact, organisation, conversation), None
        for _ in range(self.random.randint(0, 10)):
            again = _event(self.random.choice(told), organisation, conversation)
            later = again.time + timedelta(seconds=self.random.randrange(1, 3600))
            yield msgspec.structs.replace(again, time=later), self.random.choice((None, self.random.randrange(6)))


def _event(fact: Said, organisation: str, conversation: str) -> Event:
    """Nobody writes in two conversations here: a block then belongs to one history."""
    author = getattr(fact.data, "author", None)
    data = fact.data if author is None else msgspec.structs.replace(fact.data, author=f"{conversation}-{author}")
    return event_of(replace(fact, data=data), organisation, conversation, f"{conversation}-")


async def the_table_and_the_topic_agree(branch: Branch, events: list[Event], tale: Tale) -> dict[Key, Net]:
    """Each target in the state that a reader of Kafka alone believes in, at the same revision; the states."""
    stream: dict[Key, list[Event]] = defaultdict(list)
    ids: dict[str, Event] = {}
    identity: dict[tuple[str, int, str, Any], str] = {}
    revisions: dict[tuple[str, str], int] = {}
    for event in events:
        data: Any = event.data
        if ids.setdefault(event.id, event) is not event:
            assert ids[event.id] == event
            continue
        what = (data.target, data.revision, event.name, data.at if event.name == "sla-warning" else None)
        assert identity.setdefault(what, event.id) == event.id
        stream[event.organisation, event.key].append(event)
        revisions[event.organisation, data.target] = data.revision
    states: dict[Key, Net] = {key: {} for key in tale.histories}
    rows = await branch.rows("select * from targets")
    for row in rows:
        states[row.organisation, row.conversation][row.message, row.started_at] = row.state
        assert row.breach is None or row.breach in ids
    assert {(row.organisation, str(row.target)): row.revision for row in rows} == revisions
    assert {key: net(stream[key]) for key in tale.histories} == states
    return states


def as_in_order(packs: Packs, tale: Tale, states: dict[Key, Net]) -> None:
    """The verdicts are the model's, for a tenth of the histories also those of the in-order run."""
    wrong = {}
    for number, ((organisation, conversation), told) in enumerate(tale.histories.items()):
        found = that_stand(states[organisation, conversation])
        expected = model.verdicts(organisation, told, packs)
        if (
            found != that_stand({key: verdict for key, (verdict, _) in expected.items()})
            or number % 10 == 0
            and found != that_stand(kept(in_order(packs, organisation, told)))
        ):
            wrong[organisation, conversation] = told
    assert wrong == {}


async def nothing_lost_or_doubled(branch: Branch, tale: Tale) -> None:
    """P4: each partition's offsets are its records, and of each record it is known what became of it."""
    positions = await branch.positions()
    assert len(positions) == branch.topics.partitions
    for row, end in positions:
        assert (row.first_offset, row.next_offset) == (0, end)
        assert row.next_offset == row.applied + row.duplicate + row.ignored + row.dead
    total = sum(len(part) for part in tale.parts)
    counts = {name: sum(getattr(row, name) for row, _ in positions) for name in ("applied", "ignored", "dead")}
    assert counts == {"applied": len(tale.ids), "ignored": 0, "dead": 0}
    assert sum(row.duplicate for row, _ in positions) == total - len(tale.ids)
    assert await branch.rows("select 1 from conversations where next_at is not null") == []
    (heard,) = await branch.rows("select (select count(*) from facts) + (select count(*) from blocks) as facts")
    assert heard.facts == len(tale.ids)
