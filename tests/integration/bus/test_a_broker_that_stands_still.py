"""What readiness says and what the relay does while the broker answers nobody."""

import asyncio

import pytest

from shared.bus import Relay
from tests.integration.bus.ledger import resolved
from tests.integration.bus.world import World, eventually
from tests.servers import KafkaServer


@pytest.fixture
def kafka(kafka_server: KafkaServer) -> str:
    """A broker of these tests' own: others work on the one that is shared."""
    return kafka_server.bootstrap


async def test_readiness_asks_the_broker_and_the_group(world: World, kafka_server: KafkaServer) -> None:
    async with world.running() as consumer:
        assert "has not joined" in (await consumer.ready() or "")

        async def ready() -> bool:
            return await consumer.ready() is None

        await eventually(ready, "ready")
        kafka_server.process.freeze()
        try:
            async with asyncio.timeout(8):
                assert "does not answer" in (await consumer.ready() or "")
        finally:
            kafka_server.thaw()
        await eventually(ready, "ready again")


async def test_a_broker_that_stands_still_delays_and_loses_nothing(world: World, kafka_server: KafkaServer) -> None:
    """The relay gives the producer up at its deadline and sends all again; the first of each is in order."""
    events = [resolved("a") for _ in range(50)]
    stop = asyncio.Event()
    relay = Relay(world.ledger.bus, world.bootstrap, deadline_s=0.5)
    task = asyncio.create_task(relay.run(stop))

    async def leading() -> bool:
        return relay.leading

    await eventually(leading, "the relay leads")
    kafka_server.process.freeze()
    try:
        async with world.ledger.bus.transaction() as tx:
            await tx.lock("westward", "messages", "a")
            tx.emit(*events)
        await asyncio.sleep(1.5)
        assert await world.scalar("select count(*) from outbox") == 50
    finally:
        kafka_server.thaw()
    await world.drained(30)
    stop.set()
    await task
    sent = [dict(record.headers)["ce_id"].decode() for record in await world.published(world.topics.shared("messages"))]
    assert list(dict.fromkeys(sent)) == [event.id for event in events]
