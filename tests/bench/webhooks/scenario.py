"""A webhook from its first byte to its 2xx: intake's door against itself without a database, and a commit a request."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import msgspec

from tests.bench.contest import Column, Contestant, Goal, Measured, Rows, Wrong
from tests.bench.harness import Scenario
from tests.bench.installation import Installation, Running, opened
from tests.bench.webhooks.client import SECRET, SOURCE
from tests.bench.webhooks.doors import POOL

__all__ = ["Webhooks"]

CLIENT = "tests.bench.webhooks.client:deliver"
CONNECTIONS = 128
RATE = 300.0
"""Requests a second in the open loop: what each of them can take, so that times are of service and not of a queue."""
SCHEDULED = 500
"""In the open loop of each round, whoever it is."""

OURS, NOTHING, ROW, ORM = "ours", "no database", "row by row", "row by row, ORM"
DOORS = "tests.bench.webhooks.doors"
MODES = {
    OURS: ("api", None),
    NOTHING: ("nothing", DOORS),
    ROW: ("row", DOORS),
    ORM: ("orm", DOORS),
}
"""How each is started: what its process is told, and which module it is where it is not the service."""


@dataclass(frozen=True, slots=True)
class Door:
    """A contestant's process, and its database."""

    installation: Installation
    running: Running


class Webhooks(Scenario):
    """See the module."""

    name = "webhooks"
    title = "Webhook accept"
    work = (
        "A signed delivery of about 600 bytes, from its request to its 2xx: signature over the raw bytes, and the row "
        f"committed. Rate in a closed loop over {CONNECTIONS} connections; p50 and p99 in an open loop of {RATE:g} a "
        "second, each time counted from when the request was to be sent. The client is a process of its own; `client` is "
        "how much of a core it took in the closed loop. Each has as many requests as make its closed loop some three seconds. "
        "CPU and memory are the door's process."
    )
    unit = "requests"
    size = 10_000
    quick_size = 2_000
    contestants: ClassVar = (
        Contestant(
            name=OURS, what="intake's door (`api`): deliveries that wait together are committed together", run=CLIENT,
            settings="as shipped: pool 8", share=0.7,
        ),
        Contestant(
            name=NOTHING, what="the same door, which keeps nothing", run=CLIENT, settings="no database, no sampler",
        ),
        Contestant(
            name=ROW, what="the same door, one INSERT and its commit a request", run=CLIENT, quick=False, share=0.5,
            settings=f"asyncpg pool of {POOL}, kept open, prepared statements",
            tuned_by="https://magicstack.github.io/asyncpg/current/usage.html#connection-pools",
        ),
        Contestant(
            name=ORM, what="the same door, a session, an object and a commit a request", run=CLIENT, share=0.2,
            settings=f"SQLAlchemy on asyncpg, pool of {POOL}, no pre-ping, expire_on_commit=False",
            tuned_by="https://docs.sqlalchemy.org/en/20/orm/extensions/asyncio.html",
        ),
    )  # fmt: skip
    goals: ClassVar = (
        Goal(text="of the same door without a database", of=OURS, to=NOTHING, at_least=0.7),
        Goal(text="against a commit a request over a bare pool", of=OURS, to=ROW, at_least=1.8),
        Goal(text="against a commit a request as the ORM's documentation has it", of=OURS, to=ORM, at_least=1.8),
        Goal(text="peak memory of the door, MiB", of=OURS, figure="peak_mib", at_most=250, gated=True),
    )
    columns: ClassVar = (
        Column("p50_ms", "p50 ms", ".1f"),
        Column("p99_ms", "p99 ms", ".1f"),
        Column("client", "client, % of a core", ".0f"),
    )

    async def open(self) -> None:
        """The sources' file; each door is opened when it is first needed, and stays."""
        self.doors: dict[str, Door] = {}
        self.sources = self.servers.place / "sources.json"
        entry = {"source": SOURCE, "organisation": "westward", "accounts": [], "secrets": [SECRET]}
        self.sources.write_bytes(msgspec.json.encode([entry]))

    async def _door(self, name: str) -> Door:
        """A process and a database of its own."""
        if name not in self.doors:
            database = await self.servers.database("intake")
            prefix = f"webhooks{len(self.doors)}."
            installation = await self.stack.enter_async_context(
                opened("intake", database, self.servers.bootstrap, prefix, self.servers.place)
            )
            mode, module = MODES[name]
            running = installation.start(mode, module=module, extra={"INTAKE_SOURCES": str(self.sources)})
            await running.ready("/healthz")
            self.doors[name] = Door(installation, running)
        return self.doors[name]

    async def arrange(self, contestant: Contestant, count: int) -> dict[str, Any]:
        """Nothing is kept from the last round but the ids' sequence."""
        door = await self._door(contestant.name)
        await door.installation.rows.execute("truncate deliveries")
        return {
            "port": door.running.port,
            "pid": door.running.process.pid,
            "connections": CONNECTIONS,
            "scheduled": min(SCHEDULED, count),
            "rate": RATE,
        }

    async def check(self, contestant: Contestant, count: int, given: Mapping[str, Any], measured: Measured) -> Rows:
        """Every 200 is a row, but for who keeps nothing: there the answers were counted."""
        accepted = int(measured.figures["accepted"])
        wanted = sorted([*(f"closed-{n}" for n in range(count)), *(f"open-{n}" for n in range(given["scheduled"]))])
        if accepted != len(wanted):
            raise Wrong(f"{contestant.name} answered 200 to {accepted} of {len(wanted)}")
        rows = self.doors[contestant.name].installation.rows
        kept = [row[0] for row in await rows.fetch('select delivery from deliveries order by delivery collate "C"')]
        if kept != ([] if contestant.name == NOTHING else wanted):
            raise Wrong(f"{contestant.name} kept {len(kept)} of {accepted} that it said it had")
        return Rows(len(kept), hashlib.sha256("\n".join(wanted).encode()).hexdigest()[:12])
