"""X4: two organisations in one installation. Walks every route that the running services describe: first the owner gets
each thing, then the other organisation gets nothing of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest_asyncio

from shared.platform.ids import uuid7
from tests.e2e.conversation import Conversation
from tests.e2e.scenery import Landlord, landlord, listed
from tests.e2e.test_two_landlords_access import WALKED as ACCESS
from tests.e2e.test_two_landlords_consent import WALKED as CONSENT
from tests.e2e.world import World


@dataclass(frozen=True, slots=True)
class Way:
    """How an owner calls a route, with `{names}` of things in path and parameters, and what a stranger gets."""

    path: str = ""
    params: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    owner: int = 200
    stranger: int = 404


OBJECTS: Mapping[tuple[str, str, str], Way] = {
    ("intake", "get", "/items/{id}"): Way("/items/{item}"),
    ("intake", "post", "/items/{id}/classify"): Way("/items/{item}/classify", body={"kind": "complaint"}),
    ("intake", "post", "/items/{id}/waive"): Way("/items/{item}/waive", body={"reason": "no-reply-needed"}),
    ("intake", "post", "/items/{id}/reply"): Way("/items/{item}/reply", body={"text": "On Monday."}),
    ("intake", "post", "/items/{id}/take-private"): Way("/items/{item}/take-private"),
    ("intake", "post", "/items/{id}/holding-update"): Way("/items/{item}/holding-update"),
    ("intake", "post", "/items/{id}/reassign"): Way("/items/{item}/reassign", body={"owner": "p-7"}),
    ("intake", "post", "/items/{id}/refer-complaint"): Way("/items/{item}/refer-complaint", body={"reference": "C-1"}),
    ("intake", "post", "/items/{id}/hide"): Way("/items/{item}/hide", body={"reason": "spam"}),
    ("intake", "post", "/items/{id}/restore"): Way("/items/{item}/restore"),
    ("intake", "post", "/items/{id}/remove"): Way("/items/{item}/remove", body={"reason": "other"}),
    ("intake", "post", "/items/{id}/removal-notice"): Way("/items/{item}/removal-notice"),
    ("intake", "post", "/items/{id}/explain-removal"): Way("/items/{item}/explain-removal"),
    ("intake", "post", "/items/{id}/resolve"): Way("/items/{item}/resolve"),
    ("intake", "get", "/sources/{source}"): Way("/sources/{source}"),
    ("intake", "get", "/deliveries/{id}"): Way("/deliveries/{delivery}"),
    ("intake", "post", "/deliveries/{id}/retry"): Way("/deliveries/{delivery}/retry"),
    ("sla", "get", "/conversations/{conversation}"): Way("/conversations/{conversation}"),
    ("sla", "get", "/calendar/due"): Way(
        "/calendar/due",
        {"organisation": "{organisation}", "rule": "response", "start": "2026-03-23T09:00:00Z"},
        stranger=403,
    ),
    ("sla", "get", "/reports/response"): Way("/reports/response", {"site": "{site}"}, stranger=200),
}
LISTS: Mapping[tuple[str, str, str], tuple[str, str, Mapping[str, str]]] = {
    ("intake", "get", "/items"): ("message", "item", {"external": "{external}", "site": "{site}"}),
    ("intake", "get", "/sources"): ("source", "source", {}),
    ("intake", "get", "/deliveries"): ("id", "delivery", {"state": "failed"}),
    ("sla", "get", "/targets"): ("target", "target", {"site": "{site}"}),
}
"""The key of an entry, the thing that must be in the owner's, and filters that name the owner's things."""
OPS = {
    (service, method, path)
    for service in ("intake", "sla", "access", "consent")
    for method, path in (
        ("get", "/quiet"),
        ("get", "/dead-letters"),
        ("get", "/dead-letters/{id}"),
        ("post", "/dead-letters/{id}/redrive"),
        ("post", "/dead-letters/{id}/close"),
    )
}
"""For ops, who span organisations and see no text; an organisation's own people get 403."""
OTHERWISE = {("intake", "post", "/events"), ("intake", "post", "/sources"), ("intake", "post", "/deliveries/retry")}
"""Make or move things of the caller's own organisation: a test each, below."""


