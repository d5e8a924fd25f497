"""Signed but malformed: accepted, set aside, shown without a word of it, and read again after a fix."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from services.intake.domain import reading, wire
from services.intake.jobs.retention import Retention
from tests.integration.intake.house import NOW, House

SECRET = "Ann Example of 12 High Street"


def malformed() -> bytes:
    """A message whose visibility is no word of the list."""
    data = {
        "conversation": "c-1", "message": "m-1", "site": "facebook", "network": "facebook", "visibility": "friends-only",
        "posted_at": NOW, "text": SECRET,
    }  # fmt: skip
    return msgspec.json.encode({"type": "message.received", "timestamp": NOW, "data": data})


async def test_it_is_accepted_and_set_aside_and_the_others_go_on(house: House) -> None:
    await house.write(message="before")
    assert (await house.send(malformed())).status_code == 200
    assert (await house.send(b"{")).status_code == 200
    await house.write(message="after")
    await house.settle()
    assert [event.name for event in await house.told()] == ["message-received", "message-received"]
    assert await house.count("select count(*) from deliveries where state = 'failed' and raw is not null") == 2


async def test_it_is_listed_by_its_place_and_never_quoted(house: House) -> None:
    await house.send(malformed())
    await house.settle()
    for headers in (house.token("", "ops"), house.staff("westward")):
        answer = await house.client.get("/deliveries?failed", headers=headers)
        (shown,) = answer.json()["items"]
        assert (shown["organisation"], shown["source"], shown["state"]) == ("westward", "westward-inbox", "failed")
        assert shown["error"] == "invalid: wrong type or value at /data/visibility"
        assert "Ann" not in answer.text and "friends-only" not in answer.text
    assert (await house.client.get("/deliveries?failed=false", headers=house.staff("westward"))).json()["items"]


async def test_it_is_read_again_after_the_fix(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    class Mended(wire.Message, frozen=True, kw_only=True):
        """Takes the sender's new word."""

        visibility: str  # type: ignore[assignment] # that is the fix

    await house.send(malformed())
    await house.settle()
    ops = house.token("", "ops")
    (shown,) = (await house.client.get("/deliveries?failed=true", headers=ops)).json()["items"]

    again = await house.client.post(f"/deliveries/{shown['id']}/retry", headers=ops)
    assert (again.status_code, again.json()["state"]) == (200, "pending")
    await house.settle()
    (still,) = (await house.client.get("/deliveries?failed", headers=ops)).json()["items"]
    assert (still["id"], still["attempts"]) == (shown["id"], 2)

    _, reader = reading.READERS["message.received"]

    def mended(said: Mended, context: object) -> object:
        return reader(msgspec.structs.replace(said, visibility="private"), context)  # type: ignore[arg-type] # the reader's own

    monkeypatch.setitem(reading.READERS, "message.received", (Mended, mended))
    assert (await house.client.post("/deliveries/retry", headers=ops)).json() == {"retried": 1}
    await house.settle()
    (event,) = await house.told()
    assert (event.name, event.data["visibility"]) == ("message-received", "private")
    assert SECRET == (await house.item())["text"]
    assert (await house.client.get("/deliveries?failed", headers=ops)).json()["items"] == []
    assert (await house.client.post(f"/deliveries/{shown['id']}/retry", headers=ops)).status_code == 409


async def test_its_words_are_never_on_the_bus(house: House) -> None:
    await house.write(text=SECRET)
    await house.send(malformed())
    await house.settle()
    assert SECRET in await house.count("select text from items")
    rows = await house.rows.fetch("select * from outbox")
    everything = b" ".join(bytes(row["key"]) + bytes(row["headers"]) + bytes(row["body"]) for row in rows)
    assert rows
    for word in (b"Ann", b"High Street", b"@ann", b"tenant-7", b"m-1", b"c-1"):
        assert word not in everything


async def test_a_fault_of_ours_costs_only_the_delivery_that_has_it(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    struct, reader = reading.READERS["site.heartbeat"]

    def breaks(said: wire.Heartbeat, context: object) -> object:
        if said.site == "breaks":
            raise ZeroDivisionError(SECRET)
        return reader(said, context)  # type: ignore[arg-type] # the reader's own

    monkeypatch.setitem(reading.READERS, "site.heartbeat", (struct, breaks))
    for site in ("a", "breaks", "b"):
        await house.post("site.heartbeat", site=site)
    await house.settle()
    assert [event.key for event in await house.told("site-monitored")] == ["a", "b"]
    (shown,) = (await house.client.get("/deliveries?failed", headers=house.token("", "ops"))).json()["items"]
    assert shown["error"] == "fault: ZeroDivisionError"


async def test_an_event_too_large_for_the_bus_is_a_failed_delivery(house: House) -> None:
    images = [f"{n:0250}" for n in range(2_200)]
    await house.post("post.published", post="p-1", site="facebook", category="corporate", images=images)
    await house.post("site.heartbeat", site="facebook")
    await house.settle()
    (shown,) = (await house.client.get("/deliveries?failed", headers=house.token("", "ops"))).json()["items"]
    assert shown["code"] == "too-large"
    assert await house.count("select count(*) from posts") == 0
    assert len(await house.told("site-monitored")) == 1


async def test_others_see_and_retry_only_their_own(house: House) -> None:
    await house.send(malformed())
    await house.settle()
    other = house.staff("wheatley")
    place = await house.count("select place from deliveries")
    assert (await house.client.get(f"/deliveries/{place}", headers=house.staff("westward"))).status_code == 200
    assert (await house.client.get("/deliveries?failed", headers=other)).json()["items"] == []
    assert (await house.client.get(f"/deliveries/{place}", headers=other)).status_code == 404
    assert (await house.client.post(f"/deliveries/{place}/retry", headers=other)).status_code == 404
    assert (await house.client.post("/deliveries/retry", headers=other)).json() == {"retried": 0}


async def test_failed_deliveries_are_kept_for_fourteen_days(house: House) -> None:
    await house.send(malformed(), id="fresh")
    await house.send(malformed(), id="old")
    await house.settle()
    await house.send(malformed(), id="old-and-waiting")
    age = datetime.now(UTC) - timedelta(days=14, minutes=1)
    await house.rows.execute("update deliveries set accepted_at = $1 where delivery like 'old%'", age)
    bus = house.service.app.state.bus
    assert await Retention(bus, house.service.app.state.packs.organisations, 14).sweep() == 1
    rows = await house.rows.fetch("select delivery from deliveries order by delivery")
    assert [row["delivery"] for row in rows] == ["fresh", "old-and-waiting"]
