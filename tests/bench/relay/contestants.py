"""Ways to send the same records, acknowledged by all in-sync replicas, without a duplicate, in the order of each key."""

import asyncio
import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import asyncpg
from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import murmur2

from services.sla.metrics import FIGURES
from shared.bus.ground import Ground
from shared.bus.outbox import unpack
from shared.bus.relay import BATCH_BYTES, Relay
from shared.bus.term import READ_ROWS, Term
from tests.bench.contest import Job
from tests.bench.handler.limits import SESSION
from tests.bench.handler.ours import settings_of
from tests.bench.stopwatch import Stopwatch, pythons_collector

__all__ = ["Payload", "relay", "send", "send_batch", "send_outbox"]

Payload = tuple[bytes, list[tuple[str, bytes]], bytes]
"""Key, headers, body."""


class _Timed(Relay):
    """The relay with a stopwatch: from its first read as leader until the last row is deleted."""

    def timed(self, watch: Stopwatch, wanted: int, done: asyncio.Event) -> None:
        """Say how many there are."""
        self.watch, self.wanted, self.done = watch, wanted, done

    def term(self, connection: Any, producer: AIOKafkaProducer, stop: asyncio.Event) -> Term:
        """Begin to measure."""
        self.watch.begin()
        return _TimedTerm(self, connection, producer, stop)


class _TimedTerm(Term):
    relay: _Timed
    settled = 0

    def deleted(self, ids: Sequence[int]) -> None:
        """Count what is acknowledged and deleted."""
        super().deleted(ids)
        self.settled += len(ids)
        if self.settled >= self.relay.wanted:
            self.relay.watch.end(self.settled)
            self.relay.done.set()


async def relay(watch: Stopwatch, job: Job) -> None:
    """The service's own."""
    ground = Ground.of("sla", settings_of(job), FIGURES)
    done = asyncio.Event()
    timed = _Timed(ground.bus, ground.settings.cluster)
    timed.timed(watch, job.count, done)
    await timed.run(done)
    await ground.database.close()


async def send(watch: Stopwatch, job: Job) -> None:
    """`send` of every record from memory, and one wait for all: pipelined."""
    payloads = _payloads(job)
    producer = await _producer(job)
    watch.begin()
    sent = [await producer.send(job.given["topic"], body, key, headers=headers) for key, headers, body in payloads]
    await asyncio.gather(*sent)
    watch.end(len(sent))
    await producer.stop()


async def send_batch(watch: Stopwatch, job: Job) -> None:
    """`send_batch` from memory: what the client can do at the most."""
    payloads = _payloads(job)
    producer = await _producer(job)
    topic = job.given["topic"]
    partitions = sorted(await producer.partitions_for(topic))
    lanes: dict[int, list[Payload]] = {number: [] for number in partitions}
    watch.begin()
    for payload in payloads:
        lanes[(murmur2(payload[0]) & 0x7FFFFFFF) % len(partitions)].append(payload)
    await asyncio.gather(*(_send_lane(producer, topic, number, lane) for number, lane in lanes.items()))
    watch.end(len(payloads))
    await producer.stop()


async def _send_lane(producer: AIOKafkaProducer, topic: str, partition: int, payloads: Sequence[Payload]) -> None:
    place = 0
    while place < len(payloads):
        batch = producer.create_batch()
        for key, headers, body in payloads[place:]:
            if not batch.append(timestamp=None, key=key, value=body, headers=headers):
                break
            place += 1
        batch.close()
        await (await producer.send_batch(batch, topic, partition=partition))


async def send_outbox(watch: Stopwatch, job: Job) -> None:
    """An outbox as most write it: read so many rows, `send` each, wait for all, delete them, read again."""
    connection = await asyncpg.connect(job.given["database"], server_settings=SESSION | {"synchronous_commit": "off"})
    producer = await _producer(job)
    count = 0
    watch.begin()
    while count < job.count:
        rows = await connection.fetch("select id, key, headers, body from outbox order by id limit $1", READ_ROWS)
        sent = [
            await producer.send(job.given["topic"], row["body"], row["key"], headers=unpack(row["headers"]))
            for row in rows
        ]
        await asyncio.gather(*sent)
        await connection.execute("delete from outbox where id = any($1)", [row["id"] for row in rows])
        count += len(rows)
    watch.end(count)
    await producer.stop()
    await connection.close()


def _payloads(job: Job) -> list[Payload]:
    payloads: list[Payload] = pickle.loads(Path(job.given["payloads"]).read_bytes())
    return payloads


async def _producer(job: Job) -> AIOKafkaProducer:
    pythons_collector()
    producer = AIOKafkaProducer(
        bootstrap_servers=job.given["bootstrap"],
        enable_idempotence=True,
        acks="all",
        linger_ms=job.given.get("linger_ms", 0),
        max_batch_size=BATCH_BYTES,
    )
    await producer.start()
    return producer
