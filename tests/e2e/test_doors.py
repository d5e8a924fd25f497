"""The doors as the contract describes them: shapes, problems, paging, repeats, and who gets in without a token."""

import asyncio
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio

from shared.platform.ids import uuid7
from tests.e2e.conversation import Conversation
from tests.e2e.scenery import Landlord, bury, landlord, listed
from tests.e2e.world import World

PUBLIC = ("/healthz", "/readyz", "/metrics", "/openapi.json", "/docs")
TARGET = {
    "conversation", "target", "revision", "cycle", "kind", "message", "message_kind", "site", "started_at", "due_at",
    "policy", "warn_at", "state",
}  # fmt: skip
ITEM = {"message", "conversation", "external", "site", "kind", "flags", "why", "text", "posted_at", "state"}
LETTER = {"id", "group", "topic", "partition", "offset", "code", "at", "state"}
CALENDAR = {"organisation": "westward", "rule": "response", "start": "2026-03-27T16:30:00Z"}
MIB = 1024 * 1024
NAMED = re.compile(r"\{[^}]+\}")
"""A name in a path."""


@pytest_asyncio.fixture(scope="module")
async def thing(world: World) -> Landlord:
    """Westward, with two of each at a site of their own, so that a list has a second page."""
    site = f"site-{uuid7()}"
    await landlord(world, "westward", f"thread-{uuid7()}", site)
    return await landlord(world, "westward", f"thread-{uuid7()}", site)


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The problem that an answer is (RFC 9457)."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    body: dict[str, Any] = answer.json()
    assert (body["type"], body["status"]) == (f"urn:houserules:problem:{code}", status)
    assert body["title"] and body["detail"] and body["instance"]
    return body


def instants(value: Any) -> Iterator[str]:
    """Every value under a name that tells an instant."""
    if isinstance(value, dict):
        for name, each in value.items():
            if isinstance(each, str) and (name.endswith("_at") or name in ("at", "from", "until", "start")):
                yield each
            yield from instants(each)
    elif isinstance(value, list):
        for each in value:
            yield from instants(each)


async def test_items_and_an_item_have_their_fields(world: World, thing: Landlord) -> None:
    (listed_item,) = await listed(world, "intake", "/items", "westward", filters={"external": thing.external})
    shown = (await world.ask("intake", f"/items/{thing.item}")).json()
    assert listed_item.keys() >= ITEM
    assert shown.keys() >= ITEM
    assert (shown["external"], shown["kind"], shown["state"]) == (thing.external, "query", "open")
    assert shown["posted_at"] == "2026-03-23T09:00:00Z"
    assert isinstance(shown["why"], list) and shown["why"]
    assert all(stamp.endswith("Z") for stamp in instants([listed_item, shown]))


async def test_targets_and_a_conversation_have_their_fields(world: World, thing: Landlord) -> None:
    (target,) = [one for one in await listed(world, "sla", "/targets", "westward") if one["target"] == thing.target]
    assert target.keys() >= TARGET
    assert (target["kind"], target["state"], target["policy"]) == ("response", "open", "westward/2023-26")
    shown = (await world.ask("sla", f"/conversations/{thing.conversation}")).json()
    assert shown.keys() == {"conversation", "state", "targets", "facts"}
    assert shown["state"] == "open"
    assert [one["target"] for one in shown["targets"]] == [thing.target]
    assert [fact["name"] for fact in shown["facts"]] == ["message-received"]
    assert all(stamp.endswith("Z") for stamp in instants([target, shown]))


async def test_targets_can_be_asked_for_by_state_site_and_due_time(world: World, thing: Landlord) -> None:
    async def found(**filters: str) -> bool:
        return any(
            one["target"] == thing.target for one in await listed(world, "sla", "/targets", "westward", filters=filters)
        )

    assert await found(state="open", site=thing.site, before="2026-03-23T13:00:01Z")
    assert not await found(before="2026-03-23T13:00:00Z")
    assert not await found(state="breached")
    assert not await found(site="elsewhere")


async def test_the_calendar_shows_its_working(world: World) -> None:
    url, headers = world.url("sla", "/calendar/due"), world.bearer("westward")
    shown = (await world.client.get(url, params=CALENDAR, headers=headers)).json()
    assert shown.keys() == {"rule", "start", "due_at", "warn_at", "working"}
    assert (shown["rule"], shown["start"], shown["due_at"]) == (
        "response", "2026-03-27T16:30:00Z", "2026-03-30T11:30:00Z",
    )  # fmt: skip
    spans = [(w["from"], w["until"], w["seconds"]) for w in shown["working"] if w["seconds"]]
    assert spans == [
        ("2026-03-27T16:30:00Z", "2026-03-27T17:00:00Z", 1800),
        ("2026-03-30T08:00:00Z", "2026-03-30T11:30:00Z", 12600),
    ]
    assert all(w.keys() == {"from", "until", "seconds", "why"} and w["why"] for w in shown["working"])
    refused = await world.client.get(url, params=CALENDAR | {"organisation": "wheatley"}, headers=headers)
    problem(refused, 403, "forbidden")


