"""Records too large for a topic, and topics that are not there: in nobody's way."""

import hashlib

from aiokafka import AIOKafkaProducer

from shared.bus import deadletters, ensure_topics
from shared.bus.codec import Wire, encode
from shared.bus.outbox import OutboxRow
from shared.bus.topics import TopicSpec
from tests.integration.bus.ledger import resolved, staff_left
from tests.integration.bus.world import World, eventually

MIB = 2**20
LARGE = b"0" * (6 * MIB)


async def _write_compressed(world: World, topic: str, wire: Wire) -> None:
    """As an outside writer whose records are small on the wire."""
    producer = AIOKafkaProducer(
        bootstrap_servers=world.bootstrap, max_request_size=20 * MIB, compression_type="gzip", acks="all"
    )
    await producer.start()
    await producer.send_and_wait(topic, wire.body, key=wire.key, headers=list(wire.headers), partition=0)
    await producer.stop()


async def test_a_dead_letter_larger_than_its_topic_takes_goes_without_its_body(world: World) -> None:
    topic = world.topics.inbound("westward", "people")
    good = encode(staff_left("p1", "hr-1"))
    large_headers = [*good.headers, ("note", LARGE)]
    await _write_compressed(world, topic, good._replace(body=LARGE))
    await _write_compressed(world, topic, Wire(good.key, large_headers, b"{"))
    await world.write(topic, good, partition=0)
    async with world.running(relay=True):
        await world.taken(3)
        await world.drained()
    first, second = sorted(
        await world.published(world.topics.dead(topic, world.topics.group("sla"))),
        key=lambda r: int(dict(r.headers)["dlt-original-offset"]),
    )
    notes = dict(first.headers)
    assert (first.key, first.value, first.headers[: len(good.headers)]) == (good.key, None, tuple(good.headers))
    assert int(notes["dlt-body-bytes"]) == len(LARGE)
    assert notes["dlt-body-sha256"].decode() == hashlib.sha256(LARGE).hexdigest()
    assert "note" not in dict(second.headers)
    assert dict(second.headers)["dlt-error-message"].startswith(b"undecodable")
    rows = await world.fetch("select id, body, octet_length(headers) as headers from dead_letters order by log_offset")
    assert bytes(rows[0].body) == LARGE
    assert rows[1].headers > len(LARGE)
    async with world.ledger.bus.transaction() as tx:
        assert await deadletters.redrive(tx, [row.id for row in rows], "ops-1") == []
    assert await world.entries() == ["hr-1"]


async def test_a_row_that_kafka_refuses_for_its_size_is_set_aside(world: World) -> None:
    """The rows that were refused together with it are sent, in their order."""
    topic = f"{world.prefix}narrow"
    await ensure_topics(world.bootstrap, [TopicSpec(topic, 2, {"max.message.bytes": "102400"})])
    bodies = [bytes([65 + n]) * (200_000 if n == 3 else 40_000) for n in range(6)]
    async with world.ledger.bus.transaction() as tx:
        for body in bodies:
            tx.publish(OutboxRow("westward", topic, b"k", [("a", b"1")], body))
        tx.publish(OutboxRow("westward", world.topics.shared("messages"), b"k", [], b"x" * (4 * MIB + 100_000)))
        tx.publish(OutboxRow("westward", world.topics.shared("messages"), b"k", [], b"small"))
    async with world.running(relay=True):
        await world.drained(30)
    sent = list(dict.fromkeys(record.value for record in await world.published(topic)))
    assert sent == [body for n, body in enumerate(bodies) if n != 3]
    refused = await world.fetch("select topic, key, body, error from outbox_refused order by id")
    assert [(row.topic, len(row.body)) for row in refused] == [
        (topic, 200_000),
        (world.topics.shared("messages"), 4 * MIB + 100_000),
    ]
    assert {row.error for row in refused} == {"MessageSizeTooLargeError"}
    assert {record.value for record in await world.published(world.topics.shared("messages"))} == {b"small"}


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
