"""sla as processes on a real broker and database: started, killed, started again."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from deploy.local.ports import free_ports
from shared.bus import Topics, Wire, decode, encode, ensure_topics
from shared.contracts import Event
from tests.integration.sla.office import Office

__all__ = ["Installation", "eventually"]

ROOT = Path(__file__).resolve().parents[3]


async def eventually(done: Callable[[], Awaitable[bool]], what: str, seconds: float = 60.0) -> None:
    """Wait until it is so."""
    end = time.monotonic() + seconds
    while not await done():
        assert time.monotonic() < end, f"not within {seconds:g} s: {what}"
        await asyncio.sleep(0.01)


@dataclass(slots=True)
class Installation:
    """Topics of a test's own, and the processes that read and write them."""

    office: Office
    bootstrap: str
    prefix: str
    folder: Path
    topics: Topics = field(init=False)
    running: "dict[int, subprocess.Popen[bytes]]" = field(default_factory=dict)

    async def open(self) -> None:
        """Make the topics."""
        self.topics = Topics(self.office.packs.organisations, f"{self.prefix}", f"{self.prefix}g-")
        messages = self.topics.shared("messages")
        wanted = {messages, self.topics.shared("sla"), self.topics.dead(messages, self.topics.group("sla"))}
        await ensure_topics(self.bootstrap, [spec for spec in self.topics.specs() if spec.name in wanted])

    def start(self, ordinal: int = 0, mode: str = "worker") -> None:
        """Start a process of the service."""
        (port,) = free_ports(1)
        env = os.environ | {
            "SLA_DATABASE_URL": self.office.app_url,
            "SLA_PORT": str(port),
            "SLA_ORDINAL": str(ordinal),
            "HOUSERULES_KAFKA": self.bootstrap,
            "HOUSERULES_TOPIC_PREFIX": self.prefix,
            "HOUSERULES_GROUP_PREFIX": f"{self.prefix}g-",
            "HOUSERULES_SESSION_TIMEOUT_MS": "6000",
            "HOUSERULES_CLOCK": str(self.office.clock_file),
        }
        with (self.folder / f"sla-{ordinal}.log").open("ab") as log:
            self.running[ordinal] = subprocess.Popen(
                [sys.executable, "-m", "services.sla", mode], cwd=ROOT, env=env, stdout=log, stderr=log
            )

    def kill(self, ordinal: int = 0) -> None:
        """Kill it with -9 and wait until it is gone."""
        process = self.running.pop(ordinal)
        process.kill()
        process.wait()

    async def close(self) -> None:
        """End every process as a supervisor does; one that has only just started may not have its own way yet."""
        for process in self.running.values():
            process.terminate()
        for process in self.running.values():
            assert await asyncio.to_thread(process.wait, 15) in (0, -signal.SIGTERM)
        self.running.clear()

    async def say(self, events: Iterable[Event]) -> None:
        """Write events to `messages`, in this order."""
        producer = AIOKafkaProducer(bootstrap_servers=self.bootstrap, acks="all")
        await producer.start()
        try:
            sent = []
            for event in events:
                wire = encode(event)
                sent.append(
                    await producer.send(self.topics.shared("messages"), wire.body, wire.key, headers=list(wire.headers))
                )
            await asyncio.gather(*sent)
        finally:
            await producer.stop()

    async def count(self, statement: str) -> int:
        """One number of the database."""
        return int((await self.office.rows(statement))[0][0] or 0)

    async def taken(self, count: int) -> None:
        """Wait until so many records are taken."""

        async def enough() -> bool:
            return await self.count("select sum(next_offset - first_offset) from positions") >= count

        await eventually(enough, f"{count} records taken", 60)

    async def quiet(self) -> None:
        """Wait until nothing is due and nothing waits to be sent."""

        async def still() -> bool:
            async with self.office.transaction() as tx:
                rows = await tx.fetch(
                    "select exists (select from conversations where next_at <= :now) or exists (select from outbox)",
                    now=tx.now,
                )
            return not rows[0][0]

        await eventually(still, "quiet", 60)

    async def told(self) -> list[Event]:
        """Every event on `sla`, each once, in its key's order."""
        topic = self.topics.shared("sla")
        consumer = AIOKafkaConsumer(bootstrap_servers=self.bootstrap, isolation_level="read_committed")
        await consumer.start()
        events: dict[str, Event] = {}
        try:
            partitions = [TopicPartition(topic, number) for number in range(self.topics.partitions)]
            consumer.assign(partitions)
            await consumer.seek_to_beginning(*partitions)
            ends = await consumer.end_offsets(partitions)
            async with asyncio.timeout(30):
                while any([await consumer.position(one) < ends[one] for one in partitions]):
                    for records in (await consumer.getmany(timeout_ms=500)).values():
                        for record in records:
                            event = self._read(topic, record)
                            events.setdefault(event.id, event)
        finally:
            await consumer.stop()
        return list(events.values())

    def _read(self, topic: str, record: Any) -> Event:
        return decode(topic, Wire(record.key, list(record.headers), record.value), self.topics)
