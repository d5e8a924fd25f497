"""The doors of dead letters: for ops alone, without bodies, and the redrive goes out with its audit entry."""

from pathlib import Path
from typing import Any

import httpx
from prometheus_client import CollectorRegistry

from shared.bus import forget_old_events
from shared.bus.codec import encode
from shared.bus.deadletters_api import router
from shared.platform.auth import DevelopmentIssuer, Keys
from shared.platform.http import add, create_app, seal
from tests.integration.bus.ledger import resolved
from tests.integration.bus.world import World


def _client(world: World, folder: Path, *roles: str) -> httpx.AsyncClient:
    issuer = DevelopmentIssuer(folder)
    issuer.prepare()
    keys = Keys(issuer.ISSUER, issuer.AUDIENCE, str(issuer.jwks_file))
    app = create_app("ledger", keys, {}, CollectorRegistry())
    add(app, router(world.ledger.bus))
    headers = {"Authorization": f"Bearer {issuer.token('westward', roles)}"}
    transport = httpx.ASGITransport(app=seal(app))
    return httpx.AsyncClient(transport=transport, base_url="http://ledger", headers=headers)


async def _bury(world: World, count: int) -> list[Any]:
    wires = [encode(resolved("c1", f"bad-{n}"))._replace(body=b"{ not JSON, with secret words") for n in range(count)]
    await world.write(world.topics.shared("messages"), *wires)
    async with world.running():
        await world.taken(count)
    return wires


async def test_ops_lists_shows_and_redrives(world: World, tmp_path: Path) -> None:
    await _bury(world, 3)
    async with _client(world, tmp_path, "ops") as client:
        first = (await client.get("/dead-letters", params={"limit": 2})).json()
        rest = (await client.get("/dead-letters", params={"limit": 2, "cursor": first["next"]})).json()
        letters = [*first["items"], *rest["items"]]
        assert [letter["offset"] for letter in letters] == [0, 1, 2]
        assert rest["next"] is None
        assert letters[0] | {"id": "", "at": "", "partition": 0} == {
            "id": "", "group": world.topics.group("sla"), "topic": world.topics.shared("messages"), "partition": 0,
            "offset": 0, "code": "undecodable", "at": "", "state": "open"}  # fmt: skip
        answer = await client.get(f"/dead-letters/{letters[1]['id']}")
        assert "secret" not in answer.text
        shown = answer.json()
        assert shown["attributes"]["ce_id"] == "bad-1"
        assert (shown["bytes"], shown["key"], shown["message"].split(":")[0]) == (29, "c1", "undecodable")
        redriven = await client.post(f"/dead-letters/{letters[1]['id']}/redrive")
        assert (redriven.status_code, redriven.json()["state"]) == (200, "redriven")
        assert (await client.post(f"/dead-letters/{letters[1]['id']}/redrive")).status_code == 409
        still_open = (await client.get("/dead-letters", params={"state": "open"})).json()["items"]
        assert [letter["offset"] for letter in still_open] == [0, 2]
        for missing in ("nothing", "a%00b"):
            assert (await client.get(f"/dead-letters/{missing}")).status_code == 404
            assert (await client.post(f"/dead-letters/{missing}/redrive")).status_code == 404
        assert (await client.get("/dead-letters", params={"cursor": "x"})).status_code == 400
    assert await world.scalar("select count(*) from audit where action = 'redrive dead letter'") == 1
    rows = await world.fetch(
        "select topic, body, partition from outbox where topic = :t", t=world.topics.shared("messages")
    )
    assert [(bytes(row.body), row.partition) for row in rows] == [
        (b"{ not JSON, with secret words", letters[1]["partition"])
    ]


async def test_what_can_never_be_read_is_closed_with_a_reason_and_kept(world: World, tmp_path: Path) -> None:
    await _bury(world, 2)
    async with _client(world, tmp_path, "ops") as client:
        closing, sent = [one["id"] for one in (await client.get("/dead-letters")).json()["items"]]
        for body in ({}, {"reason": ""}, {"reason": "x" * 501}, {"reason": "a\0b"}, {"reason": " \n\u00a0"}):
            assert (await client.post(f"/dead-letters/{closing}/close", json=body)).status_code in (400, 422), body
        answer = await client.post(f"/dead-letters/{closing}/close", json={"reason": "sent again, right"})
        closed = answer.json()
        assert (answer.status_code, closed["state"], closed["closed_reason"]) == (200, "closed", "sent again, right")
        assert closed["closed_at"]
        assert closed["bytes"] == 29
        assert (await client.post(f"/dead-letters/{sent}/redrive")).status_code == 200
        for letter, ways in ((closing, ("close", "redrive")), (sent, ("close",))):
            for way in ways:
                again = await client.post(f"/dead-letters/{letter}/{way}", json={"reason": "again"})
                assert (again.status_code, " already" in again.json()["detail"]) == (409, True)
        assert (await client.post("/dead-letters/nothing/close", json={"reason": "x"})).status_code == 404
        assert (await client.get("/dead-letters", params={"state": "open"})).json()["items"] == []
        (listed,) = (await client.get("/dead-letters", params={"state": "closed"})).json()["items"]
        assert listed["id"] == closing
    (row,) = await world.fetch("select subject, actor, reason from audit where action = 'close dead letter'")
    assert tuple(row) == (closing, closed["closed_by"], "sent again, right")
    kept = "select count(*) from dead_letters where id = :id and octet_length(body) = 29"
    await forget_old_events(world.ledger.bus)
    assert await world.scalar(kept, id=closing) == 1
    async with world.ledger.bus.transaction() as tx:
        await tx.execute(
            "update dead_letters set closed_at = closed_at - interval '31 days' where id = :id", id=closing
        )
    await forget_old_events(world.ledger.bus)
    assert await world.scalar(kept, id=closing) == 0


async def test_nobody_else_may(world: World, tmp_path: Path) -> None:
    async with _client(world, tmp_path, "communications", "dpo") as client:
        for method, path in (("GET", "/dead-letters"), ("GET", "/dead-letters/x"), ("POST", "/dead-letters/x/redrive"),
                             ("POST", "/dead-letters/x/close")):  # fmt: skip
            assert (await client.request(method, path)).status_code == 403
            del client.headers["Authorization"]
            assert (await client.request(method, path)).status_code == 401
            client.headers["Authorization"] = f"Bearer {DevelopmentIssuer(tmp_path).token('westward', ['dpo'])}"
