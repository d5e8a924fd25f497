"""The service as processes on a real broker: killed at points that are seen to be reached, and two at once."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import msgspec
import pytest
from aiokafka import AIOKafkaConsumer
from standardwebhooks import Webhook

from deploy.local.databases import Databases
from deploy.local.ports import free_ports
from shared.bus import Topics, ensure_topics
from shared.platform.auth import DevelopmentIssuer
from shared.policy import load_packs
from tests.integration.intake.house import NOW, SECRETS, eventually, sources_file
from tests.plain import plain_client
from tests.servers import FreshDatabases

ROOT = Path(__file__).resolve().parents[3]
NOWHERE = "127.0.0.1:1"
WAITING = """
    select count(*) from pg_locks where relation = 'items'::regclass and not granted
        and database = (select oid from pg_database where datname = current_database())
"""


@dataclass(slots=True)
class Site:
    """One installation: a database, a broker, and processes of intake."""

    databases: Databases
    kafka: str
    prefix: str
    folder: Path
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    async def start(self, mode: str = "all", *, kafka: str | None = None) -> str:
        """Start a process and wait until it answers; its address."""
        (port,) = free_ports(1)
        self._spawn(mode, port, kafka or self.kafka)
        url = f"http://127.0.0.1:{port}"
        async with plain_client() as client:

            async def answers() -> bool:
                try:
                    return (await client.get(f"{url}/healthz")).is_success
                except httpx.TransportError:
                    return False

            await eventually(answers, "intake answers")
        return url

    def _spawn(self, mode: str, port: int, kafka: str) -> None:
        environment = os.environ | {
            "INTAKE_DATABASE_URL": self.databases.app_url,
            "INTAKE_PORT": str(port),
            "INTAKE_ORDINAL": str(len(self.running)),
            "HOUSERULES_GROUP_PREFIX": f"{self.prefix}g-",
            "INTAKE_SOURCES": str(sources_file(self.folder)),
            "HOUSERULES_KAFKA": kafka,
            "HOUSERULES_TOPIC_PREFIX": self.prefix,
            "HOUSERULES_JWKS": str(self.folder / "jwks.json"),
        }
        command = [sys.executable, "-m", "services.intake", mode]
        with (self.folder / f"intake-{len(self.running)}.log").open("ab") as log:
            self.running.append(subprocess.Popen(command, cwd=ROOT, env=environment, stderr=log, stdout=log))

    def kill(self) -> None:
        """Kill every process with -9."""
        for process in self.running:
            process.kill()
            process.wait()
        self.running.clear()

    async def events(self, count: int) -> list[dict[str, Any]]:
        """The first events of messages, until there are `count` of different ids, looks at sites apart, as a reader of Kafka sees them.

        Delivery is at least once: a relay that was killed sends again what it could not delete in time.
        """
        consumer = AIOKafkaConsumer(
            f"{self.prefix}messages", bootstrap_servers=self.kafka, auto_offset_reset="earliest", group_id=None
        )
        await consumer.start()
        found: list[dict[str, Any]] = []
        try:
            async with asyncio.timeout(60):
                while len({event["id"] for event in found}) < count:
                    for records in (await consumer.getmany(timeout_ms=200)).values():
                        found += [_event(record) for record in records]
                    found = [event for event in found if event["type"] != "houserules.site-monitored.v1"]
        finally:
            await consumer.stop()
        return found


def _event(record: Any) -> dict[str, Any]:
    attributes = {name.removeprefix("ce_"): value.decode() for name, value in record.headers}
    return attributes | {"key": record.key.decode(), "data": msgspec.json.decode(record.value)}


@pytest.fixture
async def site(postgres: FreshDatabases, kafka: str, topic_prefix: str, tmp_path: Path) -> AsyncIterator[Site]:
    """Topics made, nothing started."""
    DevelopmentIssuer(tmp_path).prepare()
    await ensure_topics(kafka, Topics(load_packs().organisations, topic_prefix, f"{topic_prefix}g-").specs())
    made = Site(postgres.create("intake", migrated=True), kafka, topic_prefix, tmp_path)
    yield made
    made.kill()


@pytest.fixture
async def rows(site: Site) -> AsyncIterator[asyncpg.Connection]:
    """A connection of the test's own."""
    connection = await asyncpg.connect(site.databases.owner_url)
    yield connection
    await connection.close()


def deliveries(count: int, conversations: int = 7) -> Iterator[tuple[str, bytes]]:
    for number in range(count):
        data = {
            "conversation": f"c-{number % conversations}", "message": f"m-{number}", "site": "facebook",
            "network": "facebook", "visibility": "public", "posted_at": NOW, "text": f"Question {number}?",
        }  # fmt: skip
        yield f"d-{number}", msgspec.json.encode({"type": "message.received", "timestamp": NOW, "data": data})


