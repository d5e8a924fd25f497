"""consent as processes on a real broker: the test writes as an image library and HR do, and reads what is told."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from deploy.local.ports import free_ports
from shared.bus import Topics, Wire, decode, encode, ensure_topics
from shared.contracts import Event
from tests.integration.consent.gallery import Gallery

__all__ = ["Studio", "eventually", "open_studio"]

ROOT = Path(__file__).resolve().parents[3]


async def eventually(done: Callable[[], Awaitable[bool]], what: str, seconds: float = 60.0) -> None:
    """Wait until it is so."""
    end = time.monotonic() + seconds
    while not await done():
        assert time.monotonic() < end, f"not within {seconds:g} s: {what}"
        await asyncio.sleep(0.02)


@dataclass(slots=True)
class Studio:
    """One installation: the database, clock and keys of a gallery, and topics of its own."""

    gallery: Gallery
    bootstrap: str
    topics: Topics
    producer: AIOKafkaProducer
    processes: "list[subprocess.Popen[bytes]]" = field(default_factory=list)

    def start(self, part: str = "all") -> "subprocess.Popen[bytes]":
        """`python -m services.consent`."""
        gallery, (port,) = self.gallery, free_ports(1)
        environment = os.environ | {
            "CONSENT_DATABASE_URL": gallery.databases.app_url,
            "CONSENT_PORT": str(port),
            "CONSENT_FORMS": str(gallery.folder / "forms"),
            "CONSENT_KEYS": str(gallery.folder / "keys"),
            "HOUSERULES_KAFKA": self.bootstrap,
            "HOUSERULES_TOPIC_PREFIX": self.topics.prefix,
            "HOUSERULES_GROUP_PREFIX": self.topics.group_prefix,
            "HOUSERULES_CLOCK": str(gallery.folder / "clock.json"),
            "HOUSERULES_JWKS": str(gallery.issuer.jwks_file),
            "HOUSERULES_SESSION_TIMEOUT_MS": "6000",
        }
        with (gallery.folder / f"consent-{len(self.processes)}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "services.consent", part], cwd=ROOT, env=environment, stdout=log, stderr=log
            )
        self.processes.append(process)
        return process

    def kill(self) -> None:
        """Kill the last one with -9; it was alive until then."""
        process = self.processes[-1]
        assert process.poll() is None, "it had ended by itself"
        process.kill()
        process.wait()

    async def end(self) -> int:
        """SIGTERM to the last one; its exit code."""
        self.processes[-1].terminate()
        return await asyncio.to_thread(self.processes[-1].wait, 30)

    async def write(self, *events: Event) -> None:
        """As an outside system of the event's organisation."""
        futures = []
        for event in events:
            wire, topic = encode(event), self.topics.inbound(event.organisation, event.topic)
            futures.append(await self.producer.send(topic, wire.body, wire.key, headers=list(wire.headers)))
        await self.producer.flush()
        for future in futures:
            await future

    async def told(self) -> list[Event]:
        """All of `consent`, repeats included, in the order of each partition."""
        topic = self.topics.shared("consent")
        consumer = AIOKafkaConsumer(bootstrap_servers=self.bootstrap, isolation_level="read_committed")
        await consumer.start()
        try:
            places = [TopicPartition(topic, n) for n in range(self.topics.partitions)]
            consumer.assign(places)
            await consumer.seek_to_beginning(*places)
            ends = await consumer.end_offsets(places)
            found: list[Any] = []
            async with asyncio.timeout(30):
                while any([await consumer.position(place) < ends[place] for place in places]):
                    for records in (await consumer.getmany(timeout_ms=200)).values():
                        found += records
        finally:
            await consumer.stop()
        found.sort(key=lambda record: (record.partition, record.offset))
        return [decode(topic, Wire(one.key, list(one.headers), one.value), self.topics) for one in found]

    async def count(self, statement: str) -> int:
        """One number of the database."""
        return int(await self.gallery.rows.fetchval(statement))

    async def taken(self) -> int:
        """Records that positions are behind."""
        return await self.count("select coalesce(sum(next_offset - first_offset), 0) from positions")

    async def quiet(self, written: int) -> None:
        """Wait until all that was written is taken, and all that came of it is told."""

        async def still() -> bool:
            return (await self.taken(), *await self._undone()) == (written, 0, 0)

        try:
            await eventually(still, "quiet", 90)
        except AssertionError as fault:
            state = f"{await self.taken()} of {written} taken, (unsent, to be judged again) {await self._undone()}"
            log = (self.gallery.folder / f"consent-{len(self.processes) - 1}.log").read_text()[-4000:]
            raise AssertionError(f"{fault}: {state}; alive: {self.processes[-1].poll() is None}; log:\n{log}") from None

    async def _undone(self) -> tuple[int, int]:
        return await self.count("select count(*) from outbox"), await self.count("select count(*) from recheck")


@asynccontextmanager
async def open_studio(gallery: Gallery, bootstrap: str, prefix: str) -> AsyncIterator[Studio]:
    """Topics and a producer; no process runs yet, and none afterwards."""
    topics = Topics(gallery.packs.organisations, prefix, f"{prefix}g-")
    await ensure_topics(bootstrap, topics.specs())
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all")
    await producer.start()
    studio = Studio(gallery, bootstrap, topics, producer)
    try:
        yield studio
    finally:
        for process in studio.processes:
            if process.poll() is None:
                process.kill()
                process.wait()
        await producer.stop()
