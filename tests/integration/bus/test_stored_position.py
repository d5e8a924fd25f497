"""The database says where a partition is to be read next; what Kafka keeps for the group is for displays."""

from aiokafka import AIOKafkaConsumer, TopicPartition

from tests.integration.bus.ledger import resolved
from tests.integration.bus.world import World


async def _commit_at_the_end(world: World) -> None:
    """Kafka's own offsets of the group, moved past records that were never applied."""
    client = AIOKafkaConsumer(
        bootstrap_servers=world.bootstrap, group_id=world.topics.group("sla"), enable_auto_commit=False
    )
    await client.start()
    try:
        partitions = [TopicPartition(world.topics.shared("messages"), n) for n in range(world.topics.partitions)]
        client.assign(partitions)
        await client.commit(await client.end_offsets(partitions))
    finally:
        await client.stop()


async def test_kafkas_own_offset_decides_nothing(world: World) -> None:
    events = [resolved(f"c{n % 5}") for n in range(20)]
    await world.say(*events)
    await _commit_at_the_end(world)
    async with world.running():
        await world.taken(20)
    assert sorted(await world.entries()) == sorted(event.id for event in events)
    assert (await world.counts())["applied"] == 20