async def test_dead_letters_have_their_fields_and_are_sent_again_with_the_same_bytes(world: World) -> None:
    letter = await bury(world)
    assert letter.keys() == LETTER
    assert (letter["group"], letter["code"], letter["state"]) == ("houserules-sla", "forged-source", "open")
    (dead,) = [
        heard
        for heard in await world.listener.read()
        if heard.topic == "houserules.messages.houserules-sla.dlt"
        and (b"dlt-original-offset", str(letter["offset"]).encode())
        in {(n.encode(), v) for n, v in heard.record.headers}
        and (b"dlt-original-partition", str(letter["partition"]).encode())
        in {(n.encode(), v) for n, v in heard.record.headers}
    ]
    (first,) = [
        heard
        for heard in await world.listener.read()
        if (heard.topic, heard.record.partition, heard.record.offset)
        == (letter["topic"], letter["partition"], letter["offset"])
    ]
    headers = [pair for pair in dead.record.headers if not pair[0].startswith("dlt-")]
    assert (dead.record.key, dead.record.value, headers) == (
        first.record.key, first.record.value, list(first.record.headers),
    )  # fmt: skip
    assert dict(dead.record.headers)["dlt-error-message"].startswith(b"forged-source: ")
    redriven = await world.act("sla", f"/dead-letters/{letter['id']}/redrive", "westward", "ops")
    assert (redriven.status_code, redriven.json()["state"]) == (200, "redriven")
    await world.settle()
    again = [
        h
        for h in await world.listener.read()
        if h.record.value == first.record.value and h.record.key == first.record.key
    ]
    assert [h.topic for h in again].count("houserules.messages") == 2
    problem(await world.act("sla", f"/dead-letters/{letter['id']}/redrive", "westward", "ops"), 409, "conflict")


@pytest.mark.parametrize("service", ["intake", "sla"])
@pytest.mark.parametrize("path", PUBLIC)
async def test_what_everybody_may_read_asks_for_no_token(world: World, service: str, path: str) -> None:
    answer = await world.client.get(world.url(service, path))
    assert answer.status_code == 200
    if path == "/readyz":
        assert answer.json() == {"status": "ready", "checks": {"database": "ready", "bus": "ready"}}
    if path == "/metrics":
        assert answer.headers["content-type"].startswith("text/plain")
        assert "# HELP" in answer.text


async def test_every_other_route_denies_whoever_has_no_good_token(world: World) -> None:
    old = world.token("westward", "communications", lifetime=timedelta(days=-1))
    other = world.token("westward", "communications", aud="somebody else")
    nobody = world.token("westward", "a-role-of-their-own")
    for service in world.running.file["services"]:
        paths = (await world.client.get(world.url(service, "/openapi.json"))).json()["paths"]
        ways = {(method, path): way for path, of in paths.items() for method, way in of.items()}
        bare = {path for (_, path), way in ways.items() if "security" not in way}
        assert bare <= {*PUBLIC, "/webhooks/standard/{source}"}
        for method, path in ((method, path) for (method, path), way in ways.items() if "security" in way):
            url = world.url(service, NAMED.sub("1", path))
            for headers in ({}, {"Authorization": "Bearer x.y.z"}, {"Authorization": "Basic eDp5"}, old, other):
                answer = await world.client.request(method, url, headers=headers)
                problem(answer, 401, "unauthenticated")
                assert answer.headers["WWW-Authenticate"] == "Bearer"
            problem(await world.client.request(method, url, headers=nobody), 403, "forbidden")