async def post(client: httpx.AsyncClient, url: str, delivery: str, raw: bytes) -> int:
    now = datetime.now(UTC)
    headers = {
        "webhook-id": delivery,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(SECRETS["westward"]).sign(delivery, now, raw.decode()),
    }
    try:
        return (await client.post(f"{url}/webhooks/standard/westward-inbox", content=raw, headers=headers)).status_code
    except httpx.TransportError:
        return 0


async def test_a_delivery_is_an_event_on_kafka(site: Site) -> None:
    url = await site.start()
    async with plain_client() as client:

        async def ready() -> bool:
            return (await client.get(f"{url}/readyz")).is_success

        await eventually(ready, "intake is ready")
        ((delivery, raw),) = deliveries(1)
        assert await post(client, url, delivery, raw) == 200
    (event,) = await site.events(1)
    assert (event["type"], event["organisation"]) == ("houserules.message-received.v1", "westward")
    assert event["key"] == event["subject"] == event["data"]["conversation"]
    process = site.running[0]
    process.send_signal(signal.SIGTERM)
    assert await asyncio.to_thread(process.wait, 10) == 0


async def test_killed_in_the_middle_of_a_batch_nothing_is_lost_or_told_twice(
    site: Site, rows: asyncpg.Connection
) -> None:
    url = await site.start("api")
    async with plain_client() as client:
        for delivery, raw in deliveries(20):
            assert await post(client, url, delivery, raw) == 200
    async with rows.transaction():
        await rows.execute("lock table items in share mode")
        await site.start("worker")

        async def in_the_middle() -> bool:
            return bool(await rows.fetchval(WAITING))

        await eventually(in_the_middle, "the worker has locked conversations and waits to write items")
        site.kill()
    assert await rows.fetchval("select count(*) from outbox") == 0
    assert await rows.fetchval("select count(*) from deliveries where state = 'pending'") == 20
    await site.start()
    events = await site.events(20)
    assert len({event["data"]["message"] for event in events}) == len({event["id"] for event in events}) == 20
    assert await rows.fetchval("select count(*) from items") == 20


async def test_killed_between_commit_and_kafka_the_event_keeps_its_id(site: Site, rows: asyncpg.Connection) -> None:
    url = await site.start(kafka=NOWHERE)
    ((delivery, raw),) = deliveries(1)
    async with plain_client() as client:
        assert await post(client, url, delivery, raw) == 200

    async def committed() -> bool:
        return bool(await rows.fetchval("select count(*) from outbox") == 2)

    await eventually(committed, "the events wait in the outbox")
    before = {bytes(row["headers"]) for row in await rows.fetch("select headers from outbox")}
    site.kill()
    await site.start()
    (event,) = await site.events(1)
    assert any(event["id"].encode() in headers for headers in before)


async def test_every_200_is_kept_though_processes_are_killed_and_senders_send_again(
    site: Site, rows: asyncpg.Connection
) -> None:
    wanted = list(deliveries(150))
    accepted: set[str] = set()
    urls = list(await asyncio.gather(site.start(), site.start()))

    async def deliver(client: httpx.AsyncClient, delivery: str, raw: bytes) -> None:
        attempt = 0
        while delivery not in accepted:
            if await post(client, urls[attempt % len(urls)], delivery, raw) == 200:
                accepted.add(delivery)
            attempt += 1
            await asyncio.sleep(0.01)

    limits = httpx.Limits(max_connections=10)
    async with plain_client(timeout=5, limits=limits) as client:
        sending = asyncio.gather(*(deliver(client, *one) for one in wanted))

        async def some() -> bool:
            return len(accepted) > 30

        await eventually(some, "deliveries are under way")
        assert len(accepted) < len(wanted)
        site.kill()
        told = list(accepted)
        kept = await rows.fetchval("select count(*) from deliveries where delivery = any($1::text[])", told)
        assert kept == len(told)
        urls[:] = await asyncio.gather(site.start(), site.start())
        await sending
    events = await site.events(len(wanted))
    by_message = {event["data"]["message"]: event["id"] for event in events}
    assert len(by_message) == len(wanted)
    assert {event["id"] for event in events} == set(by_message.values())


async def test_of_two_processes_one_works_at_a_time(site: Site, rows: asyncpg.Connection) -> None:
    url = await site.start("api")
    async with plain_client() as client:
        for delivery, raw in deliveries(5):
            assert await post(client, url, delivery, raw) == 200
    async with rows.transaction():
        await rows.execute("lock table items in share mode")
        await asyncio.gather(site.start("worker"), site.start("worker"))

        async def one_waits() -> int:
            return int(await rows.fetchval(WAITING))

        await eventually(one_waits, "a worker is in the middle of its batch")
        for _ in range(20):
            assert await one_waits() == 1
            await asyncio.sleep(0.02)
    events = await site.events(5)
    assert len(events) == 5
