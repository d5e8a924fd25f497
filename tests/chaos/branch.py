"""A landlords' sla whose workers are processes of their own, to be killed; the test writes and reads Kafka itself."""

import asyncio
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import psutil
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from deploy.local.databases import Databases
from deploy.local.ports import free_ports
from shared.bus import Topics, Wire, decode, encode, ensure_topics
from shared.contracts import Event
from shared.platform.clock import ClockFile
from shared.platform.db import Database, sql
from shared.policy import Packs
from tests.plain import plain_client

__all__ = ["ROOT", "Branch", "Progress", "Worker", "eventually"]

ROOT = Path(__file__).resolve().parents[2]

POSITIONS = """
    select topic, partition, first_offset, next_offset, applied, duplicate, ignored, dead
    from positions order by topic, partition
"""
OPEN_WORK = """
    select (select count(*) from outbox) as unsent,
           (select count(*) from conversations where next_at <= :now) as due
"""
TRANSACTIONS = """
    select count(*) filter (where backend_xid is not null) as writing,
           count(*) filter (where wait_event_type = 'Lock') as waiting
    from pg_stat_activity where datname = current_database() and client_port = any(cast(:ports as int[]))
"""


async def eventually(
    done: Callable[[], Awaitable[bool]], what: str, seconds: float = 60.0, every: float = 0.03
) -> None:
    """Wait until it is so."""
    end = time.monotonic() + seconds
    while not await done():
        assert time.monotonic() < end, f"not within {seconds:g} s: {what}"
        await asyncio.sleep(every)


