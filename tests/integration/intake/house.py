"""Intake as a test meets it: the real service on a real PostgreSQL, its doors over HTTP, its outbox read as rows."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import msgspec
import uvicorn
from standardwebhooks import Webhook

from deploy.local.databases import Databases
from services.intake.app import build
from services.intake.jobs.accepting import Accepting
from services.intake.jobs.working import Working
from services.intake.settings import IntakeSettings
from shared.bus.outbox import unpack
from shared.platform.auth import DevelopmentIssuer
from shared.platform.clock import ClockFile
from shared.platform.service import Service
from tests.plain import plain_client

__all__ = ["SECRETS", "House", "Told", "eventually", "open_house"]

SECRETS = {
    "westward": "whsec_d2VzdHdhcmQtc2VjcmV0LW9mLXRlc3RzLW9ubHktMQ==",
    "wheatley": "whsec_d2hlYXRsZXktc2VjcmV0LW9mLXRlc3RzLW9ubHktMQ==",
}
NOW = datetime(2026, 3, 27, 16, 30, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Told:
    """An event of the outbox."""

    name: str
    organisation: str
    topic: str
    key: str
    attributes: dict[str, str]
    data: dict[str, Any]


async def eventually(done: Callable[[], Awaitable[Any]], what: str, seconds: float = 60.0) -> Any:
    """Wait until it is so; what it was then."""
    end = time.monotonic() + seconds
    while not (found := await done()):
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds:g} s: {what}")
        await asyncio.sleep(0.02)
    return found


@dataclass(slots=True)
class House:
    """A running intake."""

    service: Service
    databases: Databases
    issuer: DevelopmentIssuer
    clock_file: Path
    rows: asyncpg.Connection
    """A connection of the test's own, as the owner."""
    client: httpx.AsyncClient
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    working: "asyncio.Task[None] | None" = None

    @property
    def accepting(self) -> Accepting:
        found: Accepting = self.service.app.state.accepting
        return found

    @property
    def worker(self) -> Working:
        found: Working = self.service.app.state.working
        return found

    def token(self, organisation: str, role: str, **claims: Any) -> dict[str, str]:
        """The header of a person's token."""
        return {"Authorization": f"Bearer {self.issuer.token(organisation, [role], **claims)}"}

    def staff(self, organisation: str) -> dict[str, str]:
        """Somebody of Communications."""
        return self.token(organisation, "communications")

    def set_clock(self, policy: datetime) -> None:
        """Stop policy time at an instant."""
        ClockFile(machine=datetime.now(UTC), policy=policy).write(self.clock_file)

    def signed(self, raw: bytes, organisation: str = "westward", **changes: Any) -> dict[str, str]:
        """The three headers of a delivery."""
        identity = changes.get("id") or secrets.token_hex(8)
        sent = changes.get("sent") or datetime.now(UTC)
        signature = Webhook(changes.get("secret") or SECRETS[organisation]).sign(identity, sent, raw.decode())
        return {
            "webhook-id": identity,
            "webhook-timestamp": str(int(sent.timestamp())),
            "webhook-signature": signature,
            "content-type": "application/json",
        }

    async def send(self, raw: bytes, organisation: str = "westward", **changes: Any) -> httpx.Response:
        """Post signed bytes as the organisation's social inbox."""
        return await self.client.post(
            f"/webhooks/standard/{organisation}-inbox", content=raw, headers=self.signed(raw, organisation, **changes)
        )

    async def post(self, kind: str, organisation: str = "westward", **data: Any) -> None:
        """Post a delivery of the generic body, and see it accepted."""
        raw = msgspec.json.encode({"type": kind, "timestamp": self.service.app.state.bus.clock.policy(), "data": data})
        answer = await self.send(raw, organisation)
        assert answer.status_code == 200, answer.text

    async def write(self, organisation: str = "westward", **changes: Any) -> None:
        """Post a customer's message."""
        message = {
            "conversation": "c-1",
            "message": "m-1",
            "site": "facebook",
            "network": "facebook",
            "visibility": "public",
            "posted_at": NOW,
            "text": "When will my repair be done?",
            "author": {"id": "tenant-7", "name": "Ann Example", "handle": "@ann"},
        }
        await self.post("message.received", organisation, **(message | changes))

    async def settle(self) -> None:
        """Let the worker finish what waits."""
        while await self.worker.step():
            pass

    async def told(self, *names: str) -> Sequence[Told]:
        """What was emitted, in order: all but looks at sites, or only `names`."""
        rows = await self.rows.fetch("select * from outbox order by id")
        events = []
        for row in rows:
            attributes = {
                name.removeprefix("ce_"): (value or b"").decode()
                for name, value in unpack(row["headers"])
                if name.startswith("ce_")
            }
            name = attributes["type"].removeprefix("houserules.").removesuffix(".v1")
            if name in names or (not names and name != "site-monitored"):
                key, data = bytes(row["key"]).decode(), msgspec.json.decode(row["body"])
                events.append(Told(name, row["organisation"], row["topic"], key, attributes, data))
        return events

    async def item(self, organisation: str = "westward", external: str = "m-1") -> dict[str, Any]:
        """The item of a sender's message id."""
        answer = await self.client.get("/items", params={"external": external}, headers=self.staff(organisation))
        assert answer.status_code == 200, answer.text
        (found,) = answer.json()["items"]
        item: dict[str, Any] = found
        return item

    async def count(self, statement: str, *parameters: Any) -> Any:
        """One value of the database."""
        return await self.rows.fetchval(statement, *parameters)


def sources_file(folder: Path) -> Path:
    """Each organisation's social inbox."""
    path = folder / "sources.json"
    entries = [
        {"source": f"{name}-inbox", "organisation": name, "network": "standard", "accounts": [], "secrets": [secret]}
        for name, secret in SECRETS.items()
    ]
    path.write_bytes(msgspec.json.encode(entries))
    return path


def settings_of(databases: Databases, folder: Path, issuer: DevelopmentIssuer, **changes: Any) -> IntakeSettings:
    """Settings for a test's own service, with policy time standing still."""
    known: dict[str, Any] = {
        "database_url": databases.app_url,
        "port": 0,
        "kafka": "127.0.0.1:1",
        "clock": folder / "clock.json",
        "issuer": DevelopmentIssuer.ISSUER,
        "jwks": str(issuer.jwks_file),
        "sources": sources_file(folder),
    }
    return IntakeSettings(**(known | changes))


@asynccontextmanager
async def open_house(
    databases: Databases, folder: Path, *, works: bool = False, **changes: Any
) -> AsyncIterator[House]:
    """Intake with its doors open. Its worker moves by `settle`, or with `works` by itself."""
    issuer = DevelopmentIssuer(folder)
    issuer.prepare()
    ClockFile(machine=datetime.now(UTC), policy=NOW).write(folder / "clock.json")
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
        house = House(service, databases, issuer, folder / "clock.json", rows, client)
        doorman = asyncio.create_task(house.accepting.run(house.stop))
        if works:
            house.working = asyncio.create_task(house.worker.run(house.stop))
        try:
            yield house
        finally:
            house.stop.set()
            await asyncio.gather(doorman, *([house.working] if house.working else []))
            server.should_exit = True
            await serving
            await rows.close()
            await service.close()
