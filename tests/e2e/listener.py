"""A consumer of the tests' own: it reads every topic of the stack, whoever writes it, and keeps the bytes."""

import asyncio
from dataclasses import dataclass, field
from typing import Any, Self

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from shared.cli.records import describe, name_of, organisation_of

__all__ = ["Heard", "Listener"]


@dataclass(frozen=True, slots=True)
class Heard:
    """One record: the event in words, and the record as it lies in the log."""

    event: dict[str, Any]
    record: Any

    @property
    def name(self) -> str:
        """`sla-breach`."""
        return name_of(self.event)

    @property
    def organisation(self) -> str:
        """Whose it is."""
        return organisation_of(self.event)

    @property
    def data(self) -> dict[str, Any]:
        """What it says."""
        data: dict[str, Any] = self.event.get("data") or {}
        return data

    @property
    def topic(self) -> str:
        """Where it was read."""
        return str(self.event["topic"])

    @property
    def bytes(self) -> bytes:
        """Key, headers and body, one after the other."""
        parts = [self.record.key, *(part for name, value in self.record.headers for part in (name.encode(), value))]
        return b"\n".join(part or b"" for part in (*parts, self.record.value))


@dataclass(slots=True)
class Listener:
    """Reads when it is asked to, up to where the logs end then."""

    bootstrap: str
    heard: list[Heard] = field(default_factory=list)
    _consumer: Any = None
    _producer: Any = None

    async def __aenter__(self) -> Self:
        await self._open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._close()

    async def _open(self) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await admin.start()
        found = await admin.describe_topics([name for name in await admin.list_topics() if name[0] != "_"])
        await admin.close()
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=self.bootstrap, enable_auto_commit=False, fetch_max_wait_ms=50
        )
        await self._consumer.start()
        self._consumer.assign([TopicPartition(t["topic"], p["partition"]) for t in found for p in t["partitions"]])
        await self._consumer.seek_to_beginning()
        self._producer = AIOKafkaProducer(bootstrap_servers=self.bootstrap, enable_idempotence=True)
        await self._producer.start()

    async def _close(self) -> None:
        """A client that is stopped while it waits for a broker ends with the cancelling of its own task."""
        stopping = [asyncio.ensure_future(client.stop()) for client in (self._producer, self._consumer)]
        await asyncio.wait(stopping, timeout=10)

    async def connect_again(self) -> None:
        """After the broker was away: with new clients, from the beginning."""
        await self._close()
        self.heard.clear()
        await self._open()

    async def read(self) -> list[Heard]:
        """All that is in the logs now, in the order in which Kafka took it within each partition."""
        ends = await self._consumer.end_offsets(self._consumer.assignment())
        while any([await self._consumer.position(place) < end for place, end in ends.items()]):
            batches = await self._consumer.getmany(timeout_ms=200)
            fresh = [record for records in batches.values() for record in records]
            self.heard += [Heard(describe(r), r) for r in sorted(fresh, key=lambda record: record.timestamp)]
        return self.heard

    async def about(self, organisation: str, key: str) -> list[Heard]:
        """What is said of one entity of an organisation."""
        return [h for h in await self.read() if h.organisation == organisation and h.event["key"] == key]

    async def ends(self, topic: str) -> dict[int, int]:
        """Where the log of each partition of a topic ends."""
        places = [place for place in self._consumer.assignment() if place.topic == topic]
        return {place.partition: end for place, end in (await self._consumer.end_offsets(places)).items()}

    async def write(
        self, topic: str, key: str | None, headers: list[tuple[str, bytes | None]], body: bytes | None
    ) -> Any:
        """A record as a writer of no manners would send it; where it lies."""
        return await self._producer.send_and_wait(topic, body, key.encode() if key else None, headers=headers)
