"""A drill: what can break is broken in a running stack, and the right alert, and only it and its consequences, fires and clears.
The panels that are there for it say so meanwhile, and did not before.

A real Prometheus has the shipped rules with spans three hundred times shorter, and nothing else changed: what is a
threshold in seconds is as long as it is. Deliveries come all the while.
"""

import asyncio
import base64
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial

import asyncpg
import httpx
import pytest
import pytest_asyncio

from deploy.observe.catalogue import SERVICES
from deploy.observe.dashboards.panels import UNKNOWN
from deploy.observe.windows import Windows
from deploy.observe.written import panels
from shared.bus.relay import LOCK
from shared.platform.ids import uuid7
from tests.e2e.scenery import listed
from tests.e2e.watched import watching
from tests.e2e.world import World, eventually
from tests.prometheus import Fired, Prometheus, asked

pytestmark = pytest.mark.long

SPANS = Windows(shrink=300.0, least=4.0)
FIRES_S, CLEARS_S, RESTARTS_S = 180.0, 300.0, 150.0
QUERIES: dict[tuple[str, str], list[str]] = {}
for _uid, _title, _expr in panels():
    QUERIES.setdefault((_uid, _title), []).append(_expr)


@dataclass(slots=True)
class Drill:
    """A stack under a little load, and who watches it."""

    world: World
    server: Prometheus
    fired: set[Fired] = field(default_factory=set)
    """All that fired since it was last empty."""

    async def watch(self, stop: asyncio.Event) -> None:
        """Note every alert that fires, even for a moment."""
        while not stop.is_set():
            self.fired |= await asyncio.to_thread(self.server.firing)
            await asyncio.sleep(0.5)

    async def firing(self) -> set[Fired]:
        """What fires now, and about whom."""
        return await asyncio.to_thread(self.server.firing)

    async def says(self, seen: "Seen") -> bool:
        """Whether a panel shows what it is there for."""
        return await asyncio.to_thread(seen.so, self.server)

    async def load(self, stop: asyncio.Event) -> None:
        """A customer's message and a look at a door, twice a second, whatever becomes of them."""
        while not stop.is_set():
            one = uuid7()
            raw = self.world.body(
                "message.received",
                conversation=one,
                message=f"{one}-m",
                site="westward-page",
                network="facebook",
                visibility="public",
                text="When will my boiler be mended?",
                author={"id": f"{one}-customer"},
            )
            with suppress(httpx.TransportError):
                await self.world.deliver("westward", raw)
            with suppress(httpx.TransportError):
                await self.world.ask("sla", "/targets")
            await asyncio.sleep(0.5)


@dataclass(frozen=True, slots=True)
class Seen:
    """A panel that says so of a service or a landlord (of anybody, where none is named): `least`, or more; below nought, just that."""

    board: str
    title: str
    of: str
    least: float

    def so(self, server: Prometheus) -> bool:
        """Whether it does now, by one of its queries."""
        shown = [
            value
            for expr in QUERIES[f"houserules-{self.board}", self.title]
            for labels, value in server.values(asked(expr)).items()
            if self.of in ("", *(value for _, value in labels))
        ]
        return self.least in shown if self.least < 0 else any(value >= self.least for value in shown)


@pytest_asyncio.fixture(scope="module")
async def drill(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Drill]:
    """All of it, on real time."""
    async with watching(tmp_path_factory.mktemp("prometheus"), SPANS, patience_s=10) as (world, server):
        made, stop = Drill(world, server), asyncio.Event()
        beside = [asyncio.create_task(part(stop)) for part in (made.load, made.watch)]
        await all_well(made)
        yield made
        stop.set()
        await asyncio.gather(*beside)


async def all_well(drill: Drill) -> None:
    """Nothing fires, for five seconds on end."""
    since = time.monotonic()
    end = since + CLEARS_S
    while time.monotonic() - since < 5.0:
        firing = await drill.firing()
        assert time.monotonic() < end, f"still fires: {firing}"
        if firing:
            since = time.monotonic()
        await asyncio.sleep(0.5)