class Worker:
    """`python -m services.sla worker`, and its log."""

    def __init__(self, environment: Mapping[str, str], log: Path) -> None:
        self.log = log
        (port,) = free_ports(1)
        self._ready_url = f"http://127.0.0.1:{port}/readyz"
        with log.open("ab") as file:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "services.sla", "worker"],
                cwd=ROOT,
                env=os.environ | environment | {"SLA_PORT": str(port)},
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
            )

    def alive(self) -> bool:
        """Whether it runs."""
        return self._process.poll() is None

    @property
    def ports(self) -> list[int]:
        """Its ends of its connections."""
        return [one.laddr.port for one in psutil.Process(self._process.pid).net_connections() if one.laddr]

    async def said(self, words: str) -> bool:
        """Whether its log has these words."""
        return words in self.log.read_text()

    async def ready(self) -> bool:
        """Whether it is of the group and all that it needs answers."""
        async with plain_client() as client:
            try:
                return (await client.get(self._ready_url)).is_success
            except httpx.TransportError:
                return False

    def signal(self, number: int) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def kill(self) -> None:
        """Kill it with -9; it was alive until then."""
        assert self.alive(), f"the worker had ended by itself: {self.log.read_text()[-2000:]}"
        self._process.kill()
        self._process.wait()

    async def end(self) -> int:
        """SIGTERM; its exit code."""
        self._process.terminate()
        return await asyncio.to_thread(self._process.wait, 15)

    def close(self) -> None:
        """Away with it, whatever it does."""
        if self.alive():
            self._process.send_signal(signal.SIGCONT)
            self._process.kill()
            self._process.wait()


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the records of `messages` are taken, in the database and on the broker."""

    taken: int
    written: int

    @property
    def lag(self) -> int:
        """Records that wait."""
        return self.written - self.taken


@dataclass(slots=True)
class Branch:
    """One installation: database, topics, group and clock file of a test's own."""

    databases: Databases
    bootstrap: str
    packs: Packs
    prefix: str
    folder: Path
    session_timeout_ms: int = 30_000
    database: Database = field(init=False)
    topics: Topics = field(init=False)
    producer: AIOKafkaProducer = field(init=False)
    workers: list[Worker] = field(default_factory=list)

    async def open(self) -> None:
        """Make the topics that sla needs."""
        self.topics = Topics(self.packs.organisations, self.prefix, f"g{secrets.token_hex(4)}-")
        self.database = Database(self.databases.app_url, application_name="chaos", pool_size=3)
        messages = self.topics.shared("messages")
        wanted = {messages, self.topics.shared("sla"), self.topics.dead(messages, self.topics.group("sla"))}
        await ensure_topics(self.bootstrap, [spec for spec in self.topics.specs() if spec.name in wanted])
        self.producer = AIOKafkaProducer(bootstrap_servers=self.bootstrap, acks="all", linger_ms=5)
        await self.producer.start()

    async def close(self) -> None:
        """End what runs."""
        for worker in self.workers:
            worker.close()
        await self.producer.stop()
        await self.database.close()

    def start(self, ordinal: int = 0) -> Worker:
        """Another worker process."""
        environment = {
            "SLA_DATABASE_URL": self.databases.app_url,
            "SLA_ORDINAL": str(ordinal),
            "HOUSERULES_KAFKA": self.bootstrap,
            "HOUSERULES_TOPIC_PREFIX": self.prefix,
            "HOUSERULES_GROUP_PREFIX": self.topics.group_prefix,
            "HOUSERULES_CLOCK": str(self.folder / "clock.json"),
            "HOUSERULES_SESSION_TIMEOUT_MS": str(self.session_timeout_ms),
        }
        worker = Worker(environment, self.folder / f"worker-{len(self.workers)}.log")
        self.workers.append(worker)
        return worker

    def clock(self, now: datetime) -> None:
        """Policy time stands still there."""
        ClockFile(machine=now, policy=now).write(self.folder / "clock.json")

    async def say(self, deliveries: Iterable[tuple[Event, int | None]]) -> int:
        """Write events to `messages`, by key or to a partition; how many."""
        topic, futures = self.topics.shared("messages"), []
        for event, partition in deliveries:
            wire = encode(event)
            futures.append(
                await self.producer.send(topic, wire.body, wire.key, partition=partition, headers=list(wire.headers))
            )
        await self.producer.flush()
        return len([await future for future in futures])

    async def rows(self, statement: str, **params: Any) -> Sequence[Any]:
        """Rows of the database."""
        return await self.database.fetch(statement, **params)

    async def taken(self) -> int:
        """Records of `messages` that positions are behind."""
        return sum(row.next_offset - row.first_offset for row in await self.rows(POSITIONS))

    async def progress(self) -> Progress:
        """Both sides, as they are now."""
        ends = await self._ends(self.topics.shared("messages"))
        return Progress(await self.taken(), sum(ends.values()))

    async def positions(self) -> list[tuple[Any, int]]:
        """Each partition's row beside the end of its log."""
        ends = await self._ends(self.topics.shared("messages"))
        return [(row, ends[row.partition]) for row in await self.rows(POSITIONS)]

    async def writes(self, worker: Worker) -> bool:
        """Whether a worker is in a transaction that has written or locked rows."""
        return bool((await self.rows(TRANSACTIONS, ports=worker.ports))[0].writing)

    async def waits(self, worker: Worker) -> bool:
        """Whether a worker waits for a lock that somebody else has."""
        return bool((await self.rows(TRANSACTIONS, ports=worker.ports))[0].waiting)

    @asynccontextmanager
    async def holding_targets(self) -> AsyncIterator[None]:
        """Nobody can change a target until the block ends."""
        async with self.database.begin() as connection:
            await connection.execute(sql("select from targets for update"))
            yield

    async def due(self, now: datetime) -> int:
        """Conversations in which time has something to tell by then."""
        return int((await self.rows(OPEN_WORK, now=now))[0].due)

    async def quiet(self, written: int, now: datetime, seconds: float = 120.0) -> None:
        """Wait until everything written is taken, nothing is due and everything told is sent."""

        async def still() -> bool:
            if await self.taken() != written:
                return False
            (work,) = await self.rows(OPEN_WORK, now=now)  # after that: it sees what the last of them told
            return bool(work.unsent == work.due == 0)

        try:
            await eventually(still, "quiet", seconds, every=0.1)
        except AssertionError as fault:
            (work,) = await self.rows(OPEN_WORK, now=now)
            state = f"{await self.taken()} of {written} taken, {work.due} due, {work.unsent} unsent"
            last = self.workers[-1]
            log = last.log.read_text()[-3000:]
            raise AssertionError(f"{fault}: {state}; worker alive: {last.alive()}; its log ends:\n{log}") from None

    async def _ends(self, topic: str) -> dict[int, int]:
        consumer = AIOKafkaConsumer(bootstrap_servers=self.bootstrap)
        await consumer.start()
        try:
            ends = await consumer.end_offsets([TopicPartition(topic, n) for n in range(self.topics.partitions)])
        finally:
            await consumer.stop()
        return {tp.partition: end for tp, end in ends.items()}

    async def records(self, topic: str) -> list[Any]:
        """Every record of a topic, as a consumer outside any group reads it, by partition."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self.bootstrap, isolation_level="read_committed")
        await consumer.start()
        try:
            partitions = [TopicPartition(topic, n) for n in range(self.topics.partitions)]
            consumer.assign(partitions)
            await consumer.seek_to_beginning(*partitions)
            ends = await consumer.end_offsets(partitions)
            found: list[Any] = []
            async with asyncio.timeout(30):
                while any([await consumer.position(tp) < ends[tp] for tp in partitions]):
                    for records in (await consumer.getmany(timeout_ms=500)).values():
                        found += records
        finally:
            await consumer.stop()
        return sorted(found, key=lambda record: (record.partition, record.offset))

    async def told(self) -> list[Event]:
        """Every record of `sla` as an event, repeats included, in the order of its partition."""
        topic = self.topics.shared("sla")
        records = await self.records(topic)
        return [decode(topic, Wire(r.key, list(r.headers), r.value), self.topics) for r in records]
