"""The doors as the demo uses them: signed webhooks, events on Kafka and over HTTP, and the API with tokens."""

import json
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
from standardwebhooks import Webhook

from shared.bus.codec import encode
from shared.cli.stack import Stack
from shared.contracts import CONTRACTS, decode_data
from shared.contracts.event import Event
from shared.platform.ids import uuid7

if TYPE_CHECKING:
    from aiokafka import AIOKafkaProducer

__all__ = ["Doors"]

SYSTEMS = {"people": "hr", "images": "images"}


class Doors:
    """Speaks to a running stack as the landlords' people and systems do."""

    def __init__(self, stack: Stack, client: httpx.AsyncClient, producer: "AIOKafkaProducer") -> None:
        self._stack = stack
        self._client = client
        self._producer = producer

    async def deliver(self, organisation: str, kind: str, at: datetime, data: Mapping[str, Any], times: int) -> None:
        """Post a signed webhook, `times` deliveries with one `webhook-id`. Raises when it is not accepted."""
        webhook = self._stack.file.webhooks[organisation]
        delivery, sent = uuid7(), datetime.now(UTC)
        body = json.dumps({"type": kind, "timestamp": at.isoformat(), "data": data})
        headers = {
            "content-type": "application/json",
            "webhook-id": delivery,
            "webhook-timestamp": str(int(sent.timestamp())),
            "webhook-signature": Webhook(webhook.secret).sign(delivery, sent, body),
        }
        for _ in range(times):
            (await self._client.post(webhook.url, content=body, headers=headers)).raise_for_status()

    async def write(self, organisation: str, name: str, at: datetime, data: Mapping[str, Any]) -> None:
        """A system with Kafka writes an event to its organisation's own topic."""
        contract = CONTRACTS[name]
        said = decode_data(name, json.dumps(data).encode())
        event = Event(
            id=uuid7(),
            source=f"/{organisation}/{SYSTEMS[contract.topic]}",
            name=name,
            organisation=organisation,
            key=contract.key(said, organisation),
            time=at,
            data=said,
        )
        wire = encode(event)
        topic = self._stack.topics().inbound(organisation, contract.topic)
        await self._producer.send_and_wait(topic, wire.body, key=wire.key, headers=list(wire.headers))

    async def send(self, organisation: str, name: str, at: datetime, data: Mapping[str, Any]) -> None:
        """A system without Kafka posts an event to the event door. Raises when it is not accepted."""
        event = {
            "specversion": "1.0",
            "id": uuid7(),
            "source": f"/{organisation}/{SYSTEMS[CONTRACTS[name].topic]}",
            "type": f"houserules.{name}.v1",
            "time": at.isoformat(),
            "data": dict(data),
        }
        headers = {
            "authorization": f"Bearer {self._stack.file.publishers[organisation]}",
            "content-type": "application/cloudevents+json",
        }
        answer = await self._client.post(self._url("intake", "/events"), content=json.dumps(event), headers=headers)
        answer.raise_for_status()

    async def post(
        self, service: str, path: str, organisation: str, role: str = "communications", kind: str = "", **content: Any
    ) -> httpx.Response:
        """POST as somebody of the organisation; the answer, whatever its status. `kind` is the media type of bytes."""
        headers = self._bearer(organisation, role) | ({"Content-Type": kind} if kind else {})
        return await self._client.post(self._url(service, path), headers=headers, **content)

    async def ask(self, service: str, path: str, organisation: str, **parameters: str) -> Any:
        """GET as Communications. Raises when it is refused."""
        url, headers = self._url(service, path), self._bearer(organisation, "communications")
        answer = await self._client.get(url, params=parameters, headers=headers)
        return answer.raise_for_status().json()

    async def every(self, service: str, path: str, organisation: str, **parameters: str) -> AsyncIterator[Any]:
        """Every item of a list, page after page."""
        cursor: dict[str, str] = {}
        while True:
            page = await self.ask(service, path, organisation, limit="500", **parameters, **cursor)
            for item in page["items"]:
                yield item
            if page["next"] is None:
                return
            cursor = {"cursor": page["next"]}

    def _url(self, service: str, path: str) -> str:
        return f"{self._stack.service(service)}{path}"

    def _bearer(self, organisation: str, role: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._stack.file.tokens[organisation][role]}"}
