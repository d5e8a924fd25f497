"""What ops see, asked of a real Prometheus with the shipped rules, which scrapes the running services while stories go on.

The spans of the rules are sixty times shorter, and nothing else is changed.
"""

import asyncio
import json
import math
import re
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from deploy.observe.catalogue import CATALOGUE, SERVICES
from deploy.observe.rules import ALERTS
from deploy.observe.windows import Windows
from deploy.observe.written import expressions, panels
from tests.e2e.conversation import Conversation
from tests.e2e.faces import Faces
from tests.e2e.leaving import Leaving
from tests.e2e.scenery import bury
from tests.e2e.world import World, eventually
from tests.prometheus import Prometheus, scraping

pytestmark = pytest.mark.long  # every expression against a week of stories: some minutes

SPANS = Windows(shrink=60.0, least=4.0)
LANDLORDS = ("westward", "wheatley")
BEGIN, LATER = "2026-11-02 09:00", "2026-11-06 12:00"
RIGHTLY_EMPTY: frozenset[tuple[str, str]] = frozenset()
"""Panels that show nothing when all is well: at most three."""

Panel = tuple[str, str]
QUERIES: dict[Panel, list[str]] = {}
for _uid, _title, _expr in panels():
    QUERIES.setdefault((_uid, _title), []).append(_expr)


def asked(expr: str) -> str:
    """An expression as Grafana sends it, with all values of its variables."""
    text = expr.replace("$__rate_interval", "5m").replace("$__range", "10m")
    return re.sub(r"\$(organisation|service)\b", ".*", text)


@dataclass(slots=True)
class Watched:
    """The server, and what the panels said before and after the stories."""

    server: Prometheus
    began: float
    before: Mapping[Panel, object] = field(default_factory=dict)
    after: Mapping[Panel, object] = field(default_factory=dict)

    def panel(self, panel: Panel) -> list[dict[tuple[tuple[str, str], ...], float]]:
        """What its queries return now."""
        return [self.server.values(asked(expr)) for expr in QUERIES[panel]]

    def ever(self, panel: Panel) -> bool:
        """Whether any of its queries returned a number at any time since the stories began."""
        span = {"start": str(self.began), "end": str(time.time()), "step": "2"}
        for expr in QUERIES[panel]:
            data = self.server._ask("query_range", query=asked(expr), **span)
            if any(not math.isnan(float(value)) for one in data["result"] for _, value in one["values"]):
                return True
        return False

    async def fires(self, alert: str, wanted: bool = True) -> None:
        """Wait until it does, or no longer."""

        async def so() -> bool:
            return (alert in self.server.firing()) is wanted

        await eventually(so, f"{alert} fires: {wanted}")

    async def scraped(self) -> None:
        """Wait until every service has read its figures, and Prometheus those, after now."""
        now = time.time()

        async def fresh() -> bool:
            read = self.server.values("min by (service) (houserules_sampled_timestamp_seconds)")
            return len(read) == len(SERVICES) and min(read.values()) > now

        await eventually(fresh, "figures that are read after now")
        await asyncio.sleep(2.5)


async def talks(world: World, organisation: str) -> None:
    """One question answered in time, one that is not answered, and one delivery twice."""
    kept, broken = Conversation(world, organisation), Conversation(world, organisation)
    await kept.wrote(BEGIN)
    await broken.wrote(BEGIN)
    await world.settle()
    await kept.answered("2026-11-02 09:20")
    raw = world.body("site.heartbeat", site=kept.site)
    for _ in range(2):
        assert (await world.deliver(organisation, raw, delivery=f"twice-{kept.external}")).status_code == 200


async def refusals(world: World, organisation: str) -> None:
    """Deliveries signed with another secret, one that says nothing readable, and a caller without a token."""
    for _ in range(8):
        headers = world.signed(b"{}", organisation) | {"webhook-signature": "v1,bm8gc3VjaCBzZWNyZXQ="}
        assert (await world.client.post(world.address(organisation), content=b"{}", headers=headers)).status_code == 401
    assert (await world.deliver(organisation, b'{"type": "message.received"}')).status_code == 200
    for service in SERVICES:
        assert (await world.client.get(world.url(service, "/quiet"))).status_code == 401