@pytest_asyncio.fixture(scope="module")
async def owner(world: World) -> Landlord:
    """Westward, with one thing of each kind."""
    await landlord(world, "wheatley", f"thread-{uuid7()}")
    return await landlord(world, "westward", f"thread-{uuid7()}")


async def routes(world: World) -> set[tuple[str, str, str]]:
    """Every route of the running services that asks for a token."""
    found = set()
    for service in world.running.file["services"]:
        paths = (await world.client.get(world.url(service, "/openapi.json"))).json()["paths"]
        found |= {(service, m, path) for path, ways in paths.items() for m, way in ways.items() if "security" in way}
    return found


async def call(world: World, route: tuple[str, str, str], thing: Landlord, way: Way, caller: str) -> httpx.Response:
    """A route as somebody of `caller` calls it about a thing of the owner's."""
    named = {name: getattr(thing, name) for name in thing.__slots__}
    return await world.client.request(
        route[1],
        world.url(route[0], way.path.format(**named)),
        params={name: value.format(**named) for name, value in way.params.items()},
        json=None if way.body is None else dict(way.body),
        headers=world.bearer(caller),
    )


async def test_X4_every_route_is_walked(world: World) -> None:
    assert await routes(world) == {*OBJECTS, *LISTS, *OPS, *OTHERWISE, *ACCESS, *CONSENT}


async def test_X4_each_object_is_the_owners_alone(world: World, owner: Landlord) -> None:
    for route, way in OBJECTS.items():
        own = await call(world, route, owner, way, owner.organisation)
        assert own.status_code == way.owner, (route, own.text)
        await world.settle()  # a delivery that is read again fails again
        before = await world.ask("intake", f"/items/{owner.item}")
        foreign = await call(world, route, owner, way, "wheatley")
        assert foreign.status_code == way.stranger, (route, foreign.text)
        assert owner.external not in foreign.text
        assert (await world.ask("intake", f"/items/{owner.item}")).json() == before.json(), route


async def test_X4_each_list_shows_the_callers_own_and_nothing_else(world: World, owner: Landlord) -> None:
    named = {name: getattr(owner, name) for name in owner.__slots__}
    for (service, _, path), (key, thing, filters) in LISTS.items():
        filled = {name: value.format(**named) for name, value in filters.items()}
        for given in ({}, filled):
            own = await listed(world, service, path, "westward", filters=given)
            foreign = await listed(world, service, path, "wheatley", filters=given)
            assert getattr(owner, thing) in [one[key] for one in own], (path, given)
            assert not [one for one in own if one in foreign], (path, given)
        first = (await world.ask(service, path, "westward", limit=1)).json()["next"]
        if first:
            answer = await world.ask(service, path, "wheatley", cursor=first, limit=500)
            assert not [one for one in answer.json()["items"] if one in own], path


async def test_X4_a_report_counts_the_callers_own_and_nothing_else(world: World, owner: Landlord) -> None:
    asked = {"from": "2026-03-23", "until": "2026-03-24", "site": owner.site}
    for caller in ("westward", "wheatley"):
        counted = (await world.ask("sla", "/reports/response", caller, **asked)).json()["total"]["opened"]
        headers = world.bearer(caller) | {"Accept": "text/csv"}
        table = await world.client.get(world.url("sla", "/reports/response"), params=asked, headers=headers)
        assert table.text.count("\r\n") == 1 + counted, caller
        assert (counted > 0) == (owner.target in table.text) == (caller == owner.organisation)


