"""What the demo's week is without: refusals, what nobody can read, a takedown that is overdue, what a bug would do.

A panel shows another value with its cause than without it, in a real Prometheus with the shipped rules, whose spans are
sixty times shorter; the alert fires and clears.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

import asyncpg
import pytest
import pytest_asyncio

from deploy.observe.catalogue import SERVICES
from deploy.observe.dashboards.overview import GONE_S
from deploy.observe.written import panels
from tests.e2e.conversation import Conversation
from tests.e2e.faces import Faces
from tests.e2e.leaving import Leaving
from tests.e2e.scenery import bury
from tests.e2e.watched import watching
from tests.e2e.week import SPANS
from tests.e2e.world import World
from tests.prometheus import Prometheus, asked

pytestmark = pytest.mark.long  # figures are read every five seconds, and each cause waits for them twice

BEGIN, LATER = "2026-11-02 09:00", "2026-11-06 12:00"
LANDLORDS = ("westward", "wheatley")


@dataclass(frozen=True, slots=True)
class Watched:
    """A stack of this file's own, and the server that scrapes it."""

    world: World
    server: Prometheus

    async def says(self, uid: str, title: str) -> dict[str, float]:
        """What a panel shows once Prometheus knows what is, by the values of its labels."""
        await asyncio.to_thread(self.server.knows, SERVICES, time.time())
        return self.shows(uid, title)

    def shows(self, uid: str, title: str) -> dict[str, float]:
        """What it shows at this moment."""
        return {
            " ".join(value for _, value in labels): shown
            for board, name, expr in panels()
            if (board, name) == (f"houserules-{uid}", title)
            for labels, shown in self.server.values(asked(expr)).items()
        }

    async def fires(self, alert: str, subject: str, wanted: bool = True) -> None:
        """Wait until it does about that organisation or service, or no longer."""
        await asyncio.to_thread(
            self.server.until,
            lambda: ((alert, subject) in self.server.firing()) is wanted,
            f"{alert} fires about {subject}: {wanted}",
        )


@pytest_asyncio.fixture(scope="module")
async def watched(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Watched]:
    """All four services, about whom nothing is known yet."""
    async with watching(tmp_path_factory.mktemp("prometheus"), SPANS) as (world, server):
        await world.at(BEGIN)
        yield Watched(world, server)


async def test_deliveries_that_are_signed_with_another_secret(watched: Watched) -> None:
    world, panel = watched.world, ("intake", "Refused in five minutes")
    assert set((await watched.says(*panel)).values()) == {0.0}
    for organisation in LANDLORDS:
        for _ in range(8):
            headers = world.signed(b"{}", organisation) | {"webhook-signature": "v1,bm8gc3VjaCBzZWNyZXQ="}
            answer = await world.client.post(world.address(organisation), content=b"{}", headers=headers)
            assert answer.status_code == 401
    said = await watched.says(*panel)
    refused = {tuple(labels.split()[:2]) for labels, value in said.items() if value > 0}
    assert refused == {(name, "wrong") for name in LANDLORDS}


async def test_a_delivery_that_cannot_be_read(watched: Watched) -> None:
    world, panel = watched.world, ("intake", "Could not be read")
    assert await watched.says(*panel) == {"westward": 0.0, "wheatley": 0.0}
    assert (await world.deliver("westward", b'{"type": "message.received"}')).status_code == 200
    await world.settle()
    assert await watched.says(*panel) == {"westward": 1.0, "wheatley": 0.0}


async def test_a_delivery_that_was_answered_200_and_is_gone(watched: Watched) -> None:
    world, panel = watched.world, ("overview", "P1 Durable accept")
    raw = world.body("site.heartbeat", site="westward-page")
    assert (await world.deliver("westward", raw, "soon-gone")).status_code == 200
    await world.settle()
    assert await watched.says(*panel) == {"": 0.0}
    await execute(world, "intake", "delete from deliveries where delivery = 'soon-gone'")
    ((_, gone),) = (await watched.says(*panel)).items()
    assert gone >= GONE_S
    await watched.fires("DeliveriesGone", "intake")
    assert (await world.deliver("westward", raw, "soon-gone")).status_code == 200, "it is sent again"
    assert await watched.says(*panel) == {"": 0.0}
    await watched.fires("DeliveriesGone", "intake", False)


