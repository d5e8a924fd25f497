"""consent as a process on a real broker: an image library writes, a verdict comes out."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from deploy.local.ports import free_ports
from shared.bus import Topics, Wire, decode, encode, ensure_topics
from shared.contracts import Event
from tests.integration.consent.gallery import HASH, NOW, Gallery

ROOT = Path(__file__).resolve().parents[3]


async def _write(bootstrap: str, topic: str, event: Event) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all")
    await producer.start()
    try:
        wire = encode(event)
        await producer.send_and_wait(topic, wire.body, wire.key, headers=list(wire.headers))
    finally:
        await producer.stop()


async def _read(bootstrap: str, topics: Topics, seconds: float = 40) -> Event:
    """The first event on `consent`."""
    consumer = AIOKafkaConsumer(topics.shared("consent"), bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        record = await asyncio.wait_for(consumer.getone(), seconds)
        return decode(record.topic, Wire(record.key, record.headers, record.value), topics)
    finally:
        await consumer.stop()


def _start(environment: dict[str, str]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-m", "services.consent", "all"], cwd=ROOT, env=environment)


async def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    end = time.monotonic() + 15
    while process.poll() is None and time.monotonic() < end:
        await asyncio.sleep(0.05)
    assert process.returncode in (0, -signal.SIGTERM)


async def test_an_upload_comes_in_and_what_is_missing_goes_out(gallery: Gallery, kafka: str, topic_prefix: str) -> None:
    topics = Topics(gallery.packs.organisations, topic_prefix, f"{topic_prefix}g-")
    await ensure_topics(kafka, topics.specs())
    (port,) = free_ports(1)
    environment = os.environ | {
        "CONSENT_DATABASE_URL": gallery.databases.app_url,
        "CONSENT_PORT": str(port),
        "CONSENT_FORMS": str(gallery.folder / "forms"),
        "CONSENT_KEYS": str(gallery.folder / "keys"),
        "HOUSERULES_KAFKA": kafka,
        "HOUSERULES_TOPIC_PREFIX": topic_prefix,
        "HOUSERULES_GROUP_PREFIX": f"{topic_prefix}g-",
        "HOUSERULES_CLOCK": str(gallery.folder / "clock.json"),
        "HOUSERULES_JWKS": str(gallery.issuer.jwks_file),
    }
    process = _start(environment)
    try:
        people = [{"person": "p1", "kind": "tenant"}]
        uses = [{"use": "in", "channel": "internal", "purpose": "news"}]
        described: dict[str, Any] = {
            "image": "i1",
            "content_hash": HASH,
            "uploader": "u1",
            "people": people,
            "uses": uses,
        }
        upload = gallery.event("image-uploaded", **described, at=NOW, copyright={"basis": "owned"})
        await _write(kafka, topics.inbound("westward", "images"), upload)
        event = await _read(kafka, topics)
        assert (event.name, event.source, event.key, event.organisation) == (
            "consent-missing",
            "/houserules/consent",
            "i1",
            "westward",
        )
        assert [one.code for one in event.data.findings] == ["no-consent"]  # type: ignore[attr-defined] # of consent-missing
        assert (event.causation_id, event.clauses) == (upload.id, ("westward:4.10", "westward:10.4"))
    finally:
        await _stop(process)
