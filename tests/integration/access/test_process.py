"""access as a process on a real broker: HR writes to its own topic, and the removals come out on `access`."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from deploy.local.ports import free_ports
from shared.bus import Topics, Wire, decode, encode, ensure_topics
from shared.contracts import Event
from tests.integration.access.landlord import Landlord
from tests.unit.access.said import joined, left

ROOT = Path(__file__).resolve().parents[3]


async def _said(bootstrap: str, topic: str, *events: Event) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all")
    await producer.start()
    try:
        for event in events:
            wire = encode(event)
            await producer.send_and_wait(topic, wire.body, wire.key, headers=list(wire.headers))
    finally:
        await producer.stop()


async def _told(bootstrap: str, topics: Topics, count: int) -> list[Event]:
    topic = topics.shared("access")
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, isolation_level="read_committed")
    await consumer.start()
    found: list[Event] = []
    try:
        partitions = [TopicPartition(topic, number) for number in range(topics.partitions)]
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        end = time.monotonic() + 60
        while len(found) < count and time.monotonic() < end:
            for records in (await consumer.getmany(timeout_ms=500)).values():
                found += [decode(topic, Wire(one.key, list(one.headers), one.value), topics) for one in records]
    finally:
        await consumer.stop()
    return found


def _started(house: Landlord, kafka: str, prefix: str, folder: Path) -> "subprocess.Popen[bytes]":
    (port,) = free_ports(1)
    env: dict[str, Any] = os.environ | {
        "ACCESS_DATABASE_URL": house.bus.database.url,
        "ACCESS_PORT": str(port),
        "HOUSERULES_KAFKA": kafka,
        "HOUSERULES_TOPIC_PREFIX": prefix,
        "HOUSERULES_GROUP_PREFIX": f"{prefix}g-",
        "HOUSERULES_CLOCK": str(house.clock_file),
    }
    with (folder / "access.log").open("ab") as log:
        return subprocess.Popen([sys.executable, "-m", "services.access"], cwd=ROOT, env=env, stdout=log, stderr=log)


async def _come_to(house: Landlord, states: list[tuple[str, str]]) -> None:
    end = time.monotonic() + 30
    found: list[Any] = []
    while found != states and time.monotonic() < end:
        await asyncio.sleep(0.05)
        found = await house.rows("select organisation, state from stints where person = 'p1' order by 1")
    assert found == states


async def test_hr_says_it_on_its_topic_and_the_removals_come_out(
    staffed: Landlord, kafka: str, topic_prefix: str, tmp_path: Path
) -> None:
    topics = Topics(staffed.packs.organisations, topic_prefix, f"{topic_prefix}g-")
    group = topics.group("access")
    sources = topics.sources("people")
    wanted = {*sources, topics.shared("access"), *(topics.dead(source, group) for source in sources)}
    await ensure_topics(kafka, [spec for spec in topics.specs() if spec.name in wanted])
    await _said(kafka, topics.inbound("westward", "people"), left("p1", id="hr-left"), left("p1", id="hr-left"))
    await _said(kafka, topics.inbound("wheatley", "people"), joined("p1", organisation="wheatley"))
    process = _started(staffed, kafka, topic_prefix, tmp_path)
    try:
        told = await _told(kafka, topics, 3)
        assert [event.name for event in told] == ["revoke-access", "revoke-access", "leaver-processed"]
        assert {(event.organisation, event.key, event.causation_id) for event in told} == {
            ("westward", "p1", "hr-left")
        }
        await _come_to(staffed, [("westward", "left"), ("wheatley", "active")])
    finally:
        process.terminate()
        assert await asyncio.to_thread(process.wait, 15) in (0, -signal.SIGTERM)
