"""Pictures of people at a landlord: its image library's two ways in, the forms, and what consent says."""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

from shared.platform.clock import ClockFile
from shared.platform.ids import uuid7
from tests.e2e.listener import Heard
from tests.e2e.world import World

__all__ = ["PDF", "Faces"]

PDF = ("form.pdf", b"%PDF-1.7\n% signed by hand\n%%EOF\n")


@dataclass(slots=True)
class Faces:
    """One image of one landlord and the people on it, all of whose ids end in `mark`."""

    world: World
    organisation: str
    mark: str = field(default_factory=lambda: uuid7()[-8:])
    _heard: int = 0

    def id(self, name: str) -> str:
        """The id of somebody or something of this story."""
        return f"{name}-{self.mark}"

    @property
    def image(self) -> str:
        """The image."""
        return self.id("image")

    @property
    def hash(self) -> str:
        """Of its content."""
        return f"sha256:{hashlib.sha256(self.image.encode()).hexdigest()}"

    @property
    def now(self) -> datetime:
        """Policy time."""
        return ClockFile.read(self.world.running.clock).at(datetime.now(UTC))

    # The image library and HR

    def event(self, name: str, **data: Any) -> dict[str, Any]:
        """What another system says of the image, or with `person` of somebody, as a CloudEvent."""
        key = {} if "person" in data else {"image": self.image, "at": self.now.isoformat()}
        return {
            "specversion": "1.0", "id": f"dam-{uuid7()}", "source": f"/{self.organisation}/dam",
            "type": f"houserules.{name}.v1", "time": self.now.isoformat(), "data": key | data,
        }  # fmt: skip

    def uploaded(self, *people: str, channel: str = "internal", kind: str = "tenant") -> dict[str, Any]:
        """An image of these people, for the newsletter."""
        return self.event(
            "image-uploaded",
            content_hash=self.hash,
            uploader="photographer",
            people=[{"person": self.id(person), "kind": kind} for person in people],
            face_count=len(people),
            uses=[{"use": self.id("use"), "channel": channel, "purpose": "newsletter"}],
            copyright={"basis": "owned"},
        )

    def published(self, channel: str = "internal") -> dict[str, Any]:
        """It is live."""
        where = {"use": self.id("use"), "channel": channel, "purpose": "newsletter"}
        return self.event("image-published", content_hash=self.hash, **where)

    async def over_kafka(self, event: dict[str, Any]) -> None:
        """To the landlord's own topic."""
        attributes = ("specversion", "id", "source", "type", "time")
        headers: list[tuple[str, bytes | None]] = [(f"ce_{name}", str(event[name]).encode()) for name in attributes]
        headers.append(("content-type", b"application/json"))
        data = event["data"]
        topic = f"houserules.in.{self.organisation}.{'images' if 'image' in data else 'people'}"
        key = data.get("image") or data["person"]
        await self.world.listener.write(topic, key, headers, json.dumps(data).encode())

    async def over_http(self, event: dict[str, Any]) -> None:
        """To the event door."""
        kind = {"content-type": "application/cloudevents+json"}
        headers = self.world.bearer(self.organisation, "publisher") | kind
        answer = await self.world.client.post(
            self.world.url("intake", "/events"), content=json.dumps(event), headers=headers
        )
        assert (answer.status_code, answer.json()) == (202, {"accepted": 1}), answer.text

    # Communications

    async def record(self, person: str, *channels: str, form: tuple[str, bytes] | None = PDF, **more: Any) -> Any:
        """What somebody said today, with the signed form unless it says otherwise; the answer of the door."""
        record = {
            "person": self.id(person),
            "outcome": "given",
            "method": "signed" if form else "verbal",
            "taken_on": f"{self.now:%Y-%m-%d}",
            "taken_by": "local-communications",
            "channels": channels or ("internal",),
        }
        parts: dict[str, Any] = {"record": (None, json.dumps(record | more))}
        if form is not None:
            parts["form"] = form
        return await self.world.client.post(
            self.world.url("consent", "/consents"), files=parts, headers=self.world.bearer(self.organisation)
        )

    async def agreed(self, person: str, *channels: str, **more: Any) -> str:
        """A record that counts; its id."""
        answer = await self.record(person, *channels, **more)
        assert (answer.status_code, answer.json()["state"]) == (201, "given"), answer.text
        consent: str = answer.json()["consent"]
        return consent

    async def act(self, path: str, **body: Any) -> httpx.Response:
        """POST to consent."""
        return await self.world.act("consent", path, self.organisation, **body)

    # consent

    async def told(self) -> list[Heard]:
        """What consent said of the image since the last time, each event once."""
        await self.world.settle()
        said: dict[str, Heard] = {}
        for heard in await self.world.listener.about(self.organisation, self.image):
            if heard.topic == "houserules.consent":
                said.setdefault(heard.event["id"], heard)
        fresh = list(said.values())[self._heard :]
        self._heard = len(said)
        return fresh

    async def verdicts(self) -> list[str]:
        """The same in a word or two: `missing: p3 in use no-consent`, `satisfied`, `takedown-requested: withdrawn`."""
        return [self._words(heard) for heard in await self.told()]

    def _words(self, heard: Heard) -> str:
        if heard.name == "consent-satisfied":
            return "satisfied"
        if heard.name != "consent-missing":
            return f"{heard.name}: {heard.data['reason']}"
        found = [
            " in ".join(filter(None, (one.get("person"), one.get("use")))) + f" {one['code']}"
            for one in heard.data["findings"]
        ]
        return f"missing: {', '.join(found)}".replace(f"-{self.mark}", "")
