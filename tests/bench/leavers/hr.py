"""Says that somebody left, or lets the relay go, and waits for what comes out on Kafka: the process of a contestant."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Any

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from shared.bus import encode
from shared.contracts.event import event_of
from shared.contracts.people import StaffLeft
from tests.bench.contest import Job
from tests.bench.installation import tail
from tests.bench.leavers.relaying import COMMITTED, GO
from tests.bench.stopwatch import Stopwatch

__all__ = ["leave", "relay"]

LIMIT_S = 120.0


async def leave(watch: Stopwatch, job: Job) -> None:
    """From HR's `staff-left`, not yet sent, to the last `revoke-access` in a reader's hand."""
    given = job.given
    watch.watch(int(given["pid"]))
    said = event_of(
        StaffLeft(person=given["person"], immediate=True),
        id=f"left-{given['person']}",
        source="/westward/hr",
        organisation="westward",
        time=datetime.now(UTC),
    )
    wire = encode(said)
    producer = AIOKafkaProducer(bootstrap_servers=given["bootstrap"], acks="all")
    await producer.start()
    await producer.partitions_for(given["people"])
    async with tail(given["bootstrap"], given["access"], int(given["partitions"])) as consumer:
        watch.begin()
        await producer.send(given["people"], wire.body, wire.key, headers=list(wire.headers))
        watch.end(await _count(consumer, job.count, watch))
    await producer.stop()


async def relay(watch: Stopwatch, job: Job) -> None:
    """From the commit of the same records in an outbox to the last of them in a reader's hand."""
    given = job.given
    watch.watch(int(given["pid"]))
    rows = await asyncpg.connect(given["database"])
    committed = asyncio.Event()
    await rows.add_listener(COMMITTED, lambda *_: committed.set())
    async with tail(given["bootstrap"], given["access"], int(given["partitions"])) as consumer:
        await rows.execute(f"notify {GO}, '{given['file']}'")
        await committed.wait()
        watch.begin()
        watch.end(await _count(consumer, job.count, watch))
    await rows.close()


async def _count(consumer: AIOKafkaConsumer, wanted: int, watch: Stopwatch) -> int:
    """Wait for so many `revoke-access`; how many there were. Notes when the first came."""
    began, count = time.perf_counter(), 0
    while count < wanted and time.perf_counter() - began < LIMIT_S:
        for records in (await consumer.getmany(timeout_ms=200)).values():
            found = sum(1 for record in records if _revokes(record))
            if found and not count:
                watch.figure("first_ms", (time.perf_counter() - began) * 1000)
            count += found
    watch.figure("last_ms", (time.perf_counter() - began) * 1000)
    return count


def _revokes(record: Any) -> bool:
    return bool(dict(record.headers)["ce_type"] == b"houserules.revoke-access.v1")