@pytest.mark.parametrize(
    ("service", "path"),
    [("intake", "/items"), ("intake", "/sources"), ("intake", "/deliveries"), ("sla", "/targets"), ("sla", "/dead-letters")],
)  # fmt: skip
async def test_lists_are_paged_to_their_end_one_by_one_and_bad_cursors_are_named(
    world: World, thing: Landlord, service: str, path: str
) -> None:
    role = "ops" if path == "/dead-letters" else "communications"
    if path == "/dead-letters":
        await bury(world)
        await bury(world)
    if path == "/sources":
        for name in ("paged-1", "paged-2"):
            secret = "c2VjcmV0IG9mIGEgc291cmNlIG9mIHRoZSB0ZXN0cw=="
            assert (await world.act("intake", "/sources", source=name, secrets=[secret])).status_code in (200, 201)
    filters = {"/items": {"site": thing.site}, "/targets": {"site": thing.site}, "/deliveries": {"state": "failed"}}
    some = filters.get(path, {})
    whole = await listed(world, service, path, "westward", role, filters=some)
    assert len(whole) > 1
    assert await listed(world, service, path, "westward", role, limit=1, filters=some) == whole
    for cursor in ("x", "e30", "WzEsMiwzXQ", "%00", "WyJhIiwiYiIsImMiXQ"):
        answer = await world.ask(service, path, "westward", role, cursor=cursor)
        problem(answer, 400, "bad-cursor")
    for limit in ("0", "501", "x"):
        body = problem(await world.ask(service, path, "westward", role, limit=limit), 422, "invalid")
        assert [error["pointer"] for error in body["errors"]] == ["/query/limit"]


async def test_each_kind_of_refusal_is_a_problem_of_its_own(world: World, thing: Landlord) -> None:
    problem(await world.ask("intake", f"/items/{uuid7()}"), 404, "not-found")
    problem(await world.ask("sla", f"/conversations/{uuid7()}"), 404, "not-found")
    problem(await world.ask("intake", "/no-such-door"), 404, "not-found")
    problem(await world.client.delete(world.url("intake", "/items")), 405, "method-not-allowed")
    problem(await world.ask("intake", "/items", "westward", "publisher"), 403, "forbidden")
    body = problem(await world.act("intake", f"/items/{thing.item}/classify", kind="nonsense"), 422, "invalid")
    assert body["errors"] == [{"pointer": "/body/kind", "detail": body["errors"][0]["detail"]}]
    broken = await world.client.post(
        world.url("intake", f"/items/{thing.item}/classify"),
        content=b"{",
        headers=world.bearer("westward") | {"content-type": "application/json"},
    )
    problem(broken, 422, "invalid")
    huge = await world.act("intake", f"/items/{thing.item}/classify", kind="query", note="x" * (4 * MIB))
    problem(huge, 413, "too-large")


async def test_a_state_that_forbids_it_is_a_409_that_names_the_state(world: World) -> None:
    talk = Conversation(world, "westward")
    await talk.wrote("2026-03-23 09:00")
    await talk.answered("2026-03-23 09:30")
    await world.settle()
    refused = problem(await talk.decided("waive", reason="no-reply-needed"), 409, "state")
    assert refused["state"] == (await talk.item())["state"] == "answered"


async def test_a_problem_carries_the_callers_trace(world: World) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    headers = {"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
    assert (
        problem(await world.client.get(world.url("sla", "/targets"), headers=headers), 401, "unauthenticated")[
            "instance"
        ]
        == trace
    )


async def test_a_write_that_is_sent_again_answers_as_before_and_with_another_body_422(world: World) -> None:
    key, secret = uuid7(), "c2VjcmV0IG9mIGEgc291cmNlIG9mIHRoZSB0ZXN0cw=="
    body = {"source": f"s-{key}", "secrets": [secret]}

    async def put(organisation: str, **changes: Any) -> httpx.Response:
        headers = world.bearer(organisation) | {"Idempotency-Key": key}
        return await world.client.post(world.url("intake", "/sources"), json=body | changes, headers=headers)

    twins = await asyncio.gather(put("westward"), put("westward"))
    assert {answer.status_code for answer in twins} <= {201, 409}
    again = await put("westward")
    assert (again.status_code, again.headers["location"]) == (201, f"/sources/s-{key}")
    assert again.json() == next(answer.json() for answer in twins if answer.status_code == 201)
    problem(await put("westward", accounts=["other"]), 422, "idempotency-key-reused")
    assert (await put("wheatley", source=f"w-{key}")).status_code == 201


async def test_a_decision_with_a_key_is_taken_once(world: World) -> None:
    talk = Conversation(world, "wheatley")
    await talk.wrote("2026-03-23 09:00")
    item = await talk.item()
    headers = world.bearer("wheatley") | {"Idempotency-Key": uuid7()}
    url = world.url("intake", f"/items/{item['message']}/waive")
    first = await world.client.post(url, json={"reason": "not-appropriate"}, headers=headers)
    again = await world.client.post(url, json={"reason": "not-appropriate"}, headers=headers)
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json() == again.json()
    await world.settle()
    assert [heard.name for heard in await talk.events()].count("conversation-waived") == 1
