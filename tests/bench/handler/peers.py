"""Peers: FastStream with batches, FastStream as its tutorial has it, and aiokafka alone, on the same topic and tables.

Each commits its database transaction first and its offsets afterwards, so that nothing is lost; the inbox catches what is
then read twice. All decode with our codec and decide with our domain, so that what differs is how they read and write.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from services.sla.handlers import NAMES, messages
from services.sla.metrics import FIGURES
from shared.bus import inbox
from shared.bus.codec import Wire, decode
from shared.bus.ground import Ground
from shared.bus.records import Batch, Record
from shared.bus.topics import Topics
from shared.contracts import Event
from shared.policy import Packs, load_packs
from tests.bench.contest import Job
from tests.bench.handler.limits import SESSION
from tests.bench.handler.orm import apply
from tests.bench.handler.ours import settings_of
from tests.bench.stopwatch import Stopwatch, pythons_collector

__all__ = ["aiokafka_orm", "faststream_batch", "faststream_orm"]

READ = 500
"""As many records as ours takes at a time."""


class _Assigned(ConsumerRebalanceListener):  # type: ignore[misc] # aiokafka has no types
    """Starts the stopwatch when there is something to read."""

    def __init__(self, watch: Stopwatch) -> None:
        self._watch = watch

    async def on_partitions_revoked(self, revoked: Any) -> None:
        """Before an assignment."""

    async def on_partitions_assigned(self, assigned: Any) -> None:
        """Now."""
        if assigned:
            self._watch.begin()


class _Count:
    """How many are committed; `done` when it is all of them."""

    def __init__(self, watch: Stopwatch, wanted: int) -> None:
        self._watch, self._wanted, self.found = watch, wanted, 0
        self.done = asyncio.Event()

    def add(self, count: int) -> None:
        """So many more."""
        self.found += count
        if self.found >= self._wanted:
            self._watch.end(self.found)
            self.done.set()


def _event(record: Any, topics: Topics) -> Event:
    return decode(record.topic, Wire(record.key, record.headers, record.value), topics)


async def faststream_batch(watch: Stopwatch, job: Job) -> None:
    """A batch subscriber that is given our handler: our decisions and our SQL, one transaction a batch."""
    ground = Ground.of("sla", settings_of(job), FIGURES)
    bus, count = ground.bus, _Count(watch, job.count)
    handler = messages(ground.packs)

    async def decoded(message: Any) -> list[Record]:
        return [
            Record(_event(raw, bus.topics), raw.topic, raw.partition, raw.offset, raw.timestamp)
            for raw in message.raw_message
        ]

    async def handle(records: Sequence[Record]) -> None:
        known = [record for record in records if record.name in NAMES]
        async with bus.transaction() as tx:
            if fresh := await inbox.admit(tx, known):
                await handler(Batch("messages", fresh), tx)
        count.add(len(records))

    await _faststream(watch, job, bus.topics, handle, count, batch=True, max_records=READ, decoder=decoded)
    await ground.database.close()


async def faststream_orm(watch: Stopwatch, job: Job) -> None:
    """A subscriber and a session a message."""
    packs = load_packs()
    topics = Topics(packs.organisations, job.given["topics"], job.given["group"])
    sessions, count = _sessions(job), _Count(watch, job.count)

    async def decoded(message: Any) -> Event:
        return _event(message.raw_message, topics)

    async def handle(event: Event) -> None:
        async with sessions() as session, session.begin():
            await apply(session, event, packs, topics)
        count.add(1)

    await _faststream(watch, job, topics, handle, count, decoder=decoded)


async def _faststream(
    watch: Stopwatch, job: Job, topics: Topics, handle: Callable[[Any], Awaitable[None]], count: _Count, **how: Any
) -> None:
    pythons_collector()
    broker = KafkaBroker(job.given["bootstrap"], apply_types=False, logger=None)
    broker.subscriber(
        topics.shared("messages"),
        group_id=topics.group("sla"),
        auto_offset_reset="earliest",
        ack_policy=AckPolicy.ACK,
        listener=_Assigned(watch),
        **how,
    )(handle)
    await broker.start()
    await count.done.wait()
    await broker.stop()


async def aiokafka_orm(watch: Stopwatch, job: Job) -> None:
    """A loop over the consumer, a session a message, a commit after each."""
    pythons_collector()
    packs: Packs = load_packs()
    topics = Topics(packs.organisations, job.given["topics"], job.given["group"])
    sessions, count = _sessions(job), _Count(watch, job.count)
    consumer = AIOKafkaConsumer(
        bootstrap_servers=job.given["bootstrap"],
        group_id=topics.group("sla"),
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    await consumer.start()
    consumer.subscribe([topics.shared("messages")], listener=_Assigned(watch))
    while not count.done.is_set():
        record = await consumer.getone()
        async with sessions() as session, session.begin():
            await apply(session, _event(record, topics), packs, topics)
        await consumer.commit()
        count.add(1)
    await consumer.stop()


def _sessions(job: Job) -> async_sessionmaker[AsyncSession]:
    url = job.given["database"].replace("postgresql://", "postgresql+asyncpg://", 1)
    engine = create_async_engine(url, connect_args={"server_settings": SESSION})
    return async_sessionmaker(engine, expire_on_commit=False)
