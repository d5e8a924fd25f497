"""The outbox relay: sends what transactions committed, in order, and deletes what Kafka has acknowledged.

One process of a service leads, by a session lock on a connection of its own; the same connection reads and deletes, so
that a leader that lost it can do neither. Delivery is at least once: a row sent and not yet deleted is sent again.
"""

import asyncio
import contextlib
import random
import time
from collections.abc import Sequence
from typing import Any

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    KafkaError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    TopicAuthorizationFailedError,
)

from shared.bus.faults import transient
from shared.bus.hand import Flight, Hand, Lane, Row
from shared.bus.outbox import unpack
from shared.bus.partitioning import partition_of
from shared.bus.quiet import limit_client_logs
from shared.bus.refusals import explained, in_words
from shared.bus.stories import sent
from shared.bus.tx import Bus
from shared.platform.backoff import jitter
from shared.platform.cluster import Cluster
from shared.platform.collector import calm_collector

__all__ = ["Relay", "Restart", "has_room"]

log = structlog.get_logger("relay")

LOCK = (0x72656C61, 1)
READ_ROWS = 2_000
READ_BYTES = 16 * 1024 * 1024
BATCH_BYTES = 512 * 1024
LARGEST_RECORD = 5 * 1024 * 1024
POLL_S = (0.02, 0.25)
ELECTION_S = 1.0
START_S = 10.0
DRAIN_S = 3.0
QUERY_S = 10.0
ASK_AGAIN_S = 5.0
BEAT_S = 5.0
"""A leader with nothing to read says that it lives: well within the session's idle timeout."""

READ = """
    select id, topic, partition, key, headers, body, at
    from (
        select o.*, sum(size) over (order by id) as running
        from (
            select id, topic, partition, key, headers, body, extract(epoch from created_at)::float8 as at,
                   octet_length(headers) + coalesce(octet_length(body), 0) as size
            from outbox where id <> all($1::bigint[]) and topic <> all($4::text[]) order by id limit $2
        ) as o
    ) as r
    where running - size < $3
    order by id
"""
DELETE = "delete from outbox where id = any($1::bigint[])"
SET_ASIDE = """
    with refused as (
        delete from outbox where id = $1 returning id, organisation, topic, partition, key, headers, body, created_at
    )
    insert into outbox_refused (id, organisation, topic, partition, key, headers, body, created_at, error)
    select id, organisation, topic, partition, key, headers, body, created_at, $2 from refused
"""
TOO_LARGE = (MessageSizeTooLargeError, RecordListTooLargeError)
NOT_OURS = (TopicAuthorizationFailedError,)


class Restart(Exception):
    """The producer cannot be trusted any more; everything is read and sent again by a new one."""


class Refused(Restart):
    """A topic took no batch of this size, or none of ours. That is dealt with: only the producer's numbering is lost."""