async def test_an_event_that_comes_twice(watched: Watched) -> None:
    panel, leaving = ("overview", "P2 Effectively once"), Leaving(watched.world, "westward")
    await leaving.register()
    assert await watched.says(*panel) == {"": 0.0}
    event = leaving.event("staff-left", "2026-11-02T08:00:00Z", immediate=True)
    # The counter of repeats begins with the first of them: its growth begins with the second.
    for _ in range(2):
        await leaving.over_kafka(event)
        await leaving.over_kafka(event)
        await watched.world.settle()
        ((_, repeats),) = (await watched.says(*panel)).items()
    assert repeats > 0


async def test_a_picture_that_lacks_a_form_and_one_that_is_still_up_past_its_deadline(watched: Watched) -> None:
    world, lacking, overdue = watched.world, ("overview", "Images that lack something"), ("overview", "Images cleared")
    assert await watched.says(*lacking) == await watched.says(*overdue) == dict.fromkeys(LANDLORDS, 0.0)
    for organisation in LANDLORDS:
        await images(world, organisation)
    await world.settle()
    assert await watched.says(*lacking) == dict.fromkeys(LANDLORDS, 2.0)
    assert await watched.says(*overdue) == dict.fromkeys(LANDLORDS, 0.0)
    await world.at(LATER)
    assert await watched.says(*overdue) == dict.fromkeys(LANDLORDS, 1.0)
    for organisation in LANDLORDS:
        await watched.fires("TakedownsOverdue", organisation)


async def images(world: World, organisation: str) -> None:
    """An image that lacks a form; one that is live when its consent is withdrawn."""
    blocked, live = Faces(world, organisation), Faces(world, organisation)
    await blocked.over_http(blocked.uploaded("p1"))
    consent = await live.agreed("p1", "website")
    await live.over_kafka(live.uploaded("p1", channel="website"))
    await world.settle()
    assert (await live.act(f"/images/{live.image}/clear-background", content_hash=live.hash)).status_code == 200
    await live.over_kafka(live.published("website"))
    await world.settle()
    assert (await live.act(f"/consents/{consent}/withdraw")).status_code == 200


async def test_a_record_that_is_no_event(watched: Watched) -> None:
    titles = ("Dead letters open", "Oldest dead letter", "Dead letters in an hour")
    before = {title: await watched.says("bus", title) for title in titles}
    assert await watched.says("overview", "P3 Order") == {"": 0.0}
    await bury(watched.world)
    after = {title: await watched.says("bus", title) for title in titles}
    assert all(after[title] != before[title] for title in titles)
    assert after["Dead letters open"]["sla"] == 1.0
    assert await watched.says("overview", "P3 Order") == {"": 1.0}
    await watched.fires("DeadLettersOpen", "sla")


async def test_a_record_that_no_outcome_accounts_for(watched: Watched) -> None:
    panel = ("overview", "P4 Conservation")
    assert await watched.says(*panel) == {"": 0.0}
    await execute(
        watched.world,
        "consent",
        "alter table positions drop constraint positions_conserve",
        "update positions set applied = applied + 1 where ctid = (select ctid from positions limit 1)",
    )
    try:
        assert await watched.says(*panel) == {"": 1.0}
        await watched.fires("ConservationDrift", "consent")
    finally:
        await execute(
            watched.world,
            "consent",
            "update positions set applied = next_offset - first_offset - duplicate - ignored - dead",
            "alter table positions add constraint positions_conserve "
            "check (next_offset - first_offset = applied + duplicate + ignored + dead)",
        )
    assert await watched.says(*panel) == {"": 0.0}
    await watched.fires("ConservationDrift", "consent", False)


async def test_a_timer_that_is_kept_from_its_work(watched: Watched) -> None:
    world, panel = watched.world, ("overview", "P5 Timers")
    talk = Conversation(world, "westward")
    await world.at(BEGIN)
    await talk.wrote(BEGIN)
    await world.settle()
    async with world.held("sla", "select 1 from conversations for update"):
        world.stand_at(LATER)
        ((_, late),) = (await watched.says(*panel)).items()
        assert late > 3600
        await watched.fires("TimersOverdue", "westward")
    await world.settle()
    await watched.fires("TimersOverdue", "westward", False)
    # The breach was noticed late: that lasts as long as the window of its share.
    await asyncio.to_thread(watched.server.until, lambda: watched.shows(*panel) == {"": 0.0}, "nothing is late")


async def execute(world: World, service: str, *statements: str) -> None:
    """By the owner's hand."""
    connection = await asyncpg.connect(world.running.stack.databases[service].owner_url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()
