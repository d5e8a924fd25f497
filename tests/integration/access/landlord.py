"""access on a real database, its doors over HTTP, with a clock that the test sets. What it tells is read from its outbox."""

import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from services.access.app import build
from services.access.handlers import people
from services.access.jobs import Timer
from services.access.settings import AccessSettings
from shared.bus import Batch, Bus, Record, Wire, decode
from shared.bus.outbox import unpack
from shared.contracts import Event
from shared.platform.auth import DevelopmentIssuer
from shared.platform.clock import ClockFile
from shared.platform.service import Service
from shared.policy import Packs
from tests.unit.access.said import at

__all__ = ["PDF", "Landlord", "open_house"]

PDF = ("shown.pdf", b"%PDF-1.7\n%shown\n")


@dataclass(slots=True)
class Landlord:
    """One installation's access, without Kafka."""

    service: Service
    packs: Packs
    issuer: DevelopmentIssuer
    clock_file: Path
    client: httpx.AsyncClient
    timer: Timer = field(init=False)
    _sessions: dict[tuple[str, str, str], str] = field(default_factory=dict)
    _offsets: "itertools.count[int]" = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self.timer = Timer(self.bus, self.packs)

    @property
    def bus(self) -> Bus:
        """Its side of the bus."""
        bus: Bus = self.service.app.state.bus
        return bus

    def clock(self, when: str | datetime) -> None:
        """Set policy time."""
        instant = at(when) if isinstance(when, str) else when
        ClockFile(machine=instant, policy=instant).write(self.clock_file)

    async def reach(self, when: str | datetime) -> None:
        """Set policy time, and let the timer finish what is due."""
        self.clock(when)
        while await self.timer.tick():
            pass

    async def hear(self, *events: Event) -> None:
        """One batch, in one transaction."""
        records = [Record(event, "houserules.people", 0, next(self._offsets), 0) for event in events]
        async with self.bus.transaction() as tx:
            await people(self.packs)(Batch("people", records), tx)

    async def told(self, *names: str) -> list[Event]:
        """Everything that waits to be published on `access`, or that of these names, in its order."""
        rows = await self.bus.database.fetch("select topic, key, headers, body from outbox order by id")
        events = []
        for row in rows:
            headers = [(name, value or b"") for name, value in unpack(row.headers)]
            events.append(decode(row.topic, Wire(row.key, headers, row.body), self.bus.topics))
        return [event for event in events if (event.name in names if names else event.topic == "access")]

    async def names(self) -> list[str]:
        """Their names."""
        return [event.name for event in await self.told()]

    async def forget(self) -> None:
        """Nothing was told so far."""
        async with self.bus.transaction() as tx:
            await tx.execute("delete from outbox")

    async def rows(self, statement: str, **params: Any) -> list[tuple[Any, ...]]:
        """Rows as tuples."""
        return [tuple(row) for row in await self.bus.database.fetch(statement, **params)]

    def session(self, organisation: str, role: str, person: str) -> str:
        """Somebody's token, the same as long as they do not sign in anew."""
        key = (organisation, role, person)
        if key not in self._sessions:
            self._sessions[key] = self.issuer.token(organisation, [role], person)
        return self._sessions[key]

    def token(
        self, organisation: str, role: str = "communications", person: str | None = None, *others: str
    ) -> dict[str, str]:
        """The header of somebody's token; `others` are roles that they have beside the first."""
        return {"Authorization": f"Bearer {self.issuer.token(organisation, [role, *others], person)}"}

    async def get(
        self, path: str, organisation: str = "westward", role: str = "communications", **params: Any
    ) -> httpx.Response:
        """GET as somebody."""
        return await self.client.get(path, params=params, headers=self.token(organisation, role))

    async def bring(
        self, kind: str, lines: str | bytes | Sequence[str], organisation: str = "westward", **params: Any
    ) -> httpx.Response:
        """Import a table."""
        content = lines if isinstance(lines, (str, bytes)) else "\n".join(lines)
        headers = self.token(organisation) | {"content-type": "text/csv"}
        return await self.client.post(f"/imports/{kind}", content=content, params=params, headers=headers)

    async def brought(self, kind: str, *lines: str, organisation: str = "westward") -> dict[str, Any]:
        """Import a table, and see it taken."""
        answer = await self.bring(kind, lines, organisation)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    async def register(self, organisation: str = "westward") -> None:
        """Four people, three of them on one page that two administer, and a closed group."""
        await self.brought(
            "people",
            "person,name,work_email,manager,team,stint,starts_on,leave_on,roles",
            "m1,,,,comms,s1,2020-01-06,,",
            "p1,,p1@example.org,m1,comms,s1,2020-01-06,,",
            "p2,,p2@example.org,m1,comms,s1,2020-01-06,,",
            "c1,,c1@example.org,m1,comms,s1,2020-01-06,,communications",
            organisation=organisation,
        )
        await self.brought(
            "sites",
            "site,network,kind,name,url,owner,state,approved_on",
            "page,facebook,page,Page,https://facebook.example/page,,live,2024-01-01",
            "group,whatsapp,closed-group,Group,,,live,2024-01-01",
            organisation=organisation,
        )
        await self.brought(
            "accounts",
            "account,person,network,kind,email,mfa",
            "a1,p1,facebook,work,p1@example.org,on",
            "a2,p2,facebook,work,p2@example.org,on",
            "ac,c1,facebook,work,c1@example.org,on",
            "w1,p1,whatsapp,work,,unknown",
            organisation=organisation,
        )
        await self.brought(
            "grants",
            "grant,account,site,role,business_case,approved_by,approved_on,review_on",
            "g1,a1,page,editor,,c1,2024-01-01,",
            "g2,a2,page,admin,,c1,2024-01-01,",
            "gc,ac,page,admin,,,,",
            "gw,w1,group,member,,,,",
            organisation=organisation,
        )
        await self.forget()

    async def act(
        self,
        revocation: str,
        verb: str,
        person: str = "k1",
        *,
        role: str = "communications",
        organisation: str = "westward",
        file: tuple[str, bytes] | None = None,
        **fields: str,
    ) -> httpx.Response:
        """Claim, confirm, waive or reopen."""
        return await self.client.post(
            f"/revocations/{revocation}/{verb}",
            data=fields,
            files={"evidence": file} if file else None,
            headers=self.token(organisation, role, person),
        )

    async def revocations(self, organisation: str = "westward", **params: Any) -> dict[str, dict[str, Any]]:
        """By item."""
        answer = await self.get("/revocations", organisation, **params)
        assert answer.status_code == 200, answer.text
        return {one["item"]["id"]: one for one in answer.json()["items"]}


@asynccontextmanager
async def open_house(app_url: str, packs: Packs, folder: Path, policies: Path | None = None) -> AsyncIterator[Landlord]:
    """access with its doors open, its clock at nine on Monday. `policies`: where packs lie beside those shipped."""
    issuer = DevelopmentIssuer(folder / "issuer")
    issuer.prepare()
    clock = folder / "clock.json"
    settings = AccessSettings.model_validate(
        {
            "database_url": app_url,
            "jwks": str(issuer.jwks_file),
            "clock": clock,
            "kafka": "127.0.0.1:1",
            "policies": policies,
        }
    )
    service = build(settings)
    transport = httpx.ASGITransport(app=service.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://access") as client:
        landlord = Landlord(service, packs, issuer, clock, client)
        landlord.clock("Mon 09:00")
        yield landlord
    assert service.close is not None
    await service.close()
