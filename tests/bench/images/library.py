"""An image library that uploads, and hears what is decided: the process of a contestant."""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from shared.bus import Wire, encode
from shared.contracts.event import event_of
from shared.contracts.images import Copyright, ImageUploaded, ImageUse, PersonShown
from tests.bench.contest import Job
from tests.bench.installation import percentile, tail
from tests.bench.stopwatch import Stopwatch

__all__ = ["upload"]

LIMIT_S = 120.0
CHANNELS = ("website", "social:facebook", "print")


def image(name: str, number: int, people: int, uses: int) -> Wire:
    """An upload that shows so many tenants, none of whom has signed a form."""
    now = datetime.now(UTC)
    data = ImageUploaded(
        image=f"{name}-{number}",
        content_hash=f"sha256:{number:064x}",
        uploader="hr-100",
        at=now,
        people=tuple(PersonShown(person=f"tenant-{(number + one) % 5_000}", kind="tenant") for one in range(people)),
        uses=tuple(ImageUse(use=channel, channel=channel, purpose="news") for channel in CHANNELS[:uses]),
        copyright=Copyright(basis="owned"),
    )
    event = event_of(data, id=data.image, source="/westward/library", organisation="westward", time=now)
    return encode(event)


class Decisions:
    """When each image's decision was in a reader's hand."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self.consumer = consumer
        self.heard: dict[str, float] = {}

    async def until(self, count: int) -> None:
        """Read until so many are decided."""
        end = time.perf_counter() + LIMIT_S
        while len(self.heard) < count and time.perf_counter() < end:
            found = await self.consumer.getmany(timeout_ms=200)
            now = time.perf_counter()
            for record in (record for records in found.values() for record in records):
                self._note(record, now)

    def _note(self, record: Any, now: float) -> None:
        if dict(record.headers)["ce_type"] == b"houserules.consent-missing.v1":
            self.heard[record.key.decode()] = now


async def upload(watch: Stopwatch, job: Job) -> None:
    """A round: all at once for the rate, then at a steady rate for the times from the scheduled upload."""
    given = job.given
    watch.watch(int(given["pid"]))
    people, uses, name = int(given["people"]), int(given["uses"]), str(given["name"])
    producer = AIOKafkaProducer(bootstrap_servers=given["bootstrap"], acks="all")
    await producer.start()
    many = [image(f"{name}-m", number, people, uses) for number in range(job.count)]
    steady = [image(f"{name}-s", number, people, uses) for number in range(int(given["scheduled"]))]
    async with tail(given["bootstrap"], given["consent"], int(given["partitions"])) as consumer:
        decisions = Decisions(consumer)
        await _held(given, producer, many)
        watch.begin()
        await decisions.until(job.count)
        watch.end(len(decisions.heard))
        decisions.heard.clear()
        due, _ = await asyncio.gather(
            _steadily(producer, given["images"], steady, float(given["rate"])), decisions.until(len(steady))
        )
    await producer.stop()
    if len(decisions.heard) != len(steady):
        raise RuntimeError(f"{len(decisions.heard)} of {len(steady)} were decided")
    lags = [decisions.heard[image] - at for image, at in due.items()]
    for figure, share in (("p50_ms", 0.5), ("p99_ms", 0.99)):
        watch.figure(figure, percentile(lags, share) * 1000)


async def _held(given: dict[str, Any], producer: AIOKafkaProducer, wires: Sequence[Wire]) -> None:
    """Write them all while the service cannot commit: it begins when all are there, and the writing costs it nothing."""
    rows = await asyncpg.connect(given["database"])
    async with rows.transaction():
        await rows.execute("lock table inbox in share mode")
        sent = [await producer.send(given["images"], one.body, one.key, headers=list(one.headers)) for one in wires]
        await asyncio.gather(*sent)
    await rows.close()


async def _steadily(producer: AIOKafkaProducer, topic: str, wires: Sequence[Wire], rate: float) -> dict[str, float]:
    """Send each at its time; when that was, by image."""
    began = time.perf_counter()
    due: dict[str, float] = {}
    for number, one in enumerate(wires):
        at = began + number / rate
        if (pause := at - time.perf_counter()) > 0:
            await asyncio.sleep(pause)
        assert one.key is not None
        due[one.key.decode()] = at
        await producer.send(topic, one.body, one.key, headers=list(one.headers))
    return due
