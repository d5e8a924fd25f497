"""X4 for the register: person 1001 works at both landlords, and neither landlord learns anything of the other's.

Walks every route of access: first the owner gets each thing, then the other organisation gets nothing of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest_asyncio

from tests.e2e.leaving import EVIDENCE, PEOPLE, Leaving
from tests.e2e.scenery import listed
from tests.e2e.world import World

LIMIT = 20
"""So many may leave within an hour."""


@dataclass(frozen=True, slots=True)
class Step:
    """How the owner calls a route about a thing of theirs, and as whom."""

    path: str
    role: str = "communications"
    fields: Mapping[str, str] = field(default_factory=dict)
    shown: bool = False


OBJECTS: Mapping[tuple[str, str], Step] = {
    ("get", "/people/{id}/access"): Step("/people/{only}/access"),
    ("get", "/people/{id}/history"): Step("/people/{only}/history"),
    ("get", "/sites/{id}/holders"): Step("/sites/{site}/holders"),
    ("get", "/revocations/{id}"): Step("/revocations/{revocation}"),
    ("post", "/revocations/{id}/claim"): Step("/revocations/{revocation}/claim"),
    ("post", "/revocations/{id}/confirm"): Step("/revocations/{revocation}/confirm", shown=True),
    ("get", "/revocations/{id}/evidence"): Step("/revocations/{revocation}/evidence"),
    ("post", "/revocations/{id}/reopen"): Step("/revocations/{revocation}/reopen", fields={"note": "still there"}),
    ("post", "/revocations/{id}/waive"): Step(
        "/revocations/{revocation}/waive", "head-of-communications", {"until": "2026-10-10", "reason": "hand-over"}
    ),
    ("post", "/cases/{id}/dismiss"): Step("/cases/{case}/dismiss"),
    ("post", "/cases/{id}/release"): Step("/cases/{held}/release"),
}
"""In the order of a revocation's life: the owner may do each when its turn comes."""
LISTS: Mapping[tuple[str, str], tuple[str, str]] = {
    ("get", "/people"): ("person", "only"),
    ("get", "/revocations"): ("revocation", "revocation"),
    ("get", "/cases"): ("case", "case"),
}
"""The key of an entry, and the thing that must be in the owner's."""
TABLES = ("people", "sites", "accounts", "grants")
WALKED = {
    ("access", method, path)
    for method, path in (
        *OBJECTS,
        *LISTS,
        *(("get", f"/exports/{kind}") for kind in TABLES),
        *(("post", f"/imports/{kind}") for kind in TABLES),
    )
}
"""Every route of access but those for ops."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Westward's own things; `held` is a case under which leavers wait."""

    leaving: Leaving
    things: Mapping[str, str]

    async def call(self, method: str, step: Step, organisation: str) -> httpx.Response:
        """A route about one of them, as somebody of an organisation."""
        world = self.leaving.world
        return await world.client.request(
            method,
            world.url("access", step.path.format(**self.things)),
            data=dict(step.fields) or None,
            files={"evidence": EVIDENCE} if step.shown else None,
            headers=world.bearer(organisation, step.role),
        )

    async def rows(self) -> list[Any]:
        """All that is kept of westward's revocations and cases."""
        world = self.leaving.world
        return [
            await world.rows("access", f"select * from {table} where organisation = 'westward' order by 1, 2")
            for table in ("revocations", "cases", "people", "sites", "accounts", "grants", "evidence")
        ]


