"""Topics that are not there: in nobody's way."""

from shared.bus import ensure_topics
from shared.bus.outbox import OutboxRow
from shared.bus.topics import TopicSpec
from tests.integration.bus.ledger import resolved
from tests.integration.bus.world import World, eventually


async def test_rows_of_a_missing_topic_hold_up_no_other(world: World) -> None:
    topic = f"{world.prefix}nowhere"
    async with world.ledger.bus.transaction() as tx:
        for n in range(4_001):
            tx.publish(OutboxRow("westward", topic, b"k", [], str(n).encode()))
        event = resolved("a")
        tx.holds("messages", "westward", ["a"])
        tx.emit(event)
    async with world.running(relay=True):

        async def sent() -> bool:
            return int(await world.scalar("select count(*) from outbox where topic <> :t", t=topic)) == 0

        await eventually(sent, "the event of a topic that is there is sent")
        await ensure_topics(world.bootstrap, [TopicSpec(topic, 2, {})])
        await world.drained(40)
    records = await world.published(topic)
    assert [int(record.value) for record in records] == list(range(4_001))
