"""What a test of the bus needs: a database, topics, a hand that writes to Kafka, an eye that reads it."""

import asyncio
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from shared.bus import Consumer, Relay, Topics, encode, ensure_topics
from shared.bus.codec import Wire
from tests.integration.bus.child import Config
from tests.integration.bus.ledger import Ledger, create_tables

__all__ = ["Child", "World", "eventually"]

ROOT = Path(__file__).resolve().parents[3]


async def eventually(done: Callable[[], Awaitable[bool]], what: str, seconds: float = 60.0) -> None:
    """Wait until it is so."""
    end = time.monotonic() + seconds
    while not await done():
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds:g} s: {what}")
        await asyncio.sleep(0.02)


class Child:
    """The ledger in another process."""

    def __init__(self, config: Config, log: Path) -> None:
        self._log_file = log
        self._log = log.open("ab")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.bus.child", msgspec.json.encode(config).decode()],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )

    async def says(self, line: str, seconds: float = 60.0) -> None:
        """Wait until it prints a line: proof that a point was reached."""
        assert self._process.stdout is not None
        async with asyncio.timeout(seconds):
            while True:
                said = await asyncio.to_thread(self._process.stdout.readline)
                if said.strip() == line:
                    return
                assert said, f"the child ended with {self._process.wait()} before it said {line!r}"

    async def says_in_log(self, words: str, seconds: float = 60.0) -> None:
        """Wait until its log has these words."""

        async def said() -> bool:
            return words in self._log_file.read_text()

        await eventually(said, f"{words!r} in the child's log", seconds)

    def signal(self, number: int) -> None:
        """Send it a signal."""
        os.kill(self._process.pid, number)

    def kill(self) -> None:
        """Kill it with -9 and wait until it is gone."""
        self._process.kill()
        self._process.wait()

    async def end(self) -> int:
        """SIGTERM; its exit code."""
        self._process.send_signal(signal.SIGTERM)
        return await asyncio.to_thread(self._process.wait, 15)

    async def exit_code(self, seconds: float = 60.0) -> int:
        """Wait until it ends by itself."""
        return await asyncio.to_thread(self._process.wait, seconds)

    def close(self) -> None:
        """Away with it."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGCONT)
            self.kill()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._log.close()


@dataclass(slots=True)
class World:
    """One test's installation."""

    owner_url: str
    app_url: str
    bootstrap: str
    prefix: str
    folder: Path
    group_prefix: str = field(default_factory=lambda: f"g{secrets.token_hex(4)}-")
    ledger: Ledger = field(init=False)
    _instances: list[Ledger] = field(default_factory=list)
    _children: list[Child] = field(default_factory=list)
    _producer: AIOKafkaProducer | None = None

    async def open(self) -> None:
        """Make the tables and the topics."""
        await create_tables(self.owner_url)
        self.ledger = self.another()
        topics = self.topics
        group = topics.group("sla")
        wanted = [*topics.sources("messages"), *topics.sources("people"), topics.shared("access")]
        dead = {topics.dead(name, group) for name in wanted}
        template = {spec.name: spec for spec in topics.specs()}
        largest = next(spec for spec in template.values() if spec.name.endswith(".dlt"))
        specs = [template[name] for name in wanted]
        specs += [type(largest)(name, largest.partitions, largest.config) for name in sorted(dead)]
        await ensure_topics(self.bootstrap, specs)

    async def close(self) -> None:
        """End what runs."""
        for child in self._children:
            child.close()
        if self._producer is not None:
            await self._producer.stop()
        for instance in self._instances:
            await instance.bus.database.close()

    @property
    def topics(self) -> Topics:
        """The topics' names."""
        return self.ledger.bus.topics

    def another(self, **more: Any) -> Ledger:
        """Another instance of the service on the same database."""
        made = Ledger.make(self.app_url, self.prefix, self.group_prefix, **more)
        self._instances.append(made)
        return made

    def child(self, *parts: str, **more: Any) -> Child:
        """Another process of the service."""
        config = Config(self.app_url, self.bootstrap, self.prefix, self.group_prefix, list(parts), **more)
        child = Child(config, self.folder / f"child-{len(self._children)}.log")
        self._children.append(child)
        return child

    async def producer(self) -> AIOKafkaProducer:
        """A producer as an outside system has it."""
        if self._producer is None:
            self._producer = AIOKafkaProducer(bootstrap_servers=self.bootstrap, max_request_size=5 * 2**20, acks="all")
            await self._producer.start()
        return self._producer

    async def write(self, topic: str, *wires: Wire, partition: int | None = None) -> list[Any]:
        """Write records; where they are now."""
        producer = await self.producer()
        futures = [
            await producer.send(topic, w.body, w.key, partition=partition, headers=list(w.headers)) for w in wires
        ]
        return [await future for future in futures]

    async def say(self, *events: Any, partition: int | None = None) -> list[Any]:
        """Write events to the shared topic messages."""
        return await self.write(self.topics.shared("messages"), *map(encode, events), partition=partition)

    @asynccontextmanager
    async def running(
        self, ledger: Ledger | None = None, *, relay: bool = False, **more: Any
    ) -> AsyncIterator[Consumer]:
        """The service in this process, until the block ends."""
        ledger = ledger or self.ledger
        stop = asyncio.Event()
        consumer = Consumer(ledger.bus, self.bootstrap, ledger.subscriptions, session_timeout_ms=6_000, **more)
        tasks = [asyncio.create_task(consumer.run(stop))]
        if relay:
            tasks.append(asyncio.create_task(Relay(ledger.bus, self.bootstrap).run(stop)))
        try:
            yield consumer
        finally:
            stop.set()
            await asyncio.gather(*tasks)

    async def fetch(self, sql: str, **params: Any) -> Sequence[Any]:
        """Rows."""
        return await self.ledger.bus.database.fetch(sql, **params)

    async def scalar(self, sql: str, **params: Any) -> Any:
        """One value."""
        return (await self.fetch(sql, **params))[0][0]

    async def entries(self) -> list[str]:
        """The ids that were applied, in order."""
        return [row.id for row in await self.fetch("select id from entries order by n")]

    async def applied(self, count: int, seconds: float = 60.0) -> None:
        """Wait until so many entries are written."""

        async def enough() -> bool:
            return int(await self.scalar("select count(*) from entries")) >= count

        await eventually(enough, f"{count} entries", seconds)

    async def taken(self, count: int, seconds: float = 60.0) -> None:
        """Wait until positions have moved by so many records."""

        async def enough() -> bool:
            moved = await self.scalar("select coalesce(sum(next_offset - first_offset), 0) from positions")
            return int(moved) >= count

        await eventually(enough, f"{count} records taken", seconds)

    async def counts(self) -> dict[str, int]:
        """What became of all records, by the positions' counters."""
        row = (
            await self.fetch(
                "select sum(applied) as applied, sum(duplicate) as duplicate, sum(ignored) as ignored, "
                "sum(dead) as dead, sum(next_offset - first_offset) as taken from positions"
            )
        )[0]
        return {name: int(value) for name, value in row._mapping.items()}

    async def published(self, topic: str) -> list[Any]:
        """Every record of a topic, by partition."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self.bootstrap, isolation_level="read_committed")
        await consumer.start()
        try:
            tps = [TopicPartition(topic, n) for n in range(self.topics.partitions)]
            consumer.assign(tps)
            await consumer.seek_to_beginning(*tps)
            ends = await consumer.end_offsets(tps)
            records: list[Any] = []
            async with asyncio.timeout(60):
                while any([await consumer.position(tp) < ends[tp] for tp in tps]):
                    for found in (await consumer.getmany(timeout_ms=500)).values():
                        records += found
        finally:
            await consumer.stop()
        return sorted(records, key=lambda r: (r.partition, r.offset))

    async def emitted(self) -> list[str]:
        """The causes of what the ledger has published, in order."""
        records = await self.published(self.topics.shared("access"))
        return [dict(r.headers)["ce_causationid"].decode() for r in records]

    async def drained(self, seconds: float = 60.0) -> None:
        """Wait until the outbox is empty."""

        async def empty() -> bool:
            return int(await self.scalar("select count(*) from outbox")) == 0

        await eventually(empty, "an empty outbox", seconds)
