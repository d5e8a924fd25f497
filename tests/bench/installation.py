"""One service as it runs in earnest, for a bench: processes of its own, a fresh database, topics of its own."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from deploy.local.databases import Databases
from deploy.local.ports import free_ports
from shared.bus import Topics, encode, ensure_topics
from shared.contracts import Event
from shared.platform.auth import DevelopmentIssuer
from shared.policy import load_packs
from tests.bench.contest import percentile

__all__ = ["Installation", "Running", "eventually", "opened", "percentile", "tail", "whole_topic"]

ROOT = Path(__file__).resolve().parents[2]


async def eventually(done: Callable[[], Awaitable[Any]], what: str, seconds: float = 120.0) -> Any:
    """Wait until it is so; what it was then. Raises TimeoutError."""
    end = time.monotonic() + seconds
    while not (found := await done()):
        if time.monotonic() > end:
            raise TimeoutError(f"not within {seconds:g} s: {what}")
        await asyncio.sleep(0.01)
    return found


@dataclass(slots=True)
class Running:
    """A process that was started, and where it listens."""

    process: "subprocess.Popen[bytes]"
    port: int
    log: Path

    @property
    def url(self) -> str:
        """Its doors."""
        return f"http://127.0.0.1:{self.port}"

    async def ready(self, path: str = "/readyz", seconds: float = 180.0) -> None:
        """Wait until it says so. Raises RuntimeError with its log when it ends instead."""
        async with httpx.AsyncClient(trust_env=False, timeout=5) as client:

            async def answers() -> bool:
                if self.process.poll() is not None:
                    raise RuntimeError(f"it ended by itself:\n{self.log.read_text()[-2000:]}")
                try:
                    return (await client.get(f"{self.url}{path}")).is_success
                except httpx.TransportError:
                    return False

            await eventually(answers, f"{self.log.stem} is ready", seconds)

    def end(self) -> None:
        """SIGTERM, as a supervisor does; SIGKILL after fifteen seconds."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


@dataclass(slots=True)
class Installation:
    """A service's database and topics, and whatever runs on them."""

    service: str
    databases: Databases
    bootstrap: str
    prefix: str
    folder: Path
    issuer: DevelopmentIssuer
    rows: asyncpg.Connection
    """A connection of the bench's own, as the owner."""
    topics: Topics = field(init=False)
    running: list[Running] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.topics = Topics(load_packs().organisations, self.prefix, f"{self.prefix}g-")

    def environment(self, port: int, ordinal: int) -> dict[str, str]:
        """Settings as shipped, but for the places."""
        upper = self.service.upper()
        return {
            f"{upper}_DATABASE_URL": self.databases.app_url,
            f"{upper}_PORT": str(port),
            f"{upper}_ORDINAL": str(ordinal),
            "HOUSERULES_KAFKA": self.bootstrap,
            "HOUSERULES_TOPIC_PREFIX": self.prefix,
            "HOUSERULES_GROUP_PREFIX": f"{self.prefix}g-",
            "HOUSERULES_JWKS": str(self.issuer.jwks_file),
        }

    def start(self, mode: str = "all", *, module: str | None = None, extra: Mapping[str, str] | None = None) -> Running:
        """Start a process of the service, or of a module that stands in for it."""
        (port,) = free_ports(1)
        ordinal = len(self.running)
        log = self.folder / f"{self.service}-{self.prefix}{ordinal}.log"
        environment = os.environ | self.environment(port, ordinal) | dict(extra or {})
        with log.open("ab") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", module or f"services.{self.service}", mode],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
            )
        self.running.append(Running(process, port, log))
        return self.running[-1]

    async def count(self, statement: str, *parameters: Any) -> int:
        """One number of the database."""
        return int(await self.rows.fetchval(statement, *parameters) or 0)

    async def write(self, topic: str, events: Iterable[Event]) -> None:
        """Events to a topic, in this order, acknowledged by all replicas when this returns."""
        producer = AIOKafkaProducer(bootstrap_servers=self.bootstrap, acks="all", linger_ms=5)
        await producer.start()
        try:
            sent = []
            for event in events:
                wire = encode(event)
                sent.append(await producer.send(topic, wire.body, wire.key, headers=list(wire.headers)))
            await asyncio.gather(*sent)
        finally:
            await producer.stop()

    async def stop(self) -> None:
        """End what runs, all at once."""
        await asyncio.gather(*(asyncio.to_thread(one.end) for one in self.running))
        self.running.clear()


@asynccontextmanager
async def opened(
    service: str, databases: Databases, bootstrap: str, prefix: str, folder: Path
) -> AsyncIterator[Installation]:
    """Topics made, nothing started; nothing runs afterwards."""
    issuer = DevelopmentIssuer(folder)
    issuer.prepare()
    made = Installation(
        service, databases, bootstrap, prefix, folder, issuer, await asyncpg.connect(databases.owner_url)
    )
    await ensure_topics(bootstrap, made.topics.specs())
    try:
        yield made
    finally:
        await made.stop()
        await made.rows.close()


@asynccontextmanager
async def tail(bootstrap: str, topic: str, partitions: int) -> AsyncIterator[AIOKafkaConsumer]:
    """A reader of its own group-less kind, at the end of a topic as it is now."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, fetch_max_wait_ms=10, enable_auto_commit=False)
    await consumer.start()
    try:
        places = [TopicPartition(topic, number) for number in range(partitions)]
        consumer.assign(places)
        await consumer.seek_to_end(*places)
        for place in places:
            await consumer.position(place)
        yield consumer
    finally:
        await consumer.stop()


async def whole_topic(bootstrap: str, topic: str, partitions: int) -> list[Any]:
    """Every record of a topic as it is now, in the order of each partition."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    await consumer.start()
    try:
        places = [TopicPartition(topic, number) for number in range(partitions)]
        consumer.assign(places)
        await consumer.seek_to_beginning(*places)
        ends = await consumer.end_offsets(places)
        found: list[Any] = []
        async with asyncio.timeout(60):
            while any([await consumer.position(place) < ends[place] for place in places]):
                for records in (await consumer.getmany(timeout_ms=200)).values():
                    found += records
    finally:
        await consumer.stop()
    return sorted(found, key=lambda record: (record.partition, record.offset))