class Relay:
    """Sends one service's outbox; `run` is a part of its process."""

    def __init__(self, bus: Bus, kafka: Cluster | str, *, deadline_s: float = 30.0) -> None:
        self.bus = bus
        self.cluster = Cluster.of(kafka)
        self.deadline_s = deadline_s
        self.leading = False
        self._began = 0.0
        self._partitions: dict[str, int] = {}
        self._asking: dict[str, asyncio.Task[int]] = {}
        self._alone: set[int] = set()
        self._barred: set[str] = set()
        """Topics that we were not allowed to write: asked again a while later, so that the others go on."""

    async def run(self, stop: asyncio.Event) -> None:
        """Stand for election and send until `stop`; then wait for what is in flight, at the most three seconds."""
        limit_client_logs()
        calm_collector()
        failures = 0
        while not stop.is_set():
            try:
                await self._term(stop)
                failures = 0
            except Exception as error:
                if not (isinstance(error, Restart) or transient(error)):
                    raise
                settled = isinstance(error, Refused)
                failures = 0 if settled else failures + 1 if time.monotonic() - self._began < 60 else 1
                name = type(error.__cause__ or error).__name__
                self.bus.instruments.add("relay_restarts", name)
                log.warning("relay starts again", error=name, reason=str(error)[:200], attempt=failures)
                await _sleep(jitter(failures, least=0.05), stop)

    async def _term(self, stop: asyncio.Event) -> None:
        """One connection's life: wait for the lock, lead, give everything back."""
        self._began = time.monotonic()
        connection = await self.bus.database.dedicated(idle_session_timeout="15s")
        try:
            await connection.execute("set plan_cache_mode = force_custom_plan; set synchronous_commit = off")
            while not await connection.fetchval("select pg_try_advisory_lock($1, $2)", *LOCK, timeout=QUERY_S):
                await _sleep(ELECTION_S * random.uniform(0.5, 1.0), stop)
                if stop.is_set():
                    return
            await self._lead(connection, stop)
        finally:
            self.leading = False
            self.bus.instruments.set("relay_leader", to=0)
            connection.terminate()

    async def _lead(self, connection: Any, stop: asyncio.Event) -> None:
        producer = await self._start_producer()
        try:
            self.leading = True
            self.bus.instruments.set("relay_leader", to=1)
            log.info("relay leads", leader=self.bus.service)
            for topic in self._barred:
                self._asking[topic] = asyncio.create_task(_count_partitions(producer, topic, after_s=ASK_AGAIN_S))
            self._barred.clear()
            await self._work(connection, producer, Hand(), stop)
        finally:
            for task in self._asking.values():
                task.cancel()
            self._asking, self._partitions = {}, {}
            await _abandon(producer)

    async def _start_producer(self) -> AIOKafkaProducer:
        producer = AIOKafkaProducer(
            **self.cluster.arguments(),
            client_id=f"{self.bus.group}-relay",
            enable_idempotence=True,
            linger_ms=0,
            max_batch_size=BATCH_BYTES,
            max_request_size=LARGEST_RECORD,
            request_timeout_ms=10_000,
            metadata_max_age_ms=60_000,
        )
        try:
            async with asyncio.timeout(START_S), explained(self.cluster):
                await producer.start()
        except BaseException:
            await _abandon(producer)
            raise
        return producer

    async def _work(self, connection: Any, producer: AIOKafkaProducer, hand: Hand, stop: asyncio.Event) -> None:
        """Read, send, delete what was acknowledged, wait: the next read goes on while the last is acknowledged."""
        pause = POLL_S[0]
        beat = time.monotonic()
        more = True
        while not stop.is_set() or hand.flights:
            readable = has_room(hand) and not stop.is_set()
            if more and readable:
                self.bus.wake.clear()
                rows = await self.read(connection, hand.ids)
                beat = time.monotonic()
                pause = POLL_S[0] if rows else min(POLL_S[1], pause * 2)
                more = len(rows) >= READ_ROWS // 2
                self._sort(producer, rows, hand)
            more = self._house() or more
            await self.send(producer, hand)
            readable = has_room(hand) and not stop.is_set()
            if not (more and readable):
                more = await self._wait(hand, pause, readable) or more
            if landed := hand.landed():
                await self.settle(connection, hand, landed)
                beat = time.monotonic()
            elif time.monotonic() - beat > BEAT_S:
                await connection.fetchval("select 1", timeout=QUERY_S)
                beat = time.monotonic()
            self._check_deadline(hand, stop)

    async def read(self, connection: Any, in_hand: set[int]) -> Sequence[Row]:
        """The next rows that are not in hand, by number; those that commit late are found like any other.

        Rows of a topic that is not known stay where they are, however many: they are in nobody's way.
        """
        unknown = list(self._asking)
        rows = await connection.fetch(READ, list(in_hand), READ_ROWS, READ_BYTES, unknown, timeout=QUERY_S)
        return [Row(*row.values()) for row in rows]

    def _sort(self, producer: AIOKafkaProducer, rows: Sequence[Row], hand: Hand) -> None:
        """Each row into its lane; those of a topic whose partitions are not known yet are read again when they are."""
        for row in rows:
            count = self._partitions.get(row.topic)
            if count is not None:
                hand.take(_lane(row, count), row)
            elif row.topic not in self._asking:
                self._asking[row.topic] = asyncio.create_task(_count_partitions(producer, row.topic))

    def _house(self) -> bool:
        """Whether topics have become known: their rows are to be read now."""
        known = [topic for topic, task in self._asking.items() if task.done()]
        for topic in known:
            self._partitions[topic] = self._asking.pop(topic).result()
        return bool(known)

    async def send(self, producer: AIOKafkaProducer, hand: Hand) -> None:
        """Send one batch to each lane that has rows waiting and nothing in flight."""
        for lane, waiting in hand.free():
            batch = producer.create_batch()
            now = time.time()
            sent: list[Row] = []
            while waiting:
                row = waiting[0]
                if sent and not self._alone.isdisjoint((row.id, sent[0].id)):
                    break
                if not batch.append(
                    timestamp=int(now * 1000), key=row.key, value=row.body, headers=unpack(row.headers)
                ):
                    break
                sent.append(waiting.popleft())
            batch.close()
            acknowledged = await producer.send_batch(batch, lane.topic, partition=lane.partition)
            hand.flights[lane] = Flight(sent, acknowledged, time.monotonic())

    async def settle(self, connection: Any, hand: Hand, landed: dict[Lane, Flight]) -> None:
        """Delete the rows of acknowledged flights. Raises Restart for one that failed, after deleting the others'."""
        lost = {lane: error for lane, f in landed.items() if (error := f.acknowledged.exception()) is not None}
        arrived = [lane for lane in landed if lane not in lost]
        for lane in arrived:
            rows = landed[lane].rows
            self.bus.instruments.add("relay_sent", lane.topic, by=len(rows))
            self.bus.instruments.observe("relay_seconds", value=max(0.0, time.time() - rows[0].at))
            if self.bus.tracer.on:
                sent(self.bus.tracer, self.bus.service, rows, time.time())
        if arrived:
            ids = hand.drop(arrived)
            await self.delete(connection, ids)
            self._alone.difference_update(ids)
        for lane, error in lost.items():
            if isinstance(error, TOO_LARGE):
                await self._refuse(connection, landed[lane].rows, type(error).__name__)
                raise Refused(f"{lane.topic} takes no batch of this size") from error
        if barred := {lane.topic: error for lane, error in lost.items() if isinstance(error, NOT_OURS)}:
            self._barred.update(barred)
            for topic, error in barred.items():
                log.error("topic may not be written", topic=topic, reason=in_words(error, self.cluster))
            raise Refused("a topic takes nothing of ours") from error
        if lost:
            lane, error = next(iter(lost.items()))
            raise Restart(f"{lane.topic} partition {lane.partition} refused a batch") from error

    async def _refuse(self, connection: Any, rows: Sequence[Row], error: str) -> None:
        """Rows that were too large together go alone next time; one that is too large by itself is set aside."""
        if len(rows) > 1:
            self._alone.update(row.id for row in rows)
            return
        (row,) = rows
        await connection.execute(SET_ASIDE, row.id, error, timeout=QUERY_S)
        self._alone.discard(row.id)
        self.bus.instruments.add("relay_refused", row.topic)
        log.critical("a record is set aside: its topic takes none so large", topic=row.topic, id=row.id,
                     bytes=len(row.headers) + len(row.body or b""))  # fmt: skip

    async def delete(self, connection: Any, ids: Sequence[int]) -> None:
        """Delete rows by number. Losing this to a crash means sending them again, so it need not wait for the disk."""
        await connection.execute(DELETE, ids, timeout=QUERY_S)

    async def _wait(self, hand: Hand, pause: float, readable: bool) -> bool:
        """Until a flight lands, rows are committed, a topic becomes known or the pause is over; whether to read."""
        landing = [flight.acknowledged for flight in hand.flights.values()]
        wake = asyncio.create_task(self.bus.wake.wait() if readable else asyncio.sleep(POLL_S[1]))
        done, _ = await asyncio.wait(
            [wake, *landing, *self._asking.values()], timeout=pause, return_when=asyncio.FIRST_COMPLETED
        )
        wake.cancel()
        return wake in done or not done or any(task in done for task in self._asking.values())

    def _check_deadline(self, hand: Hand, stop: asyncio.Event) -> None:
        oldest = hand.oldest_flight()
        limit = DRAIN_S if stop.is_set() else self.deadline_s
        if oldest is not None and time.monotonic() - oldest > limit:
            raise Restart(f"a batch was not acknowledged in {limit:g} s")