async def leavers(world: World, organisation: str) -> None:
    """Somebody leaves; one of five removals is confirmed. HR says it twice."""
    leaving = Leaving(world, organisation)
    await leaving.register()
    event = leaving.event("staff-left", "2026-11-02T08:00:00Z", immediate=True)
    for _ in range(2):
        await leaving.over_kafka(event)
    await leaving.told()
    editor = (await leaving.revocations())["g1"]["revocation"]
    done = await leaving.act(editor, "confirm", "head-of-communications", leaving.id("head"))
    assert done.status_code == 200, done.text


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


@pytest_asyncio.fixture(scope="module")
async def watched(world: World, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Watched]:
    """Stories at both landlords, until what was promised in each is overdue."""
    targets = {name: url.removeprefix("http://") for name, url in world.running.file["services"].items()}
    with scraping(tmp_path_factory.mktemp("prometheus"), targets, SPANS) as server:
        await world.at(BEGIN)
        seen = Watched(server, time.time())
        await seen.scraped()
        seen.before = {panel: seen.panel(panel) for panel in QUERIES}
        for organisation in LANDLORDS:
            await talks(world, organisation)
            await leavers(world, organisation)
            await images(world, organisation)
            await refusals(world, organisation)
        await bury(world)
        await world.settle()
        await world.at(LATER)
        await seen.scraped()
        seen.after = {panel: seen.panel(panel) for panel in QUERIES}
        yield seen


def test_all_four_services_are_scraped(watched: Watched) -> None:
    assert watched.server.up() == set(SERVICES)


def test_every_expression_of_rules_and_alerts_can_be_evaluated(watched: Watched) -> None:
    for _, expr in expressions():
        watched.server.query(expr)
    health = watched.server.health()
    assert len(health) >= len(ALERTS)
    assert set(health.values()) == {"ok"}


@pytest.mark.parametrize("panel", QUERIES, ids=lambda panel: f"{panel[0].removeprefix('houserules-')}: {panel[1]}")
def test_every_panel_returns_data(watched: Watched, panel: Panel) -> None:
    assert watched.ever(panel) is (panel not in RIGHTLY_EMPTY)


def test_few_panels_are_rightly_empty() -> None:
    assert len(RIGHTLY_EMPTY) <= 3
    assert set(QUERIES) >= RIGHTLY_EMPTY


MOVED = [
    ("houserules-overview", "Answered in time"),
    ("houserules-overview", "Leavers removed"),
    ("houserules-overview", "Images cleared"),
    ("houserules-overview", "The system itself"),
    ("houserules-overview", "What to do now"),
    ("houserules-overview", "Waiting for an answer"),
    ("houserules-overview", "Verdicts an hour"),
    ("houserules-overview", "Access that is to go"),
    ("houserules-overview", "From leaving to seen to be gone"),
    ("houserules-overview", "Uses that are to come down"),
    ("houserules-overview", "Images that lack something"),
    ("houserules-overview", "P2 Effectively once"),
    ("houserules-overview", "P3 Order"),
    ("houserules-intake", "Refused in five minutes"),
    ("houserules-intake", "Could not be read"),
    ("houserules-sla", "From receipt to clock"),
    ("houserules-sla", "From due to noticed"),
    ("houserules-access", "From leaving to asked for"),
    ("houserules-consent", "Decisions an hour"),
    ("houserules-consent", "Oldest takedown"),
    ("houserules-bus", "Dead letters open"),
]
"""Panels whose cause the stories brought about."""


def numbers(values: object) -> list[Any]:
    """Without what is not a number, which equals nothing."""
    return [{k: v for k, v in one.items() if not math.isnan(v)} for one in values]  # type: ignore[attr-defined] # dicts


