"""The outside world of a running stack: a social inbox, Communications at the API, policy time in the tests' hand."""

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self, TypeVar
from zoneinfo import ZoneInfo

import asyncpg
import httpx
from standardwebhooks import Webhook

from shared.cli.quiet import Quiet
from shared.cli.stack import Stack as StackOfCommands
from shared.platform.auth import DevelopmentIssuer
from shared.platform.clock import ClockFile
from shared.platform.ids import uuid7
from tests.e2e.listener import Listener
from tests.stacks import RunningStack

__all__ = ["LONDON", "World", "eventually", "instant", "words"]

LONDON = ZoneInfo("Europe/London")
QUIET_S = 60.0
T = TypeVar("T")


def instant(local: str) -> datetime:
    """`2026-03-27 16:30` or `… 16:30:01` on a clock in London."""
    return datetime.fromisoformat(local).replace(tzinfo=LONDON).astimezone(UTC)


def words(stamp: str) -> str:
    """The inverse, of what the wire says."""
    text = datetime.fromisoformat(stamp).astimezone(LONDON).strftime("%Y-%m-%d %H:%M:%S")
    return text.removesuffix(":00")


async def eventually(done: Callable[[], Awaitable[T]], what: str, seconds: float = 60.0) -> T:
    """Wait until it is so; what it was then."""
    end = time.monotonic() + seconds
    while not (found := await done()):
        assert time.monotonic() < end, f"not within {seconds:g} s: {what}"
        await asyncio.sleep(0.03)
    return found


