"""P2 and P3 under kills: another process, killed with -9 at a step that it is proved to have reached."""

import asyncio
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from shared.bus import Relay
from tests.integration.bus.ledger import resolved
from tests.integration.bus.world import Child, World, eventually


def _firsts(ids: list[str]) -> list[str]:
    return list(dict.fromkeys(ids))


async def _all_once(world: World, events: list[Any]) -> None:
    """Every event applied once, answered once, in the order of its key; the counters add up."""
    ids = [event.id for event in events]
    assert sorted(await world.entries()) == sorted(ids)
    order = {event_id: n for n, event_id in enumerate(ids)}
    by_key: dict[str, list[int]] = {}
    for row in await world.fetch("select key, id from entries order by n"):
        by_key.setdefault(row.key, []).append(order[row.id])
    assert all(numbers == sorted(numbers) for numbers in by_key.values())
    emitted = await world.emitted()
    assert sorted(emitted) == sorted(ids)
    counts = await world.counts()
    assert counts["applied"] == counts["taken"] == len(ids)


async def _finish(world: World, count: int, **more: Any) -> None:
    successor = world.child("consumer", "relay", **more)
    await world.applied(count)
    await world.drained()
    assert await successor.end() == 0


async def test_worker_killed_between_database_commit_and_kafka_commit(world: World) -> None:
    events = [resolved(f"c{n % 5}") for n in range(60)]
    await world.say(*events)
    worker = world.child("consumer", stop_at="committed")
    await worker.says("reached committed")
    assert len(await world.entries()) > 0
    worker.kill()
    await _finish(world, 60)
    await _all_once(world, events)


async def test_a_successor_tells_kafka_how_far_the_one_that_was_killed_had_come(world: World) -> None:
    """No record comes any more that would do it: without this the group seems to be behind until one does."""
    (sent,) = await world.say(resolved("c1"))
    place = TopicPartition(sent.topic, sent.partition)
    worker = world.child("consumer", stop_at="committed")
    await worker.says("reached committed")
    assert len(await world.entries()) == 1
    worker.kill()
    admin = AIOKafkaAdminClient(bootstrap_servers=world.bootstrap)
    await admin.start()

    async def caught_up() -> bool:
        offsets = await admin.list_consumer_group_offsets(world.ledger.bus.group)
        return place in offsets and bool(offsets[place].offset == sent.offset + 1)

    try:
        assert not await caught_up()
        successor = world.child("consumer")
        await eventually(caught_up, "Kafka knows it, too")
    finally:
        await admin.close()
    assert await successor.end() == 0


@pytest.mark.parametrize("step", ["handler", "written"])
async def test_worker_killed_in_the_middle_of_a_batch(world: World, step: str) -> None:
    events = [resolved(f"c{n % 5}") for n in range(60)]
    await world.say(*events)
    worker = world.child("consumer", stop_at=step)
    await worker.says(f"reached {step}")
    assert await world.entries() == []
    worker.kill()
    await _finish(world, 60)
    await _all_once(world, events)


async def _emit(world: World, events: list[Any]) -> None:
    async with world.ledger.bus.transaction() as tx:
        await tx.lock("westward", "messages", *{event.key for event in events})
        tx.emit(*events)


@pytest.mark.parametrize(
    ("step", "keys", "again"), [("read", 5, False), ("sent", 5, True), ("acknowledged", 5, True), ("deleted", 1, False)]
)
async def test_relay_killed(world: World, step: str, keys: int, again: bool) -> None:
    events = [resolved(f"c{n % keys}") for n in range(40)]
    await _emit(world, events)
    relay: Child = world.child("relay", stop_at=step)
    await relay.says(f"reached {step}")
    before = await world.published(world.topics.shared("messages"))
    assert bool(before) == (step != "read")
    relay.kill()
    successor = world.child("relay")
    await successor.says("started")
    await world.drained()
    assert await successor.end() == 0
    records = await world.published(world.topics.shared("messages"))
    sent: dict[bytes, list[str]] = {}
    for record in records:
        sent.setdefault(record.key, []).append(dict(record.headers)["ce_id"].decode())
    expected: dict[bytes, list[str]] = {}
    for event in events:
        expected.setdefault(event.key.encode(), []).append(event.id)
    assert {key: _firsts(ids) for key, ids in sent.items()} == expected
    assert (len(records) > len(events)) == again


async def test_a_second_relay_waits_and_takes_over_when_the_leader_is_killed(world: World) -> None:
    await _emit(world, [resolved("a")])
    leader = world.child("relay", stop_at="deleted")
    await leader.says("reached deleted")
    stop = asyncio.Event()
    standby = Relay(world.ledger.bus, world.bootstrap)
    task = asyncio.create_task(standby.run(stop))
    await _emit(world, [resolved("b")])
    await asyncio.sleep(0.5)
    assert not standby.leading
    leader.kill()
    await world.drained()
    assert standby.leading
    stop.set()
    await task
    assert len(await world.published(world.topics.shared("messages"))) == 2


async def test_a_leader_that_is_stopped_and_not_dead_loses_the_lock_and_another_sends(world: World) -> None:
    """It answers keepalives for ever: PostgreSQL ends its idle session after 15 s, and with it its lock."""
    zombie = world.child("relay", stop_at="read", asleep=True)
    await zombie.says("started")
    await _emit(world, [resolved("a")])
    await zombie.says("reached read")
    stop = asyncio.Event()
    heir = Relay(world.ledger.bus, world.bootstrap)
    task = asyncio.create_task(heir.run(stop))
    await asyncio.sleep(1.0)
    assert not heir.leading
    await world.drained(40)
    assert heir.leading
    zombie.signal(18)
    await zombie.says_in_log("relay starts again")
    await _emit(world, [resolved("b")])
    await world.drained()
    assert heir.leading
    stop.set()
    await task
    assert await zombie.end() == 0
    published = [record.headers for record in await world.published(world.topics.shared("messages"))]
    assert len({dict(headers)["ce_id"] for headers in published}) == 2


async def test_a_zombie_that_wakes_up_past_its_session_changes_nothing(world: World) -> None:
    events = [resolved(f"c{n % 9}") for n in range(60)]
    zombie = world.child("consumer", "relay", stop_at="written", asleep=True)
    await zombie.says("started")
    heir = world.child("consumer", "relay", ordinal=1)
    await heir.says("started")
    await world.say(*events)
    await zombie.says("reached written")
    await world.applied(60, seconds=30)
    zombie.signal(18)
    await zombie.says_in_log("batch waits")
    await world.say(last := resolved("c0"))
    await world.applied(61)
    await world.drained()
    assert await zombie.end() == 0
    assert await heir.end() == 0
    await _all_once(world, [*events, last])