@pytest.mark.parametrize("panel", MOVED, ids=lambda panel: f"{panel[0].removeprefix('houserules-')}: {panel[1]}")
def test_a_panel_says_another_thing_with_its_cause_than_without(watched: Watched, panel: Panel) -> None:
    assert numbers(watched.after[panel]) != numbers(watched.before[panel])


@pytest.mark.parametrize("title", ["Answered in time", "Leavers removed", "Images cleared"])
def test_the_first_row_names_both_landlords_whose_promise_is_broken(watched: Watched, title: str) -> None:
    (values,) = watched.panel(("houserules-overview", title))
    broken = {dict(labels)["organisation"]: value for labels, value in values.items()}
    assert all(broken[organisation] >= 1 for organisation in LANDLORDS)


async def test_the_alerts_of_the_stories_fire_and_no_other_cause_does(watched: Watched) -> None:
    for alert in ("QuestionsOverdue", "LeaversOverdue", "TakedownsOverdue", "DeadLettersOpen"):
        await watched.fires(alert)
    assert not watched.server.firing() & {
        "ServiceAbsent",
        "ConservationDrift",
        "RelayWithoutLeader",
        "RelayWithTwoLeaders",
        "DatabaseAway",
    }


async def test_a_record_that_no_outcome_accounts_for_is_seen_and_wakes_somebody(world: World, watched: Watched) -> None:
    panel = ("houserules-overview", "P4 Conservation")
    assert watched.panel(panel) == [{(): 0.0}]
    await _execute(
        world,
        "consent",
        "alter table positions drop constraint positions_conserve",
        "update positions set applied = applied + 1 where ctid = (select ctid from positions limit 1)",
    )
    try:
        await watched.scraped()
        assert watched.panel(panel) == [{(): 1.0}]
        await watched.fires("ConservationDrift")
    finally:
        await _execute(
            world,
            "consent",
            "update positions set applied = next_offset - first_offset - duplicate - ignored - dead",
            "alter table positions add constraint positions_conserve "
            "check (next_offset - first_offset = applied + duplicate + ignored + dead)",
        )
    await watched.scraped()
    assert watched.panel(panel) == [{(): 0.0}]
    await watched.fires("ConservationDrift", False)


async def test_a_timer_that_is_kept_from_its_work_is_seen_and_wakes_somebody(world: World, watched: Watched) -> None:
    panel = ("houserules-overview", "P5 Timers")
    talk = Conversation(world, "westward")
    await world.at(BEGIN)
    await talk.wrote(BEGIN)
    await world.settle()
    async with world.held("sla", "select 1 from conversations for update"):
        world.stand_at(LATER)
        await watched.scraped()
        ((late,),) = [tuple(values.values()) for values in watched.panel(panel)]
        assert late > 3600
        await watched.fires("TimersOverdue")
    await world.settle()
    await watched.scraped()
    assert watched.panel(panel) == [{(): 0.0}]
    await watched.fires("TimersOverdue", False)


def test_no_service_exposes_what_is_not_declared(watched: Watched) -> None:
    found = {name for name in _names(watched.server) if name.startswith("houserules_")}
    series = {one for declared in CATALOGUE.values() for one in declared.metric.series(declared.prefix)}
    created = {re.sub(r"(_total|_bucket)$", "_created", name) for name in series}
    assert found - created <= series


def test_routes_are_templates_and_labels_hold_no_ids(watched: Watched) -> None:
    routes = {
        dict(labels)["route"] for labels in watched.server.values("sum by (route) (houserules_http_requests_total)")
    }
    assert "/revocations/{id}/confirm" in routes
    assert "/webhooks/standard/{source}" in routes
    assert not any(re.search(r"[0-9a-f]{8}", route) for route in routes)


async def _execute(world: World, service: str, *statements: str) -> None:
    """By the owner's hand."""
    connection = await asyncpg.connect(world.running.stack.databases[service].owner_url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


def _names(server: Prometheus) -> list[str]:
    body = json.loads(server.client.get(f"{server.url}/api/v1/label/__name__/values").content)
    names: list[str] = body["data"]
    return names