@dataclass(slots=True)
class World:
    """Everybody outside, and the tests' eyes and hands on what runs."""

    running: RunningStack
    client: httpx.AsyncClient
    listener: Listener
    _quiet: Quiet | None = None
    _open: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def __aenter__(self) -> Self:
        await self._ask_again()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._open.aclose()

    async def _ask_again(self) -> None:
        stack = StackOfCommands(self.running.stack.folders.stack_file)
        self._quiet = await self._open.enter_async_context(Quiet(stack))

    async def connect_again(self) -> None:
        """After the broker was away."""
        await self._open.aclose()
        await self.listener.connect_again()
        await self._ask_again()

    # Policy time

    def stand_at(self, local: str) -> datetime:
        """Let policy time stand still at an instant, and wait for nothing."""
        now = instant(local)
        ClockFile(machine=datetime.now(UTC), policy=now, rate=0).write(self.running.clock)
        return now

    async def at(self, local: str) -> datetime:
        """The same, and wait until the services have done all there is to do then."""
        now = self.stand_at(local)
        await self.settle()
        return now

    async def settle(self) -> None:
        """Wait until nothing is under way."""
        assert self._quiet is not None
        await self._quiet.reached(QUIET_S)

    # The social inbox

    def address(self, organisation: str) -> str:
        """Where its inbox posts."""
        return str(self.running.file["webhooks"][organisation]["url"])

    def secret(self, organisation: str) -> str:
        """What it signs with."""
        return str(self.running.file["webhooks"][organisation]["secret"])

    def signed(self, raw: bytes, organisation: str, delivery: str | None = None) -> dict[str, str]:
        """The headers of a delivery, by the standard's own library."""
        identity, sent = delivery or uuid7(), datetime.now(UTC)
        return {
            "content-type": "application/json",
            "webhook-id": identity,
            "webhook-timestamp": str(int(sent.timestamp())),
            "webhook-signature": Webhook(self.secret(organisation)).sign(identity, sent, raw.decode()),
        }

    async def deliver(self, organisation: str, raw: bytes, delivery: str | None = None) -> httpx.Response:
        """Post signed bytes."""
        headers = self.signed(raw, organisation, delivery)
        return await self.client.post(self.address(organisation), content=raw, headers=headers)

    def body(self, kind: str, **data: Any) -> bytes:
        """The generic body."""
        now = ClockFile.read(self.running.clock).at(datetime.now(UTC))
        return json.dumps({"type": kind, "timestamp": now.isoformat(), "data": data}).encode()

    async def post(self, organisation: str, kind: str, **data: Any) -> None:
        """Post a delivery that must be accepted."""
        answer = await self.deliver(organisation, self.body(kind, **data))
        assert answer.status_code == 200, f"{answer.text}\n{self.running.log('intake')[-3000:]}"

    # The API

    def bearer(self, organisation: str, role: str = "communications") -> dict[str, str]:
        """Somebody's token, as a header."""
        return {"Authorization": f"Bearer {self.running.file['tokens'][organisation][role]}"}

    def token(self, organisation: str, *roles: str, **claims: Any) -> dict[str, str]:
        """A token that `stack.json` has not."""
        issuer = DevelopmentIssuer(self.running.stack.folders.issuer)
        return {"Authorization": f"Bearer {issuer.token(organisation, roles, **claims)}"}

    def url(self, service: str, path: str) -> str:
        """A door."""
        return f"{self.running.file['services'][service]}{path}"

    async def ask(
        self, service: str, path: str, organisation: str = "westward", role: str = "communications", **params: Any
    ) -> httpx.Response:
        """GET, as somebody."""
        return await self.client.get(self.url(service, path), params=params, headers=self.bearer(organisation, role))

    async def act(
        self, service: str, path: str, organisation: str = "westward", role: str = "communications", **body: Any
    ) -> httpx.Response:
        """POST JSON, as somebody."""
        return await self.client.post(self.url(service, path), json=body, headers=self.bearer(organisation, role))

    async def item(self, organisation: str, external: str) -> dict[str, Any]:
        """The item of a sender's message, once it is there."""

        async def found() -> list[dict[str, Any]]:
            answer = await self.ask("intake", "/items", organisation, external=external)
            items: list[dict[str, Any]] = answer.raise_for_status().json()["items"]
            return items

        return (await eventually(found, f"the item of {external}"))[0]

    # The processes and the databases

    @contextmanager
    def frozen(self, service: str) -> Iterator[int]:
        """A process that is stopped in its tracks, and goes on afterwards."""
        pid = self.running.stack.kill(service, signal.SIGSTOP)
        try:
            yield pid
        finally:
            os.kill(pid, signal.SIGCONT)

    async def is_back(self, service: str, killed: int) -> None:
        """Wait until a service that was killed is there again, by itself."""

        async def ready() -> bool:
            if self.running.stack.pid(service) in (0, killed):
                return False
            try:
                return (await self.client.get(self.url(service, "/readyz"))).status_code == 200
            except httpx.TransportError:
                return False

        await eventually(ready, f"{service} is back", 40)

    @asynccontextmanager
    async def held(self, service: str, *statements: str) -> AsyncIterator[asyncpg.Connection]:
        """A transaction of the test's own that holds what the statements lock in a service's database."""
        connection = await asyncpg.connect(self.running.stack.databases[service].owner_url)
        transaction = connection.transaction()
        await transaction.start()
        try:
            for statement in statements:
                await connection.execute(statement)
            yield connection
        finally:
            await transaction.rollback()
            await connection.close()

    async def waits(self, service: str, statement: str) -> bool:
        """Whether a service stands inside a transaction, at a statement like this, because a test holds what it wants."""
        connection = await asyncpg.connect(self.running.stack.admin_url)
        try:
            found = await connection.fetchval(
                "select exists (select from pg_stat_activity where datname = $1 and wait_event_type = 'Lock' "
                "and query ilike '%' || $2 || '%' and pid <> pg_backend_pid())",
                service,
                statement,
            )
        finally:
            await connection.close()
        return bool(found)

    async def rows(self, service: str, statement: str, *parameters: Any) -> list[asyncpg.Record]:
        """What a service's database says, as its owner."""
        connection = await asyncpg.connect(self.running.stack.databases[service].owner_url)
        try:
            found: list[asyncpg.Record] = await connection.fetch(statement, *parameters)
        finally:
            await connection.close()
        return found
