"""The webhook's door: sizes, repeats, groups, callers that go away, outages."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import httpx
import msgspec
import pytest

from services.intake.jobs import accepting
from services.intake.store import deliveries
from services.intake.store.deliveries import Arrival
from tests.integration.intake.house import NOW, House, eventually
from tests.servers import PostgresServer

CAP = 4 * 1024 * 1024


def heartbeat(site: str = "facebook") -> bytes:
    return msgspec.json.encode({"type": "site.heartbeat", "timestamp": NOW, "data": {"site": site}})


def sized(size: int) -> bytes:
    """A delivery of so many bytes."""
    frame = heartbeat()
    return frame[:-1] + b" " * (size - len(frame)) + frame[-1:]


async def test_the_largest_body_is_taken(house: House) -> None:
    assert (await house.send(sized(CAP))).status_code == 200


async def test_a_body_over_the_cap_is_refused_by_its_length(house: House) -> None:
    answer = await house.send(sized(CAP + 1))
    assert answer.status_code == 413
    assert answer.json()["type"] == "urn:houserules:problem:too-large"
    assert await house.count("select count(*) from deliveries") == 0


async def test_a_body_over_the_cap_is_refused_when_it_comes_in_chunks(house: House) -> None:
    raw = sized(CAP + 1)

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(raw), 65_536):
            yield raw[start : start + 65_536]

    answer = await house.client.post("/webhooks/standard/westward-inbox", content=chunks(), headers=house.signed(raw))
    assert "content-length" not in answer.request.headers
    assert answer.status_code == 413
    assert await house.count("select count(*) from deliveries") == 0


async def test_a_delivery_in_chunks_under_the_cap_is_taken(house: House) -> None:
    raw = sized(200_000)

    async def chunks() -> AsyncIterator[bytes]:
        yield raw[:100_000]
        yield raw[100_000:]

    answer = await house.client.post("/webhooks/standard/westward-inbox", content=chunks(), headers=house.signed(raw))
    assert answer.status_code == 200


async def test_a_replay_is_accepted_and_says_nothing_new(house: House) -> None:
    raw = heartbeat()
    headers = house.signed(raw, id="delivery-1")
    for _ in range(2):
        answer = await house.client.post("/webhooks/standard/westward-inbox", content=raw, headers=headers)
        assert answer.status_code == 200
    await house.settle()
    assert (await house.client.post("/webhooks/standard/westward-inbox", content=raw, headers=headers)).is_success
    await house.settle()
    assert await house.count("select count(*) from deliveries") == 1
    assert len(await house.told("site-monitored")) == 1


async def test_the_same_id_at_another_organisation_is_another_delivery(house: House) -> None:
    for organisation in ("westward", "wheatley"):
        assert (await house.send(heartbeat(), organisation, id="delivery-1")).status_code == 200
    assert await house.count("select count(*) from deliveries") == 2


async def test_an_id_too_long_for_an_index_is_known_again(house: House) -> None:
    for _ in range(2):
        assert (await house.send(heartbeat(), id="x" * 5_000)).status_code == 200
    assert await house.count("select count(*) from deliveries") == 1


async def test_concurrent_deliveries_share_commits_and_keep_their_order(house: House) -> None:
    before = house.accepting.commits
    answers = await asyncio.gather(*(house.send(heartbeat(f"site-{n}"), id=f"delivery-{n}") for n in range(100)))
    assert {answer.status_code for answer in answers} == {200}
    assert await house.count("select count(*) from deliveries") == 100
    assert house.accepting.commits - before <= 50
    groups = await house.count("select count(distinct xmin::text) from deliveries")
    assert groups == house.accepting.commits - before
    for n in range(3):
        await house.send(heartbeat(), id=f"later-{n}")
    rows = await house.rows.fetch("select delivery from deliveries where delivery like 'later-%' order by place")
    assert [row["delivery"] for row in rows] == ["later-0", "later-1", "later-2"]


async def test_places_in_a_group_follow_arrival_not_the_order_of_insertion(house: House) -> None:
    names = ["z", "a", "m", "z", "b"]
    arrivals = [Arrival(organisation="westward", source="s", delivery=n, raw=b"{}", received_at=NOW) for n in names]
    async with house.service.app.state.bus.transaction() as tx:
        assert await deliveries.keep(tx, arrivals) == 4
    rows = await house.rows.fetch("select delivery from deliveries order by place")
    assert [row["delivery"] for row in rows] == ["z", "a", "m", "b"]


async def test_a_caller_that_hangs_up_takes_nothing_back(house: House) -> None:
    raw = heartbeat()
    blocker = house.rows
    async with blocker.transaction():
        await blocker.execute("lock table deliveries in access exclusive mode")
        with pytest.raises(httpx.ReadTimeout):
            await house.client.post(
                "/webhooks/standard/westward-inbox", content=raw, headers=house.signed(raw), timeout=0.3
            )
        assert house.accepting.busy

    async def kept() -> bool:
        return bool(await house.count("select count(*) from deliveries") == 1)

    await eventually(kept, "the delivery is committed all the same")


async def test_who_waits_too_long_for_a_commit_is_not_told_that_nothing_was_stored(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accepting, "DEADLINE_S", 0.2)
    async with house.rows.transaction():
        await house.rows.execute("lock table deliveries in access exclusive mode")
        answer = await house.send(heartbeat())
    assert (answer.status_code, "may be stored or not" in answer.json()["detail"]) == (503, True)

    async def kept() -> bool:
        return bool(await house.count("select count(*) from deliveries") == 1)

    await eventually(kept, "it is stored all the same")


async def test_a_database_that_is_away_is_503_and_come_again(house: House, postgres_server: PostgresServer) -> None:
    assert (await house.send(heartbeat())).status_code == 200
    name = house.databases.name
    admin = await asyncpg.connect(postgres_server.admin_url)
    try:
        await admin.execute(f"alter database {name} connection limit 0")
        await admin.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and usename = 'intake_app'", name
        )
        answer = await house.send(heartbeat(), id="in-the-outage")
        assert answer.status_code == 503, answer.text
        assert int(answer.headers["retry-after"]) > 0
        await admin.execute(f"alter database {name} connection limit -1")
    finally:
        await admin.close()
    assert (await house.send(heartbeat(), id="in-the-outage")).status_code == 200
    assert await house.count("select count(*) from deliveries where delivery = 'in-the-outage'") == 1


async def test_an_outbox_over_its_budget_is_503_and_come_again(house: House) -> None:
    await house.post("site.heartbeat", site="facebook")
    await house.settle()
    assert await house.count("select count(*) from outbox") == 1
    await house.rows.execute("update outbox set created_at = created_at - interval '2 hours'")

    async def refused() -> bool:
        answer = await house.send(heartbeat())
        assert answer.status_code in (200, 503)
        return answer.status_code == 503 and "retry-after" in answer.headers

    await eventually(refused, "the door refuses")
    kept = await house.count("select count(*) from deliveries")
    assert (await house.send(heartbeat())).status_code == 503
    assert await house.count("select count(*) from deliveries") == kept
    await house.rows.execute("delete from outbox")

    async def open_again() -> bool:
        return (await house.send(heartbeat())).status_code == 200

    await eventually(open_again, "the door opens again")


async def test_commits_are_durable(house: House) -> None:
    async with house.service.app.state.bus.transaction() as tx:
        assert (await tx.fetch("show synchronous_commit"))[0][0] == "on"