async def test_X4_figures_of_all_organisations_are_for_ops_alone(world: World) -> None:
    for service, method, path in sorted(OPS):
        url = world.url(service, path.format(id="unknown"))
        body = {"reason": "nothing is to be done"} if path.endswith("/close") else None
        as_ops = await world.client.request(method, url, json=body, headers=world.bearer("westward", "ops"))
        assert as_ops.status_code == (404 if "{id}" in path else 200), (service, path)
        for organisation in ("westward", "wheatley"):
            for role in ("communications", "head-of-communications", "dpo"):
                refused = await world.client.request(method, url, headers=world.bearer(organisation, role))
                assert refused.status_code == 403, (service, path, role)


async def test_X4_retrying_all_deliveries_retries_the_callers_own(world: World, owner: Landlord) -> None:
    async def attempts() -> int:
        return int((await world.ask("intake", f"/deliveries/{owner.delivery}")).json()["attempts"])

    own = await world.act("intake", "/deliveries/retry", "westward")
    assert own.json()["retried"] >= 1
    await world.settle()
    before = await attempts()
    foreign = await world.act("intake", "/deliveries/retry", "wheatley")
    assert foreign.json()["retried"] >= 1
    await world.settle()
    assert await attempts() == before


async def test_X4_a_source_of_the_same_name_is_another_organisations_own(world: World, owner: Landlord) -> None:
    before = (await world.ask("intake", f"/sources/{owner.source}")).json()
    secret = "whsec_" + "c2VjcmV0IG9mIHdoZWF0bGV5LCBhbmQgb2Ygbm9ib2R5IGVsc2U="
    made = await world.act("intake", "/sources", "wheatley", source=owner.source, accounts=["a"], secrets=[secret])
    assert made.status_code in (200, 201)
    assert (await world.ask("intake", f"/sources/{owner.source}")).json() == before
    assert (await world.ask("intake", f"/sources/{owner.source}", "wheatley")).json()["accounts"] == ["a"]
    crossed = world.body("site.heartbeat", site="s")
    headers = world.signed(crossed, "wheatley")
    assert (await world.client.post(world.address("westward"), content=crossed, headers=headers)).status_code == 401


async def test_X4_a_publisher_speaks_for_its_own_organisation(world: World) -> None:
    person = f"p-{uuid7()}"
    event = {
        "specversion": "1.0", "id": person, "source": "/hr", "type": "houserules.staff-left.v1",
        "time": "2026-03-23T09:00:00Z", "organisation": "westward", "data": {"person": person},
    }  # fmt: skip
    kind = {"content-type": "application/cloudevents+json"}
    url = world.url("intake", "/events")
    refused = await world.client.post(url, json=event, headers=world.bearer("wheatley", "publisher") | kind)
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:houserules:problem:forged-source")
    taken = await world.client.post(url, json=event, headers=world.bearer("westward", "publisher") | kind)
    assert taken.status_code == 202
    await world.settle()
    (heard,) = [one for one in await world.listener.read() if one.event.get("id") == person]
    assert heard.organisation == "westward"


async def test_X4_the_same_ids_at_two_landlords_are_two_conversations(world: World) -> None:
    same = f"thread-{uuid7()}"
    ours, theirs = Conversation(world, "westward", same), Conversation(world, "wheatley", same)
    for talk in (ours, theirs):
        await talk.wrote("2026-03-23 09:00")
    assert (await ours.told("westward:3.6"))[0].startswith("started: due 2026-03-23 13:00")
    assert (await theirs.told("wheatley:responding-to-customers"))[0].startswith("started: due 2026-03-24 09:00")
    await ours.answered("2026-03-23 10:00")
    assert len(await ours.told("westward:3.6")) == 1
    assert await theirs.told("wheatley:responding-to-customers") == []
    assert (await ours.item())["conversation"] != (await theirs.item())["conversation"]
    keys: dict[str, set[str]] = {"westward": set(), "wheatley": set()}
    for heard in await world.listener.read():
        if heard.topic in ("houserules.messages", "houserules.sla") and heard.data.get("conversation"):
            keys.setdefault(heard.organisation, set()).add(heard.event["key"])
    assert keys["westward"] and keys["wheatley"] and not keys["westward"] & keys["wheatley"]
