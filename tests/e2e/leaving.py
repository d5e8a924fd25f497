"""Somebody who works for a landlord until HR says otherwise: their register, HR's two ways in, and what access says."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from shared.platform.ids import uuid7
from tests.e2e.listener import Heard
from tests.e2e.world import World

__all__ = ["EVIDENCE", "PEOPLE", "Leaving"]

EVIDENCE = ("list-of-administrators.pdf", b"%PDF-1.7\n%the list, without them\n")
PEOPLE = "person,name,work_email,manager,team,stint,starts_on,leave_on,roles"


@dataclass(slots=True)
class Leaving:
    """One person of one landlord with things of their own, all of whose ids end in `mark`."""

    world: World
    organisation: str
    mark: str = field(default_factory=lambda: uuid7()[-8:])
    who: str = "1001"
    _heard: int = 0

    def id(self, name: str) -> str:
        """The id of somebody or something of this story."""
        return f"{name}-{self.mark}"

    @property
    def person(self) -> str:
        """Who leaves."""
        return self.id(self.who)

    # The register

    async def bring(self, kind: str, *lines: str) -> dict[str, Any]:
        """Import a table; `*` in it stands for the mark."""
        content = "\n".join(lines).replace("*", self.mark)
        answer = await self.world.client.post(
            self.world.url("access", f"/imports/{kind}"),
            content=content,
            headers=self.world.bearer(self.organisation) | {"content-type": "text/csv"},
        )
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    async def register(self) -> None:
        """Their manager, an administrator from Communications, and five grants of all kinds."""
        await self.bring(
            "people",
            PEOPLE,
            "boss-*,,,,,s1,2020-01-06,,",
            "comms-*,,,,,s1,2020-01-06,,communications",
            "1001-*,Jo Bloggs,jo@example.org,boss-*,,s1,2020-01-06,,",
        )
        await self.bring(
            "sites",
            "site,network,kind,name,url,owner,state,approved_on",
            "page-*,facebook,page,,,,live,2024-01-01",
            "news-*,facebook,page,,,,live,2024-01-01",
            "films-*,youtube,channel,,,,live,2024-01-01",
            "tenants-*,facebook,closed-group,,,,live,2024-01-01",
            "profile-*,linkedin,business-profile,,,,live,2024-01-01",
        )
        await self.bring(
            "accounts",
            "account,person,network,kind,email,mfa",
            "a-*,1001-*,facebook,work,jo@example.org,on",
            "ac-*,comms-*,facebook,work,,on",
        )
        await self.bring(
            "grants",
            "grant,account,site,role",
            "g1-*,a-*,page-*,editor",
            "g2-*,a-*,news-*,admin",
            "g3-*,a-*,films-*,moderator",
            "g4-*,a-*,tenants-*,member",
            "g5-*,a-*,profile-*,editor",
            "gc-*,ac-*,news-*,admin",
        )

    # HR

    def event(self, name: str, at: str, **data: Any) -> dict[str, Any]:
        """What HR says of them, as a CloudEvent."""
        return {
            "specversion": "1.0", "id": f"hr-{uuid7()}", "source": f"/{self.organisation}/hr",
            "type": f"houserules.{name}.v1", "time": at, "data": {"person": self.person} | data,
        }  # fmt: skip

    async def over_kafka(self, event: dict[str, Any]) -> None:
        """HR writes to its landlord's own topic."""
        headers: list[tuple[str, bytes | None]] = [
            (f"ce_{name}", str(event[name]).encode()) for name in ("specversion", "id", "source", "type", "time")
        ]
        headers.append(("content-type", b"application/json"))
        topic = f"houserules.in.{self.organisation}.people"
        await self.world.listener.write(topic, self.person, headers, json.dumps(event["data"]).encode())

    async def over_http(self, event: dict[str, Any]) -> None:
        """HR posts to the event door."""
        answer = await self.world.client.post(
            self.world.url("intake", "/events"),
            content=json.dumps(event),
            headers=self.world.bearer(self.organisation, "publisher")
            | {"content-type": "application/cloudevents+json"},
        )
        assert (answer.status_code, answer.json()) == (202, {"accepted": 1}), answer.text

    # access

    async def told(self) -> list[Heard]:
        """What access said of them since the last time, each event once."""
        await self.world.settle()
        said: dict[str, Heard] = {}
        for heard in await self.world.listener.about(self.organisation, self.person):
            if heard.topic == "houserules.access":
                said.setdefault(heard.event["id"], heard)
        fresh = list(said.values())[self._heard :]
        self._heard = len(said)
        return fresh

    async def names(self) -> list[str]:
        """Its names."""
        return [heard.name for heard in await self.told()]

    async def revocations(self, **params: Any) -> dict[str, dict[str, Any]]:
        """By access item, as the door shows them."""
        answer = await self.world.ask("access", "/revocations", self.organisation, person=self.person, **params)
        assert answer.status_code == 200, answer.text
        return {one["item"]["id"].removesuffix(f"-{self.mark}"): one for one in answer.json()["items"]}

    async def holds(self) -> Sequence[str]:
        """The access items that are left."""
        answer = await self.world.ask("access", f"/people/{self.person}/access", self.organisation)
        assert answer.status_code == 200, answer.text
        return sorted(item["id"].removesuffix(f"-{self.mark}") for item in answer.json()["items"])

    async def act(self, revocation: str, verb: str, role: str, person: str, *, shown: bool = True) -> httpx.Response:
        """Claim or confirm, as somebody."""
        return await self.world.client.post(
            self.world.url("access", f"/revocations/{revocation}/{verb}"),
            files={"evidence": EVIDENCE} if shown else None,
            headers=self.world.token(self.organisation, role, person=person),
        )