@asynccontextmanager
async def relay_stopped(drill: Drill) -> AsyncIterator[None]:
    """Somebody else has the lock under which sla's outbox is sent."""
    connection = await asyncpg.connect(drill.world.running.stack.databases["sla"].owner_url)
    admin = await asyncpg.connect(drill.world.running.stack.admin_url, database="sla")
    try:

        async def taken() -> bool:
            await admin.execute(
                "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and classid = $1 "
                "and objid = $2 and granted and database = (select oid from pg_database where datname = 'sla')",
                *LOCK,
            )
            return bool(await connection.fetchval("select pg_try_advisory_lock($1, $2)", *LOCK))

        await eventually(taken, "the lock")
        yield
    finally:
        await connection.close()
        await admin.close()


@asynccontextmanager
async def worker_stopped(drill: Drill) -> AsyncIterator[None]:
    """access stands still."""
    with drill.world.frozen("access"):
        yield


@asynccontextmanager
async def postgres_stopped(drill: Drill) -> AsyncIterator[None]:
    """No database at all."""
    await asyncio.to_thread(drill.world.running.stack.halt, "postgres")
    try:
        yield
    finally:
        await asyncio.to_thread(drill.world.running.stack.resume, "postgres")


@asynccontextmanager
async def kafka_stopped(drill: Drill) -> AsyncIterator[None]:
    """No broker at all."""
    await asyncio.to_thread(drill.world.running.stack.halt, "kafka")
    try:
        yield
    finally:
        await asyncio.to_thread(drill.world.running.stack.resume, "kafka")


@asynccontextmanager
async def poison(drill: Drill) -> AsyncIterator[None]:
    """HR's system writes what is no event; afterwards somebody closes the letter, as the runbook says."""
    headers: list[tuple[str, bytes | None]] = [("content-type", b"application/json")]
    await drill.world.listener.write("houserules.in.westward.people", uuid7(), headers, b"\xff not an event")
    yield
    for service in ("access", "consent"):
        for letter in await listed(drill.world, service, "/dead-letters", "westward", "ops", filters={"state": "open"}):
            path = f"/dead-letters/{letter['id']}/close"
            (await drill.world.act(service, path, "westward", "ops", reason="the drill is over")).raise_for_status()


@asynccontextmanager
async def secret_wrong(drill: Drill) -> AsyncIterator[None]:
    """Somebody enters a secret that is not the one with which the social inbox signs, and goes on signing."""
    world = drill.world
    source = world.address("westward").rpartition("/")[2]
    known = (await world.ask("intake", f"/sources/{source}")).raise_for_status().json()

    async def enter(secret: str) -> None:
        what = {"source": source, "network": known["network"], "accounts": known["accounts"], "secrets": [secret]}
        (await world.act("intake", "/sources", **what)).raise_for_status()

    await enter("whsec_" + base64.b64encode(b"the secret of another social inbox").decode())
    try:
        yield
    finally:
        await enter(world.secret("westward"))


@asynccontextmanager
async def consumer_hangs(drill: Drill) -> AsyncIterator[None]:
    """Somebody's session holds the rows that sla's consumer must lock: it waits, is ended by its watchdog, and waits again."""
    world = drill.world
    first = world.running.stack.pid("sla")
    async with world.held("sla", "select from positions for update"):

        async def another() -> bool:
            return world.running.stack.pid("sla") not in (0, first)

        await eventually(another, "the watchdog has ended the first process", RESTARTS_S)
        await world.is_back("sla", first)
        yield


Break = Callable[[Drill], AbstractAsyncContextManager[None]]
Alerts = set[Fired]


def about(subjects: Iterable[str], *names: str) -> Alerts:
    """Each of these alerts about each of these organisations or services."""
    return {(name, one) for name in names for one in subjects}


