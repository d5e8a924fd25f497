"""The scenario: the same records by each, and what the topic holds afterwards."""

import asyncio
import hashlib
import pickle
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition

from deploy.local.databases import Databases
from services.sla.domain import FACTS, History, refold
from shared.bus import Topics, encode, ensure_topics
from shared.bus.outbox import pack
from shared.platform.clock import ClockFile
from shared.platform.ids import uuid7
from shared.policy import load_packs
from tests.bench.contest import Contestant, Goal, Measured, Rows, Wrong
from tests.bench.handler import workload
from tests.bench.harness import Scenario
from tests.bench.relay.contestants import Payload

__all__ = ["Relay"]

AIOKAFKA = "https://aiokafka.readthedocs.io/en/stable/producer.html"
CODE = "tests.bench.relay.contestants"
READ_S = 60


class Relay(Scenario):
    """(c) of the goals: from the outbox to Kafka."""

    name = "relay"
    title = "The relay, outbox to acknowledged"
    work = (
        "The events of sla about conversations of two landlords, to a topic of six partitions, idempotent and acks=all. The "
        "relay reads them from the outbox and deletes what is acknowledged; who sends from memory has neither to do. From "
        "the first read or send until the last is acknowledged, and deleted where there was a row. All records are read "
        "back: each is there once, in the same partition and order."
    )
    unit = "records"
    size = 30_000
    quick_size = 30_000
    contestants = (
        Contestant(
            name="relay",
            what="the service's relay: it reads, loads, sends and deletes side by side",
            run=f"{CODE}:relay",
            settings="as shipped: 2,000 rows a read, batches of 512 KiB, linger_ms=0, deletes with synchronous_commit=off",
        ),
        Contestant(
            name="send",
            what="aiokafka's `send` of each record from memory, pipelined, one wait for all",
            run=f"{CODE}:send",
            settings="enable_idempotence, acks=all, linger_ms=5, max_batch_size=512 KiB",
            tuned_by=AIOKAFKA,
            given={"linger_ms": 5},
        ),
        Contestant(
            name="send from the outbox",
            what="an outbox as most write it: read 2,000 rows, `send` each, wait for all, delete them",
            run=f"{CODE}:send_outbox",
            settings="enable_idempotence, acks=all, linger_ms=0, max_batch_size=512 KiB, deletes with synchronous_commit=off",
            tuned_by=AIOKAFKA,
            quick=False,
        ),
        Contestant(
            name="send_batch",
            what="aiokafka's `send_batch` from memory: what the client can do at the most",
            run=f"{CODE}:send_batch",
            settings="enable_idempotence, acks=all, batches of 512 KiB, one in flight a partition",
            tuned_by=AIOKAFKA,
            quick=False,
        ),
    )
    goals = (
        Goal(text="the relay against pipelined `send` from memory", of="relay", to="send", at_least=2),
        Goal(text="peak memory of the relay, MiB", of="relay", figure="peak_mib", at_most=250, gated=True),
    )

    async def open(self) -> None:
        """The records, once."""
        self._packs = load_packs()
        self._clock = self.servers.place / "relay.clock"
        ClockFile(machine=workload.NOW, policy=workload.NOW).write(self._clock)
        self._file = self.servers.place / "relay.payloads"
        self._payloads = _payloads(self.count, workload.NOW)
        self._file.write_bytes(pickle.dumps(self._payloads))
        self._databases: dict[str, Databases] = {}

    async def arrange(self, contestant: Contestant, count: int) -> dict[str, Any]:
        """A topic of its own and, for who reads one, a full outbox."""
        prefix = f"relay{secrets.token_hex(4)}."
        topics = Topics(self._packs.organisations, prefix)
        topic = topics.shared("sla")
        await ensure_topics(self.servers.bootstrap, [spec for spec in topics.specs() if spec.name == topic])
        given = {
            "bootstrap": self.servers.bootstrap,
            "topics": prefix,
            "topic": topic,
            "partitions": topics.partitions,
            "group": f"{prefix}g-",
            "clock": str(self._clock),
            "payloads": str(self._file),
        }
        if contestant.name in ("relay", "send from the outbox"):
            database = self._databases[prefix] = await self.servers.database("sla")
            await _fill(database.app_url, topic, self._payloads)
            given["database"] = database.app_url
        return given

    async def check(self, contestant: Contestant, count: int, given: Mapping[str, Any], measured: Measured) -> Rows:
        """Every record once, in its order; nothing left in the outbox."""
        if "database" in given:
            connection = await asyncpg.connect(given["database"])
            left = await connection.fetchval("select count(*) from outbox")
            await connection.close()
            if left:
                raise Wrong(f"{contestant.name} left {left} rows in the outbox")
        found, digest = await _read_back(self.servers.bootstrap, given["topic"], given["partitions"])
        if found != count:
            raise Wrong(f"{contestant.name} sent {found} records of {count}")
        return Rows(found, digest)

    async def tidy(self, contestant: Contestant, given: Mapping[str, Any]) -> None:
        """Away with its database."""
        if (database := self._databases.pop(given["topics"], None)) is not None:
            await self.servers.drop(database)


def _payloads(count: int, now: datetime) -> list[Payload]:
    """So many events of sla, as the outbox holds them, in the order in which they were decided."""
    packs = load_packs()
    histories: dict[tuple[str, str], list[Any]] = {}
    for event in workload.conversations(count * 6 // 5):
        histories.setdefault((event.organisation, event.key), []).append(FACTS[event.name](event, event.data))
    known = [History(o, c, tuple(facts)) for (o, c), facts in histories.items()]
    events = refold(known, {}, packs, now, uuid7).events[:count]
    assert len(events) == count
    return [
        (wire.key or b"", [(name, value or b"") for name, value in wire.headers], wire.body or b"")
        for wire in map(encode, events)
    ]


async def _fill(url: str, topic: str, payloads: list[Payload]) -> None:
    connection = await asyncpg.connect(url)
    rows = [("westward", topic, key, pack(headers), body) for key, headers, body in payloads]
    columns = ["organisation", "topic", "key", "headers", "body"]
    await connection.copy_records_to_table("outbox", records=rows, columns=columns)
    await connection.close()


async def _read_back(bootstrap: str, topic: str, count: int) -> tuple[int, str]:
    """How many records the topic has, and a digest of each partition's keys and bodies in their order."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, isolation_level="read_committed")
    await consumer.start()
    try:
        partitions = [TopicPartition(topic, number) for number in range(count)]
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        ends = await consumer.end_offsets(partitions)
        digests = {one: hashlib.blake2b(digest_size=8) for one in partitions}
        found = 0
        async with asyncio.timeout(READ_S):
            while found < sum(ends.values()):
                for one, records in (await consumer.getmany(timeout_ms=500)).items():
                    found += len(records)
                    for record in records:
                        digests[one].update(record.key + b"\0" + record.value)
    finally:
        await consumer.stop()
    return found, hashlib.blake2b(b"".join(digests[one].digest() for one in partitions), digest_size=8).hexdigest()
