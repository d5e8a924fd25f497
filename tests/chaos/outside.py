"""The systems outside, as clients of a running stack: a social inbox, HR and an image library, each with its retries to do."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple, Self

import httpx
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from standardwebhooks import Webhook

from shared.platform.clock import ClockFile
from tests.chaos.history import Outcome
from tests.plain import plain_client

__all__ = ["Outside", "Said"]

DOOR_S = 15.0
WRITE_S = 8.0


class Said(NamedTuple):
    """What a client knows of an attempt."""

    outcome: Outcome
    status: int | None = None
    again: bool = False


@dataclass(slots=True)
class Outside:
    """One attempt each; who calls decides what to do about a no, or about silence."""

    file: Mapping[str, Any]
    """`stack.json`."""
    clock: ClockFile
    _client: httpx.AsyncClient = field(init=False)
    _producer: AIOKafkaProducer = field(init=False)

    async def __aenter__(self) -> Self:
        self._client = plain_client(timeout=DOOR_S)
        # Not idempotent, so that it gives a record up in an outage instead of waiting without an end.
        self._producer = AIOKafkaProducer(
            bootstrap_servers=self.file["kafka"], acks="all", request_timeout_ms=5_000, retry_backoff_ms=200
        )
        await self._producer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()
        await asyncio.wait([asyncio.ensure_future(self._producer.stop())], timeout=10)

    def now(self) -> datetime:
        """Policy time."""
        return self.clock.at(datetime.now(UTC))

    def machine(self, policy: datetime) -> float:
        """When it is so late by policy time, as seconds since 1970."""
        return (self.clock.machine + (policy - self.clock.policy)).timestamp()

    # The social inbox

    async def deliver(self, organisation: str, raw: bytes, delivery: str) -> Said:
        """Post signed bytes."""
        door, sent = self.file["webhooks"][organisation], datetime.now(UTC)
        headers = {
            "content-type": "application/json",
            "webhook-id": delivery,
            "webhook-timestamp": str(int(sent.timestamp())),
            "webhook-signature": Webhook(door["secret"]).sign(delivery, sent, raw.decode()),
        }
        return await self._post(door["url"], raw, headers)

    # HR with HTTP

    async def publish(self, organisation: str, events: list[dict[str, Any]]) -> Said:
        """Post a batch to the event door."""
        headers = {
            "content-type": "application/cloudevents-batch+json",
            "authorization": f"Bearer {self.file['publishers'][organisation]}",
        }
        return await self._post(f"{self.file['services']['intake']}/events", json.dumps(events).encode(), headers)

    async def _post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Said:
        """A refusal that says that nothing was stored is believed; silence is not taken for one."""
        try:
            answer = await self._client.post(url, content=body, headers=headers)
        except httpx.ConnectError:
            return Said("fail")
        except httpx.TransportError:
            return Said("info")
        again = answer.headers.get("retry-after", "").isdigit()
        if answer.is_success:
            return Said("ok", answer.status_code, again)
        stored = "nothing was stored" not in answer.text
        return Said("info" if stored else "fail", answer.status_code, again)

    # HR and the image library with Kafka

    async def write(self, topic: str, key: str, headers: list[tuple[str, bytes]], body: bytes) -> Said:
        """Write a record to a topic of the organisation's own."""
        try:
            async with asyncio.timeout(WRITE_S):
                sent = await self._producer.send(topic, body, key.encode(), headers=headers)
                sent.add_done_callback(_heard)
                await asyncio.shield(sent)
        except (KafkaError, TimeoutError):
            return Said("info")
        return Said("ok")

    async def register(self, organisation: str, tables: Mapping[str, str]) -> None:
        """Import tables into the register, in this order; while too much waits to be sent it takes none."""
        token = self.file["tokens"][organisation]["communications"]
        headers = {"authorization": f"Bearer {token}", "content-type": "text/csv"}
        for kind, table in tables.items():
            url = f"{self.file['services']['access']}/imports/{kind}"
            while True:
                answer = await self._client.post(url, content=table, headers=headers, timeout=120)
                if answer.status_code != 503:
                    break
                await asyncio.sleep(float(answer.headers["retry-after"]))
            answer.raise_for_status()


def _heard(sent: "asyncio.Future[Any]") -> None:
    """What becomes of a write that nobody waits for any more is not of interest."""
    if not sent.cancelled():
        sent.exception()
