"""consent as a test meets it: the real service on a real PostgreSQL, its doors over HTTP, its outbox read as rows.

Events are handed to the handlers as the consumer does; jobs move by `settle`.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import msgspec
import uvicorn

from deploy.local.databases import Databases
from services.consent import handlers
from services.consent.app import build
from services.consent.jobs import Recheck, Timer
from services.consent.settings import ConsentSettings
from shared.bus import Batch, Bus, Record, Wire, decode
from shared.bus.outbox import unpack
from shared.contracts import Event, contract, contract_of
from shared.contracts.registry import decode_data
from shared.platform.auth import DevelopmentIssuer
from shared.platform.clock import ClockFile
from shared.platform.service import Service
from shared.policy import Packs
from tests.plain import plain_client

__all__ = ["NOW", "PDF", "Gallery", "open_gallery"]

NOW = datetime(2026, 3, 27, 9, 0, tzinfo=UTC)
PDF = b"%PDF-1.7\nsigned by hand\n%%EOF\n"
HASH = "sha256:aa"


@dataclass(slots=True)
class Gallery:
    """A running consent."""

    service: Service
    databases: Databases
    issuer: DevelopmentIssuer
    folder: Path
    rows: asyncpg.Connection
    """A connection of the test's own, as the owner."""
    client: httpx.AsyncClient
    _ids: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    @property
    def bus(self) -> Bus:
        bus: Bus = self.service.app.state.bus
        return bus

    @property
    def packs(self) -> Packs:
        packs: Packs = self.service.app.state.packs
        return packs

    def clock(self, now: datetime) -> None:
        """Set policy time."""
        ClockFile(machine=now, policy=now).write(self.folder / "clock.json")

    def event(self, name: str, organisation: str = "westward", **data: Any) -> Event:
        """An event as another system writes it."""
        now = self.bus.clock.policy()
        known = contract(name)
        assert known is not None
        shaped = decode_data(name, msgspec.json.encode(data))
        return Event(
            id=f"e{next(self._ids)}",
            source=f"/{organisation}/outside",
            name=name,
            organisation=organisation,
            key=contract_of(type(shaped)).key(shaped, organisation),
            time=data.get("at", now),
            data=shaped,
        )

    async def hear(self, *events: Event) -> None:
        """One batch, in one transaction, of the topic of the first event."""
        topic = events[0].topic
        records = [Record(event, f"houserules.{topic}", 0, next(self._ids), 0) for event in events]
        handler = {"images": handlers.images, "people": handlers.people}[topic](self.packs)
        async with self.bus.transaction() as tx:
            await handler(Batch(topic, records), tx)

    async def settle(self) -> None:
        """Let the jobs do all there is to do."""
        timer, recheck = Timer(self.bus, self.packs), Recheck(self.bus, self.packs)
        while await timer.tick() or await recheck.tick():
            pass

    async def upload(self, image: str = "i1", organisation: str = "westward", **changes: Any) -> None:
        """A well described image of somebody, for the website, cleared of all but its people."""
        data = {
            "image": image,
            "content_hash": HASH,
            "uploader": "u1",
            "at": self.bus.clock.policy(),
            "people": [{"person": "p1", "kind": "tenant"}],
            "uses": [{"use": "web", "channel": "website", "purpose": "news"}],
            "copyright": {"basis": "owned"},
        }
        await self.hear(self.event("image-uploaded", organisation, **(data | changes)))

    async def publish(
        self,
        image: str = "i1",
        organisation: str = "westward",
        use: str = "web",
        channel: str = "website",
        content_hash: str = HASH,
        purpose: str = "news",
    ) -> None:
        """The image goes live."""
        at = self.bus.clock.policy()
        data = {
            "image": image,
            "content_hash": content_hash,
            "use": use,
            "channel": channel,
            "purpose": purpose,
            "at": at,
        }
        await self.hear(self.event("image-published", organisation, **data))

    def token(self, organisation: str, role: str = "communications", **claims: Any) -> dict[str, str]:
        """The header of somebody's token."""
        return {"Authorization": f"Bearer {self.issuer.token(organisation, [role], **claims)}"}

    async def post(self, path: str, body: Any = None, organisation: str = "westward", **options: Any) -> httpx.Response:
        """POST JSON as Communications."""
        return await self.client.post(path, json=body, headers=self.token(organisation) | options.pop("headers", {}))

    async def get(self, path: str, organisation: str = "westward", role: str = "communications", **params: Any) -> Any:
        """GET, which has to go well; what came."""
        answer = await self.client.get(path, params=params, headers=self.token(organisation, role))
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def record(
        self,
        form: bytes | None = PDF,
        organisation: str = "westward",
        name: str = "form.pdf",
        headers: dict[str, str] | None = None,
        **changes: Any,
    ) -> httpx.Response:
        """POST a consent record as multipart: signed today, for the website, unless it says otherwise."""
        record: dict[str, Any] = {
            "person": "p1",
            "outcome": "given",
            "method": "signed",
            "signed": True,
            "taken_on": self.bus.clock.policy().date().isoformat(),
            "channels": ["website"],
            "purposes": ["news"],
        }
        files = {} if form is None else {"form": (name, form, "application/octet-stream")}
        raw = msgspec.json.encode({k: v for k, v in (record | changes).items() if v is not None}).decode()
        parts: dict[str, Any] = {"record": (None, raw), **files}
        return await self.client.post("/consents", files=parts, headers=self.token(organisation) | (headers or {}))

    async def consent(self, **changes: Any) -> str:
        """A record that is taken; its id."""
        answer = await self.record(**changes)
        assert answer.status_code == 201, answer.text
        consent: str = answer.json()["consent"]
        return consent

    async def told(self, *names: str) -> Sequence[Event]:
        """What waits to be published, in order: all, or only `names`."""
        events = []
        for row in await self.rows.fetch("select topic, key, headers, body from outbox order by id"):
            headers = [(name, value or b"") for name, value in unpack(row["headers"])]
            events.append(decode(row["topic"], Wire(row["key"], headers, row["body"]), self.bus.topics))
        return [event for event in events if not names or event.name in names]

    async def last(self, *names: str) -> Any:
        """The data of the last of these."""
        return (await self.told(*names))[-1].data

    async def verdicts(self) -> list[str]:
        """Each consent-missing as its codes, each consent-satisfied as "satisfied", in order."""
        return [
            "satisfied" if event.name == "consent-satisfied" else " ".join(one.code for one in event.data.findings)  # type: ignore[attr-defined] # the other of the two
            for event in await self.told("consent-missing", "consent-satisfied")
        ]


