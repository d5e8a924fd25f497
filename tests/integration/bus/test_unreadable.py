"""Records that the client library cannot read: they hold their own partition, and nothing else."""

from typing import Any

import aiokafka.codec
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy

from shared.bus import Consumer
from shared.bus.codec import Wire, encode
from tests.integration.bus.ledger import staff_left
from tests.integration.bus.world import World, eventually


async def _write_compressed(world: World, topic: str, codec: str, wires: list[Wire]) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=world.bootstrap, compression_type=codec, linger_ms=50)
    await producer.start()
    for future in [await producer.send(topic, w.body, w.key, partition=0, headers=list(w.headers)) for w in wires]:
        await future
    await producer.stop()


def _wires(first: int, count: int = 5) -> list[Wire]:
    return [encode(staff_left("p", f"hr-{first + n:02}", source="/westward/hr")) for n in range(count)]


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
async def test_every_codec_is_read(world: World, codec: str) -> None:
    await _write_compressed(world, world.topics.inbound("westward", "people"), codec, _wires(0))
    async with world.running():
        await world.applied(5)
    assert await world.entries() == [f"hr-{n:02}" for n in range(5)]


class _NoText(str):
    """A header's name that is not UTF-8 on the wire."""

    __slots__ = ()

    def encode(self, *_: Any) -> bytes:
        """Not text."""
        return b"\xff\xfe"


async def _write_bad_header(world: World, topic: str, before: list[Wire]) -> None:
    """One batch: sound records, one with a header name that is not UTF-8, a sound one."""
    producer = await world.producer()
    batch = producer.create_batch()
    batch._builder = _DefaultRecordBatchBuilderPy(2, 0, False, -1, -1, 0, 16_384)
    for wire in before:
        batch.append(timestamp=None, key=wire.key, value=wire.body, headers=list(wire.headers))
    batch.append(timestamp=None, key=b"p", value=b"{}", headers=[(_NoText("x"), b"1")])
    batch.append(timestamp=None, key=b"p", value=b"{}", headers=[])
    batch.close()
    await (await producer.send_batch(batch, topic, partition=0))


async def _held(consumer: Consumer, topic: str) -> None:
    async def held() -> bool:
        return any(t.held == "unreadable" for p, t in consumer.assignment.tracks.items() if p == (topic, 0))

    await eventually(held, "the partition is held")


async def test_a_header_that_is_not_utf_8_holds_its_partition_alone(world: World) -> None:
    westward, wheatley = (world.topics.inbound(name, "people") for name in ("westward", "wheatley"))
    good = _wires(0, 3)
    await _write_bad_header(world, westward, good)
    other = encode(staff_left("p", "other-1", "wheatley", "/wheatley/hr"))
    await world.write(wheatley, other, partition=0)
    async with world.running() as consumer:
        await _held(consumer, westward)
        await world.applied(4)
        await world.write(wheatley, encode(staff_left("p", "other-2", "wheatley", "/wheatley/hr")), partition=0)
        await world.write(westward, *_wires(10, 2), partition=1)
        await world.applied(7)
    expected = ["hr-00", "hr-01", "hr-02", "hr-10", "hr-11", "other-1", "other-2"]
    assert sorted(await world.entries()) == expected
    stored = await world.scalar("select next_offset from positions where topic = :t and partition = 0", t=westward)
    assert stored == 3


async def test_an_unknown_codec_holds_its_partition_alone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    westward, wheatley = (world.topics.inbound(name, "people") for name in ("westward", "wheatley"))
    await _write_compressed(world, westward, "zstd", _wires(0))
    monkeypatch.setattr(aiokafka.codec, "cramjam", None)
    await world.write(wheatley, encode(staff_left("p", "other-1", "wheatley", "/wheatley/hr")), partition=0)
    async with world.running() as consumer:
        await _held(consumer, westward)
        await world.applied(1)
        assert await world.entries() == ["other-1"]
    monkeypatch.undo()
    async with world.running(world.ledger):
        await world.applied(6)
