"""P2: the same id again, wherever it comes from, is applied once; and nobody waits for each other over it."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from shared.bus import Bus, Record, Subscription, forget_old_events, positions
from shared.bus.applying import Applier
from shared.bus.outbox import Headers
from shared.bus.positions import Log, Partition
from shared.bus.reading import Portion, Work
from tests.integration.bus.ledger import NOW, resolved
from tests.integration.bus.world import World


@dataclass
class AsRead:
    """A record as it was read."""

    topic: str
    partition: int
    offset: int
    timestamp: int = 0
    key: bytes | None = b"k"
    value: bytes | None = b"{}"
    headers: Headers = ()


def portion(partition: Partition, start: int, events: list[Any]) -> Portion:
    """Events as they would have been read from a partition."""
    raws = [AsRead(*partition, start + n) for n in range(len(events))]
    entries = [Record(event, *partition, raw.offset, 0) for event, raw in zip(events, raws, strict=True)]
    return Portion(partition, start, start + len(events), raws, list(entries))


async def _begin(bus: Bus, *partitions: Partition) -> None:
    async with bus.transaction() as tx:
        await positions.create(tx, {p: Log(None, 0, 0) for p in partitions})


def _messages(world: World) -> Subscription:
    return world.ledger.subscriptions[0]


async def test_the_same_id_twice_in_one_batch(world: World) -> None:
    twice, other = resolved("a"), resolved("b")
    where = Partition(world.topics.shared("messages"), 0)
    await _begin(world.ledger.bus, where)
    applier = Applier(world.ledger.bus)
    await applier.apply(Work(_messages(world), [portion(where, 0, [twice, other, twice])]))
    assert await world.entries() == [twice.id, other.id]
    assert await world.scalar("select count(*) from outbox") == 2
    counts = await world.counts()
    assert counts == {"applied": 2, "duplicate": 1, "ignored": 0, "dead": 0, "taken": 3}


async def test_the_same_id_in_two_batches(world: World) -> None:
    twice = resolved("a")
    async with world.running():
        await world.say(twice, resolved("a"))
        await world.applied(2)
        await world.say(twice, resolved("a"))
        await world.applied(3)
    assert (await world.entries()).count(twice.id) == 1
    assert (await world.counts())["duplicate"] == 1


async def test_the_same_id_in_two_partitions_and_with_another_time(world: World) -> None:
    first = resolved("a", "one-id")
    later = resolved("a", "one-id", time=NOW + timedelta(minutes=3))
    await world.say(first, partition=0)
    await world.say(later, partition=1)
    async with world.running():
        await world.taken(2)
    assert await world.entries() == ["one-id"]
    assert await world.counts() == {"applied": 1, "duplicate": 1, "ignored": 0, "dead": 0, "taken": 2}


async def test_an_id_belongs_to_its_organisation_and_source(world: World) -> None:
    events = [
        resolved("a", "one-id"),
        resolved("a", "one-id", organisation="wheatley"),
        resolved("a", "one-id", source="/houserules/access"),
    ]
    await world.say(*events)
    async with world.running():
        await world.taken(3)
    assert await world.entries() == ["one-id"] * 3
    assert (await world.counts())["duplicate"] == 0


async def test_two_members_with_overlapping_unsorted_ids_never_deadlock(world: World) -> None:
    members = [world.ledger, world.another()]
    partitions = [Partition(world.topics.shared("messages"), n) for n in (0, 1)]
    await _begin(world.ledger.bus, *partitions)
    appliers = [Applier(member.bus) for member in members]
    for trial in range(50):
        events = [resolved(f"k{n % 20}", f"{trial:02}-{n:03}") for n in range(120)]
        deliveries = [events, events[::-1]]
        works = [
            Work(member.subscriptions[0], [portion(where, trial * 120, delivery)])
            for member, where, delivery in zip(members, partitions, deliveries, strict=True)
        ]
        applying = (applier.apply(work) for applier, work in zip(appliers, works, strict=True))
        assert await asyncio.gather(*applying, return_exceptions=True) == [None, None], trial
    assert len(await world.entries()) == len(set(await world.entries())) == 50 * 120
    assert await world.scalar("select count(*) from outbox") == 50 * 120
    counts = await world.counts()
    assert counts["applied"] == counts["duplicate"] == 50 * 120
    await members[1].bus.database.close()


async def test_a_batch_read_before_somebody_else_moved_on_changes_nothing(world: World) -> None:
    events = [resolved("a") for _ in range(10)]
    where = Partition(world.topics.shared("messages"), 0)
    await _begin(world.ledger.bus, where)
    applier = Applier(world.ledger.bus)
    await applier.apply(Work(_messages(world), [portion(where, 0, events[:6])]))
    again = applier.apply(Work(_messages(world), [portion(where, 0, events)]))
    assert list(await asyncio.gather(again, return_exceptions=True)) == [None]
    assert await world.entries() == [event.id for event in events]
    assert (await world.counts())["duplicate"] == 0
    await world.ledger.bus.database.fetch("delete from inbox returning id")
    await applier.apply(Work(_messages(world), [portion(where, 0, events)]))
    assert len(await world.entries()) == 10
    assert await world.counts() == {"applied": 10, "duplicate": 0, "ignored": 0, "dead": 0, "taken": 10}


async def test_the_inbox_forgets_beyond_its_horizon_only(world: World) -> None:
    where = Partition(world.topics.shared("messages"), 0)
    await _begin(world.ledger.bus, where)
    events = [resolved("a") for _ in range(30)]
    await Applier(world.ledger.bus).apply(Work(_messages(world), [portion(where, 0, events)]))
    ids = [event.id for event in events[:20]]
    await world.fetch(
        "update inbox set received_at = now() - interval '14 days 1 minute' where id = any(cast(:ids as text[])) "
        "returning id",
        ids=ids,
    )
    assert await forget_old_events(world.ledger.bus, batch=7) == 20
    assert await world.scalar("select count(*) from inbox") == 10
