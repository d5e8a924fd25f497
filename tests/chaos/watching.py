"""The consumer of the clients' own: what is on Kafka, whoever wrote it, as effects."""

import asyncio
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from shared.bus.quiet import limit_client_logs
from tests.chaos.history import Effect, Emitted

__all__ = ["PREFIX", "emitted", "instant", "log_ends", "read_all", "watch"]

PREFIX = "houserules."
UNTOLD = frozenset({"site-monitored", "sla-recalculated"})
"""Said of a site, not of a fact."""
READ_S = 120.0


def instant(stamp: str) -> str:
    """An instant of RFC 3339 in one spelling."""
    return datetime.fromisoformat(stamp).astimezone(UTC).isoformat()


def _target(data: Mapping[str, Any], *further: str) -> str:
    return " ".join([instant(data["started_at"]), *(instant(data[name]) for name in further)])


OF: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "message-received": lambda data: instant(data["posted_at"]),
    "message-replied": lambda data: instant(data["posted_at"]),
    "sla-started": lambda data: _target(data, "due_at"),
    "sla-met": lambda data: _target(data, "settled_at"),
    "sla-breach": lambda data: _target(data, "due_at"),
    "sla-warning": lambda data: _target(data, "at"),
    "revoke-access": lambda data: str(data["item"]["id"]),
    "leaver-planned": lambda data: f"{data['person']} {instant(data['leave_at'])}",
    "leaver-processed": lambda data: str(data["person"]),
    "consent-missing": lambda data: str(data["content_hash"]),
}
"""What each event is said of: values that its client chose and that no other fact has."""


def emitted(record: Any) -> Emitted | None:
    """A record as the effect that it is; None for one that is no effect of a fact."""
    headers = {name: (value or b"").decode(errors="replace") for name, value in record.headers}
    place = record.topic.removeprefix(PREFIX)
    if record.topic.endswith(".dlt"):
        origin = headers["dlt-original-topic"]
        effect = Effect(record.topic, origin.split(".")[2], "dead-letter", record.value.decode(errors="replace"))
        event = f"{origin}/{headers['dlt-original-partition']}/{headers['dlt-original-offset']}"
    elif place.startswith("in."):
        return None
    else:
        name = headers["ce_type"].removeprefix(PREFIX).removesuffix(".v1")
        event = headers["ce_id"]
        if name in UNTOLD:
            return None
        of = OF[name](json.loads(record.value)) if name in OF else event
        effect = Effect(place, headers["ce_organisation"], name, of)
    digest = hashlib.sha256(repr((record.key, record.headers, record.value)).encode()).hexdigest()[:16]
    return Emitted(
        effect=effect,
        event=event,
        source=headers.get("ce_source", ""),
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        at=record.timestamp / 1000,
        content=digest,
    )


async def log_ends(bootstrap: str) -> dict[TopicPartition, int]:
    """Where each log of this installation ends now."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        names = [name for name in await admin.list_topics() if name.startswith(PREFIX)]
        found = await admin.describe_topics(names)
    finally:
        await admin.close()
    places = [TopicPartition(topic["topic"], one["partition"]) for topic in found for one in topic["partitions"]]
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap)
    await consumer.start()
    try:
        ends: dict[TopicPartition, int] = await consumer.end_offsets(places)
    finally:
        await consumer.stop()
    return ends


async def read_all(
    bootstrap: str, begin: Mapping[TopicPartition, int], end: Mapping[TopicPartition, int]
) -> list[Emitted]:
    """Every effect on Kafka between these offsets, read anew."""
    consumer = _consumer(bootstrap)
    await consumer.start()
    found: list[Emitted] = []
    try:
        _begin(consumer, begin)
        async with asyncio.timeout(READ_S):
            while any([await consumer.position(place) < end[place] for place in begin]):
                found += _effects(await consumer.getmany(timeout_ms=200))
    finally:
        await consumer.stop()
    return found


async def watch(
    bootstrap: str, begin: Mapping[TopicPartition, int], saw: Callable[[Emitted], None], stop: asyncio.Event
) -> None:
    """Read beside the run, whatever happens to the broker, until `stop`."""
    limit_client_logs()
    consumer = _consumer(bootstrap)
    await consumer.start()
    try:
        _begin(consumer, begin)
        while not stop.is_set():
            try:
                for one in _effects(await consumer.getmany(timeout_ms=100)):
                    saw(one)
            except KafkaError:
                await asyncio.sleep(0.2)
    finally:
        await asyncio.wait([asyncio.ensure_future(consumer.stop())], timeout=10)


def _consumer(bootstrap: str) -> AIOKafkaConsumer:
    return AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        enable_auto_commit=False,
        isolation_level="read_committed",
        fetch_max_wait_ms=20,
        request_timeout_ms=10_000,
        retry_backoff_ms=200,
    )


def _begin(consumer: AIOKafkaConsumer, begin: Mapping[TopicPartition, int]) -> None:
    consumer.assign(list(begin))
    for place, offset in begin.items():
        consumer.seek(place, offset)


def _effects(batches: Mapping[TopicPartition, Iterable[Any]]) -> list[Emitted]:
    found = [emitted(record) for records in batches.values() for record in records]
    return [one for one in found if one is not None]
