"""The outbox relay: sends what transactions committed, in order, and deletes what Kafka has acknowledged.

One process of a service leads, by a session lock on a connection of its own; the same connection reads and deletes, so
that a leader that lost it can do neither. Delivery is at least once: a row sent and not yet deleted is sent again.
"""

import asyncio
import contextlib
import random
import time
from collections.abc import Iterable, Sequence
from typing import Any

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from asyncpg import Range

from shared.bus.faults import transient
from shared.bus.hand import Row
from shared.bus.quiet import limit_client_logs
from shared.bus.refusals import explained
from shared.bus.term import READ_BYTES, READ_ROWS, Refused, Restart, Term
from shared.bus.tx import Bus
from shared.platform.backoff import jitter
from shared.platform.cluster import Cluster
from shared.platform.collector import calm_collector

__all__ = ["LOCK", "Relay"]

log = structlog.get_logger("relay")

LOCK = (0x72656C61, 1)
BATCH_BYTES = 512 * 1024
LARGEST_RECORD = 5 * 1024 * 1024
ELECTION_S = 1.0
START_S = 10.0
QUERY_S = 10.0

READ = """
    select id, topic, partition, key, headers, body, at, size
    from (
        select o.*, sum(size) over (order by id rows unbounded preceding) as running
        from (
            select id, topic, partition, key, headers, body, date_part('epoch', created_at) as at,
                   coalesce(octet_length(key), 0) + octet_length(headers) + coalesce(octet_length(body), 0) as size
            from outbox where not id <@ $1::int8multirange and topic <> all($4::text[]) order by id limit $2
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


class Relay:
    """Sends one service's outbox; `run` is a part of its process."""

    def __init__(self, bus: Bus, kafka: Cluster | str, *, deadline_s: float = 30.0) -> None:
        self.bus = bus
        self.cluster = Cluster.of(kafka)
        self.deadline_s = deadline_s
        self.leading = False
        self._began = 0.0
        self.alone: set[int] = set()
        """Rows that were refused together, by number: each goes by itself, so that the one to blame is found."""
        self.barred: set[str] = set()
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
            await self.term(connection, producer, stop).run()
        finally:
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

    def term(self, connection: Any, producer: AIOKafkaProducer, stop: asyncio.Event) -> Term:
        """A term that begins."""
        return Term(self, connection, producer, stop)

    async def read(
        self, connection: Any, in_hand: Iterable[tuple[int, int]], unknown: Sequence[str] = ()
    ) -> Sequence[Row]:
        """The next rows that are not in hand, by number; those that commit late are found like any other.

        `in_hand` are runs of numbers, first and last. Rows of topics that are not known stay where they are, however many:
        they are in nobody's way.
        """
        taken = [Range(first, last, upper_inc=True) for first, last in in_hand]
        rows = await connection.fetch(READ, taken, READ_ROWS, READ_BYTES, unknown, timeout=QUERY_S)
        return list(map(Row._make, rows))

    async def delete(self, connection: Any, ids: Sequence[int]) -> None:
        """Delete rows by number. Losing this to a crash means sending them again, so it need not wait for the disk."""
        await connection.execute(DELETE, ids, timeout=QUERY_S)

    async def refuse(self, connection: Any, rows: Sequence[Row], error: str) -> None:
        """Rows that were too large together go alone next time; one that is too large by itself is set aside."""
        if len(rows) > 1:
            self.alone.update(row.id for row in rows)
            return
        (row,) = rows
        await connection.execute(SET_ASIDE, row.id, error, timeout=QUERY_S)
        self.alone.discard(row.id)
        self.bus.instruments.add("relay_refused", row.topic)
        log.critical("a record is set aside: its topic takes none so large", topic=row.topic, id=row.id, bytes=row.size)

    async def beat(self, connection: Any) -> None:
        """Say that the leader lives."""
        await connection.fetchval("select 1", timeout=QUERY_S)


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