LANDLORDS = ("westward", "wheatley")
LOADED = ("intake", "sla")
"""The services whose doors the load asks; what it delivers is westward's."""

LATE = (
    about(SERVICES, "NoProgress", "OutboxOld", "PartitionRetried")
    | about(["westward"], "ClocksStartLate", "DeliveriesUnread")
    | about(LANDLORDS, "TimersOverdue")
)
BETWEEN = ("ServiceAbsent", "RelayWithoutLeader", "DatabaseAway", "BrokerAway")
"""What is so between the end of a process and the first figures of the next: with the spans that are meant, too short to tell."""
DRILLS: list[tuple[Break, Alerts, Alerts, tuple[Seen, ...]]] = [
    (
        relay_stopped,
        about(["sla"], "RelayWithoutLeader"),
        about(["sla"], "OutboxOld"),
        (
            Seen("bus", "Leaders", "sla", 1),
            Seen("bus", "Outbox: rows", "sla", 1),
            Seen("bus", "Outbox: age of the oldest", "sla", 1),
        ),
    ),
    (
        worker_stopped,
        about(["access"], "ServiceAbsent"),
        about(["access"], "RelayWithoutLeader", "NoProgress"),
        (
            Seen("access", "Answers Prometheus", "", 1),
            Seen("overview", "The system itself", "", 1),
            Seen("overview", "Leavers removed", "westward", UNKNOWN),
            Seen("bus", "Leaders", "access", UNKNOWN),
        ),
    ),
    (
        poison,
        about(["westward"], "DeadLettersOpen"),
        set(),
        (Seen("bus", "Dead letters open", "access", 1), Seen("overview", "P3 Order", "", 1)),
    ),
    (
        secret_wrong,
        about(["westward"], "WebhookSecretWrong"),
        set(),
        (Seen("intake", "Refused in five minutes", "westward", 1),),
    ),
    (
        kafka_stopped,
        about(SERVICES, "BrokerAway"),
        about(SERVICES, "OutboxOld", "NoProgress") | about(["westward"], "ClocksStartLate"),
        (Seen("bus", "Kafka answers", "sla", 1), Seen("bus", "Outbox: rows", "intake", 1)),
    ),
    (
        consumer_hangs,
        about(["sla"], "NoProgress"),
        about(["sla"], *BETWEEN) | about(["westward"], "ClocksStartLate"),
        (
            Seen("sla", "Lag", "", 20),
            Seen("sla", "Lag in seconds", "", 60),
            Seen("sla", "Starts in a quarter of an hour", "", 1),
        ),
    ),
    (
        postgres_stopped,
        about(SERVICES, "DatabaseAway"),
        about(LOADED, "DoorsFailing") | about(SERVICES, "RelayWithoutLeader") | LATE,
        (
            Seen("bus", "Age of the figures", "sla", 60),
            Seen("overview", "P6 Outage", "", 0.001),
            Seen("overview", "Answered in time", "westward", UNKNOWN),
        ),
    ),
]
"""What is broken, what must fire and about whom, what else may, as its consequence, and the panels that show it."""


@pytest.mark.parametrize(("broken", "must", "may", "seen"), DRILLS, ids=lambda value: getattr(value, "__name__", None))
async def test_the_right_alert_fires_and_clears(
    drill: Drill, broken: Break, must: Alerts, may: Alerts, seen: tuple[Seen, ...]
) -> None:
    await all_well(drill)
    for one in seen:
        assert not await drill.says(one), f"{one} without its cause"
    drill.fired.clear()
    async with broken(drill):

        async def fires() -> bool:
            return must <= await drill.firing()

        await eventually(fires, f"{must} fires", FIRES_S)
        for one in seen:
            await eventually(partial(drill.says, one), f"{one}", FIRES_S)
    await all_well(drill)
    assert must <= drill.fired <= must | may