def settings_of(databases: Databases, folder: Path, issuer: DevelopmentIssuer, **changes: Any) -> ConsentSettings:
    """Settings for a test's own service, with policy time standing still and no broker."""
    known: dict[str, Any] = {
        "database_url": databases.app_url,
        "port": 0,
        "kafka": "127.0.0.1:1",
        "clock": folder / "clock.json",
        "issuer": DevelopmentIssuer.ISSUER,
        "jwks": str(issuer.jwks_file),
        "forms": folder / "forms",
        "keys": folder / "keys",
    }
    return ConsentSettings(**(known | changes))


@asynccontextmanager
async def open_gallery(databases: Databases, folder: Path, **changes: Any) -> AsyncIterator[Gallery]:
    """consent with its doors open."""
    issuer = DevelopmentIssuer(folder)
    issuer.prepare()
    ClockFile(machine=NOW, policy=NOW).write(folder / "clock.json")
    service = build(settings_of(databases, folder, issuer, **changes))
    assert service.start is not None and service.close is not None
    await service.start()
    server = uvicorn.Server(
        uvicorn.Config(service.app, host="127.0.0.1", port=0, log_config=None, access_log=False, lifespan="off")
    )
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.005)
    port = server.servers[0].sockets[0].getsockname()[1]
    rows = await asyncpg.connect(databases.owner_url)
    async with plain_client(base_url=f"http://127.0.0.1:{port}", timeout=20) as client:
        try:
            yield Gallery(service, databases, issuer, folder, rows, client)
        finally:
            server.should_exit = True
            await serving
            await rows.close()
            await service.close()