async def _count_partitions(producer: AIOKafkaProducer, topic: str, *, after_s: float = 0.0) -> int:
    """How many partitions a topic has. A missing one is asked for again and again; other topics go on."""
    await asyncio.sleep(after_s)
    while True:
        try:
            return len(await producer.partitions_for(topic))
        except KafkaError as error:
            log.error("topic cannot be written", topic=topic, error=type(error).__name__)
            await asyncio.sleep(ASK_AGAIN_S)


def has_room(hand: Hand) -> bool:
    """Whether another read may join what is in hand: of rows and of bytes it holds two reads and what the last one is over."""
    return len(hand.ids) < 2 * READ_ROWS and hand.size < 2 * READ_BYTES


def _lane(row: Row, partitions: int) -> Lane:
    if row.partition is not None and row.partition < partitions:
        return Lane(row.topic, row.partition)
    if row.key is None:
        return Lane(row.topic, row.id % partitions)
    return Lane(row.topic, partition_of(row.key, partitions))


async def _sleep(seconds: float, stop: asyncio.Event) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)


async def _abandon(producer: AIOKafkaProducer) -> None:
    """Close a producer without waiting for what it still wants to send: `stop` would, for ever in an outage."""
    producer._closed = True
    if producer._sender.sender_task is not None:
        closing = asyncio.create_task(producer._sender.close())
        await asyncio.wait([closing], timeout=1.0)
    with contextlib.suppress(KafkaError, OSError):
        await producer.client.close()
