"""Stored positions against logs that are not as they were: made anew, cut, with holes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from prometheus_client import CollectorRegistry

from shared.bus import Consumer, encode, ensure_topics, reset_positions
from shared.bus.metrics import BUS, BUS_PREFIX, Instruments
from shared.bus.positions import Log, Partition
from shared.bus.topics import TopicSpec
from tests.integration.bus.ledger import resolved, staff_left
from tests.integration.bus.world import World, eventually


@asynccontextmanager
async def _admin(world: World) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(bootstrap_servers=world.bootstrap)
    await admin.start()
    yield admin
    await admin.close()


async def _make_anew(world: World, topic: str) -> None:
    async with _admin(world) as admin:
        await admin.delete_topics([topic])
        spec = TopicSpec(topic, 2, {})

        async def gone() -> bool:
            return topic not in await admin.list_topics()

        await eventually(gone, "the topic is gone")
    await ensure_topics(world.bootstrap, [spec])


async def _refusal(consumer: Consumer, *words: str) -> None:
    """Wait until the consumer is not ready for this reason."""

    async def refused() -> bool:
        said = await consumer.ready() or ""
        return all(word in said for word in words)

    await eventually(refused, "the consumer refuses")


def _held(registry: CollectorRegistry) -> list[tuple[str, str, str]]:
    """Topic, partition and reason of what is shown as held."""
    return [
        (sample.labels["topic"], sample.labels["partition"], sample.labels["reason"])
        for metric in registry.collect()
        for sample in metric.samples
        if sample.name == f"{BUS_PREFIX}held"
    ]


@pytest.mark.parametrize("records", [3, 30], ids=["shorter than before", "grown past the stored position"])
async def test_a_topic_made_anew_refuses_to_start_and_names_the_way_out(world: World, records: int) -> None:
    """The process stays, unready, and reads nothing, of no topic; once the positions are mended it goes on by itself."""
    topic = world.topics.shared("messages")
    await world.say(*(resolved("a") for _ in range(10)))
    async with world.running():
        await world.applied(10)
    await _make_anew(world, topic)
    fresh = [resolved("a") for _ in range(records)]
    await world.say(*fresh)
    await world.write(world.topics.inbound("westward", "people"), encode(staff_left("p", "hr-1")))
    registry = CollectorRegistry()
    world.ledger.bus.instruments = Instruments(BUS, registry, BUS_PREFIX)
    async with world.running() as consumer:
        await _refusal(consumer, f"`houserules positions reset sla {topic}`")
        await asyncio.sleep(1.0)
        held = _held(registry)
        assert {reason for _, _, reason in held} == {"stale"}
        assert {(topic, "0"), (topic, "1")} <= {(of, partition) for of, partition, _ in held}
        assert len(await world.entries()) == 10
        moved = await reset_positions(world.ledger.bus.database, world.bootstrap, topic)
        assert sorted(step.before or 0 for step in moved) == [0, 10]
        assert all(step.after == 0 for step in moved)
        await world.applied(10 + records + 1)
        assert await consumer.ready() is None
        assert _held(registry) == []
    applied = (await world.entries())[10:]
    assert [entry for entry in applied if entry != "hr-1"] == [event.id for event in fresh]


async def test_a_topic_made_anew_while_it_is_read_stops_the_reading(world: World) -> None:
    topic = world.topics.shared("messages")
    await world.say(*(resolved("a") for _ in range(10)))
    async with world.running() as consumer:
        await world.applied(10)
        await _make_anew(world, topic)
        await world.say(*(resolved("a") for _ in range(30)))
        await _refusal(consumer, "made anew", "houserules positions reset")
        assert len(await world.entries()) == 10


async def test_a_position_moved_on_by_another_member_is_no_contradiction(world: World) -> None:
    """The broker was asked just before records came, the database just after they were applied."""
    await world.say(*(resolved("a") for _ in range(5)))
    async with world.running():
        await world.applied(5)
    await world.say(last := resolved("a"))
    async with world.running() as consumer:
        ask, answers = consumer.broker.logs, 0

        async def asked_too_early(partitions: Any) -> dict[Partition, Log]:
            nonlocal answers
            answers += 1
            logs = await ask(partitions)
            return {p: replace(log, end=0) if answers == 1 else log for p, log in logs.items()}

        consumer.broker.logs = asked_too_early  # type: ignore[method-assign] # an answer that was overtaken
        await world.applied(6)
        assert answers == 2
    assert (await world.entries())[5:] == [last.id]


async def test_a_log_that_begins_behind_the_stored_position_holds_the_partition(world: World) -> None:
    topic = world.topics.shared("messages")
    await world.say(*(resolved("a") for _ in range(4)), partition=0)
    async with world.running():
        await world.applied(4)
    await world.say(*(resolved("a") for _ in range(6)), partition=0)
    async with _admin(world) as admin:
        await admin.delete_records({TopicPartition(topic, 0): RecordsToDelete(before_offset=7)})
    other = resolved("b")
    await world.say(other, partition=1)
    async with world.running() as consumer:
        await world.applied(5)
        await asyncio.sleep(0.5)
        track = next(t for p, t in consumer.assignment.tracks.items() if p == (topic, 0))
        assert track.held == "lost"
    assert (await world.entries())[4:] == [other.id]
    await reset_positions(world.ledger.bus.database, world.bootstrap, topic)
    async with world.running():
        await world.applied(8)


async def test_holes_of_transactions_count_as_ignored(world: World) -> None:
    """An outside writer's transactions leave control records; an aborted one leaves records that nobody may read."""
    topic = world.topics.inbound("westward", "people")
    producer = AIOKafkaProducer(bootstrap_servers=world.bootstrap, transactional_id=f"{world.prefix}hr")
    await producer.start()

    async def send(count: int, first: int) -> None:
        for n in range(count):
            wire = encode(staff_left("p", f"hr-{first + n}"))
            await producer.send(topic, wire.body, wire.key, partition=0, headers=wire.headers)

    async with producer.transaction():
        await send(3, 0)
    await producer.begin_transaction()
    await send(2, 100)
    await producer.flush()
    await producer.abort_transaction()
    async with producer.transaction():
        await send(3, 3)
    await producer.stop()
    async with world.running() as consumer:
        await world.taken(11)
        assert sorted(await world.entries()) == [f"hr-{n}" for n in range(6)]
        assert await world.counts() == {"applied": 6, "duplicate": 0, "ignored": 5, "dead": 0, "taken": 11}
        assert not await consumer.assignment.observe()


async def test_topics_are_made_once_and_checked(world: World) -> None:
    specs = [TopicSpec(f"{world.prefix}extra", 2, {"retention.ms": "1000000"})]
    assert await ensure_topics(world.bootstrap, specs) == [f"{world.prefix}extra"]
    assert await ensure_topics(world.bootstrap, specs) == []
    wrong: list[Any] = [TopicSpec(f"{world.prefix}extra", 3, {"retention.ms": "5"})]
    with pytest.raises(Exception, match=r"2 partitions, not 3; .*retention.ms=1000000, not 5"):
        await ensure_topics(world.bootstrap, wrong)