@pytest_asyncio.fixture(scope="module")
async def owner(world: World) -> Owner:
    """Person 1001 with five grants at each landlord; at westward they have left, and too many others with them."""
    await world.at("2026-09-14 09:00")
    ours = Leaving(world, "westward")
    theirs = Leaving(world, "wheatley", ours.mark)
    for one in (ours, theirs):
        await one.register()
    await ours.bring("people", PEOPLE, "only-*,Only Here,,,,s1,2020-01-06,,")
    await ours.bring("people", PEOPLE, *(f"n{number}-*,,,,,s1,2020-01-06,," for number in range(LIMIT + 1)))
    await ours.bring("sites", "site,kind", "only-site-*,page")
    await ours.over_kafka(ours.event("staff-left", "2026-09-14T08:00:00Z", immediate=True))
    unknown = Leaving(world, "westward", ours.mark, who="unheard-of")
    await unknown.over_kafka(unknown.event("staff-left", "2026-09-14T08:00:00Z"))
    for number in range(LIMIT + 1):
        other = Leaving(world, "westward", ours.mark, who=f"n{number}")
        await other.over_kafka(other.event("staff-left", "2026-09-14T08:00:00Z"))
    await world.settle()
    cases = [one for one in await listed(world, "access", "/cases", "westward") if one["state"] == "open"]
    things = {
        "only": ours.id("only"),
        "site": ours.id("only-site"),
        "revocation": (await ours.revocations())["g1"]["revocation"],
        "case": next(one["case"] for one in cases if one["person"] == ours.id("unheard-of")),
        "held": next(one["case"] for one in cases if one["kind"] == "leavers-held"),
    }
    return Owner(ours, things)


async def test_X4_each_object_is_the_owners_alone(world: World, owner: Owner) -> None:
    for (method, path), step in OBJECTS.items():
        own = await owner.call(method, step, "westward")
        assert own.status_code == 200, (path, own.text)
        await world.settle()
        before = await owner.rows()
        foreign = await owner.call(method, step, "wheatley")
        assert foreign.status_code == 404, (path, foreign.text)
        assert owner.leaving.mark not in foreign.text
        assert await owner.rows() == before, path


async def test_X4_each_list_shows_the_callers_own_and_nothing_else(world: World, owner: Owner) -> None:
    for (_, path), (key, thing) in LISTS.items():
        own = await listed(world, "access", path, "westward")
        foreign = await listed(world, "access", path, "wheatley")
        assert owner.things[thing] in [one[key] for one in own], path
        assert owner.things[thing] not in [one[key] for one in foreign], path
        first = (await world.ask("access", path, "westward", limit=1)).json()["next"]
        if first:
            answer = await world.ask("access", path, "wheatley", cursor=first, limit=500)
            assert not [one for one in answer.json()["items"] if one in own and one not in foreign], path


async def test_X4_person_1001_leaves_one_landlord_and_works_at_the_other(world: World, owner: Owner) -> None:
    mine, theirs = owner.leaving, Leaving(world, "wheatley", owner.leaving.mark)
    shown = {
        one.organisation: (await world.ask("access", f"/people/{one.person}/access", one.organisation)).json()
        for one in (mine, theirs)
    }
    assert (shown["westward"]["state"], shown["wheatley"]["state"]) == ("left", "active")
    assert {item["revocation"] for item in shown["wheatley"]["items"]} == {None}
    assert (await theirs.revocations(), await theirs.names()) == ({}, [])
    told = (await world.ask("access", f"/people/{theirs.person}/history", "wheatley")).json()["items"]
    assert "staff-left" not in {entry["what"] for entry in told}


async def test_X4_an_import_and_an_export_are_of_the_callers_own(world: World, owner: Owner) -> None:
    theirs = Leaving(world, "wheatley", owner.leaving.mark)
    before = await owner.rows()
    await theirs.bring("people", "person,name", "1001-*,Renamed")
    await theirs.bring("sites", "site,name", "page-*,Renamed")
    await theirs.bring("accounts", "account,email", "a-*,renamed@example.org")
    await theirs.bring("grants", "grant,business_case", "g1-*,Renamed")
    assert await owner.rows() == before
    unique = {"people": "only-*", "sites": "only-site-*"}
    for kind in TABLES:
        own = (await world.ask("access", f"/exports/{kind}", "westward")).text
        foreign = (await world.ask("access", f"/exports/{kind}", "wheatley")).text
        assert owner.leaving.mark in own and "enamed" not in own, kind
        assert "enamed" in foreign, kind
        assert unique.get(kind, "*").replace("*", owner.leaving.mark) in own, kind
        assert kind not in unique or unique[kind].replace("*", owner.leaving.mark) not in foreign, kind
