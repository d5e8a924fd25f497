"""`POST /events`: all or nothing, under the credential's organisation and types, through the outbox."""

import asyncio
from typing import Any

import httpx
import msgspec
import pytest

from tests.integration.intake.house import House

STRUCTURED, BATCH = "application/cloudevents+json", "application/cloudevents-batch+json"


def left(number: str = "1", **changes: Any) -> dict[str, Any]:
    """An HR system's event."""
    return {
        "specversion": "1.0",
        "id": number,
        "source": "/westward/hr",
        "type": "houserules.staff-left.v1",
        "time": "2026-03-27T16:30:00Z",
        "data": {"person": "p-1", "leave_at": "2026-03-27T16:30:00Z", "surname": "Example"},
    } | changes


async def publish(house: House, event: Any, organisation: str = "westward", **claims: Any) -> httpx.Response:
    kind = BATCH if isinstance(event, list) else STRUCTURED
    headers = house.token(organisation, "publisher", **claims) | {"content-type": kind}
    return await house.client.post("/events", content=msgspec.json.encode(event), headers=headers)


async def test_an_event_goes_on_under_its_own_id_without_unknown_fields(house: House) -> None:
    answer = await publish(house, left())
    assert (answer.status_code, answer.json()) == (202, {"accepted": 1})
    (event,) = await house.told()
    assert (event.topic, event.key, event.organisation) == ("houserules.people", "p-1", "westward")
    assert event.attributes["id"] == "1"
    assert event.attributes["source"] == "/houserules/intake/westward/hr"
    assert event.data == {"person": "p-1", "leave_at": "2026-03-27T16:30:00Z"}


async def test_binary_mode(house: House) -> None:
    event = left()
    attributes = {f"ce-{name}": value for name, value in event.items() if name != "data"}
    headers = house.token("westward", "publisher") | attributes | {"content-type": "application/json"}
    answer = await house.client.post("/events", content=msgspec.json.encode(event["data"]), headers=headers)
    assert answer.status_code == 202, answer.text
    assert [one.name for one in await house.told()] == ["staff-left"]


async def test_a_batch_is_taken_whole_in_order(house: House) -> None:
    image = {
        "type": "houserules.image-deleted.v1",
        "source": "/westward/dam",
        "data": {"image": "i-1", "at": "2026-03-27T16:30:00Z"},
    }
    answer = await publish(house, [left("1"), left("2", **image), left("3", type="houserules.leave-cancelled.v1")])
    assert answer.json() == {"accepted": 3}
    told = await house.told()
    assert [event.name for event in told] == ["staff-left", "image-deleted", "leave-cancelled"]
    assert [event.topic for event in told] == ["houserules.people", "houserules.images", "houserules.people"]


async def test_one_bad_event_and_none_is_taken(house: House) -> None:
    answer = await publish(house, [left("1"), left("2", data={"person": 5}), left("", time=None)])
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/1/data", "/2/id", "/2/time"]
    assert await house.told() == []


async def test_what_is_sent_again_is_accepted_again_with_its_id(house: House) -> None:
    for _ in range(2):
        assert (await publish(house, left())).status_code == 202
    assert {event.attributes["id"] for event in await house.told()} == {"1"}


@pytest.mark.parametrize(
    ("event", "claims"),
    [
        (left(organisation="wheatley"), {}),
        (left(type="houserules.message-received.v1"), {}),
        (left(), {"types": ["image-uploaded"]}),
        (left(), {"types": []}),
        (left(), {"types": "staff-left"}),
    ],
    ids=["another organisation", "a shared table", "another type", "no type", "types that are no list"],
)
async def test_what_the_credential_does_not_cover_is_403(house: House, event: Any, claims: dict[str, Any]) -> None:
    assert (await publish(house, [left("0"), event], **claims)).status_code == 403
    assert await house.told() == []


async def test_the_types_of_the_credential_are_taken(house: House) -> None:
    assert (await publish(house, left(organisation="westward"), types=["staff-left"])).status_code == 202


async def test_only_publishers_of_a_known_organisation_publish(house: House) -> None:
    headers = {"content-type": STRUCTURED}
    body = msgspec.json.encode(left())
    for role in ("communications", "people-team"):
        answer = await house.client.post("/events", content=body, headers=headers | house.token("westward", role))
        assert answer.status_code == 403
    assert (await house.client.post("/events", content=body, headers=headers)).status_code == 401
    assert (await publish(house, left(), "elsewhere")).status_code == 403


async def test_other_content_is_415_and_too_much_is_413(house: House) -> None:
    headers = house.token("westward", "publisher")
    text = await house.client.post("/events", content=b"x", headers=headers | {"content-type": "text/plain"})
    assert text.status_code == 415
    big = left(data={"image": "i", "at": "2026-03-27T16:30:00Z"}) | {"pad": "x" * 4 * 1024 * 1024}
    assert (await publish(house, big)).status_code == 413
    people = [{"kind": "staff", "person": f"{n:0250}"} for n in range(2_500)]
    upload = {
        "image": "i-1", "content_hash": "sha256:00", "uploader": "p-1", "at": "2026-03-27T16:30:00Z", "people": people,
        "uses": [],
    }  # fmt: skip
    answer = await publish(house, left(type="houserules.image-uploaded.v1", data=upload))
    assert answer.status_code == 413, answer.text
    assert await house.told() == []


async def test_publishers_of_the_same_people_in_other_orders_do_not_deadlock(house: House) -> None:
    def batch(start: int, step: int) -> list[dict[str, Any]]:
        people = [(start + step * n) % 40 for n in range(40)]
        return [left(f"{start}-{n}", data={"person": f"p-{n}", "leave_on": "2026-04-01"}) for n in people]

    answers = await asyncio.gather(*(publish(house, batch(n, 1 if n % 2 else 39)) for n in range(12)))
    assert {answer.status_code for answer in answers} == {202}
    assert len(await house.told()) == 12 * 40
