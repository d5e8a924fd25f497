"""Only what a secret of the source signed gets in; everything else is one and the same 401, and leaves nothing."""

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec
import pytest

from tests.integration.intake.house import SECRETS, House

BODY = msgspec.json.encode({"type": "site.heartbeat", "data": {"site": "facebook"}})
OTHER = "whsec_" + base64.b64encode(b"a secret that nobody registered").decode()
Headers = list[tuple[str, bytes]]


def headers(house: House, **changes: object) -> Headers:
    """Good headers but for `changes`: None leaves one out."""
    good = {name: value.encode("latin-1") for name, value in house.signed(BODY).items()}
    for name, value in changes.items():
        name = name.replace("_", "-")
        if value is None:
            del good[name]
        else:
            assert isinstance(value, bytes)
            good[name] = value
    return list(good.items())


def signed(house: House, **changes: Any) -> Headers:
    return [(name, value.encode()) for name, value in house.signed(BODY, **changes).items()]


def ago(**span: float) -> datetime:
    return datetime.now(UTC) - timedelta(**span)


def first(pairs: Headers, name: str) -> bytes:
    return dict(pairs)[name]


CORPUS: dict[str, Callable[[House], Headers]] = {
    "no headers": lambda h: [("content-type", b"application/json")],
    "no id": lambda h: headers(h, webhook_id=None),
    "no timestamp": lambda h: headers(h, webhook_timestamp=None),
    "no signature": lambda h: headers(h, webhook_signature=None),
    "an empty id": lambda h: headers(h, webhook_id=b""),
    "an empty signature": lambda h: headers(h, webhook_signature=b""),
    "another id than was signed": lambda h: headers(h, webhook_id=b"other"),
    "another time than was signed": lambda h: headers(h, webhook_timestamp=str(int(ago(seconds=60).timestamp())).encode()),
    "another secret": lambda h: signed(h, secret=OTHER),
    "the other organisation's secret": lambda h: signed(h, secret=SECRETS["wheatley"]),
    "malformed base64": lambda h: headers(h, webhook_signature=b"v1,%%%"),
    "base64 of a wrong length": lambda h: headers(h, webhook_signature=b"v1,abcde"),
    "no comma": lambda h: headers(h, webhook_signature=b"v1"),
    "two commas": lambda h: headers(h, webhook_signature=b"v1,a,b"),
    "another version": lambda h: headers(h, webhook_signature=b"v2," + first(headers(h), "webhook-signature")[3:]),
    "an asymmetric version": lambda h: headers(h, webhook_signature=b"v1a,AAAA"),
    "a signature that is not ASCII": lambda h: headers(h, webhook_signature=b"v1,\xe9\xe9\xe9\xe9"),
    "an id that is not ASCII": lambda h: headers(h, webhook_id=b"caf\xe9"),
    "a timestamp that is not ASCII": lambda h: headers(h, webhook_timestamp="١٧٦٧".encode()),
    "a timestamp that is no number": lambda h: headers(h, webhook_timestamp=b"soon"),
    "a timestamp that is not a number": lambda h: headers(h, webhook_timestamp=b"nan"),
    "an infinite timestamp": lambda h: headers(h, webhook_timestamp=b"inf"),
    "a timestamp beyond all numbers": lambda h: headers(h, webhook_timestamp=b"1e999"),
    "five minutes and more ago": lambda h: signed(h, sent=ago(minutes=5, seconds=2)),
    "five minutes and more ahead": lambda h: signed(h, sent=ago(minutes=-5, seconds=-5)),
    "two ids": lambda h: [*headers(h), ("webhook-id", b"other")],
    "two timestamps": lambda h: [*headers(h), ("Webhook-Timestamp", b"1")],
    "two signatures, the first good": lambda h: [*headers(h), ("webhook-signature", b"v1,AAAA")],
    "the same signature twice": lambda h: [*(g := headers(h)), ("WEBHOOK-SIGNATURE", first(g, "webhook-signature"))],
}  # fmt: skip


async def post(house: House, pairs: Headers, *, source: str = "westward-inbox", body: bytes = BODY) -> httpx.Response:
    named = [(name.encode(), value) for name, value in pairs]
    return await house.client.post(f"/webhooks/standard/{source}", content=body, headers=named)


@pytest.mark.parametrize("case", CORPUS)
async def test_what_is_not_signed_is_refused_and_not_stored(one_house: House, case: str) -> None:
    house = one_house
    answer = await post(house, CORPUS[case](house))
    assert answer.status_code == 401, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:houserules:problem:unproven"
    assert await house.count("select count(*) from deliveries") == 0


async def test_other_bytes_than_were_signed_are_refused(house: House) -> None:
    answer = await post(house, headers(house), body=BODY.replace(b"facebook", b"instagram"))
    assert answer.status_code == 401
    assert await house.count("select count(*) from deliveries") == 0


async def test_an_unknown_source_answers_as_a_wrong_signature_does(house: House) -> None:
    unknown = await post(house, headers(house), source="nobody")
    wrong = await post(house, signed(house, secret=OTHER))
    assert _but_instance(unknown) == _but_instance(wrong)
    assert unknown.status_code == 401


def _but_instance(answer: httpx.Response) -> dict[str, object]:
    return {name: value for name, value in answer.json().items() if name != "instance"}


@pytest.mark.parametrize(
    "case",
    {
        "nearly five minutes ago": {"sent": timedelta(minutes=4, seconds=50)},
        "nearly five minutes ahead": {"sent": timedelta(minutes=-4, seconds=-50)},
    }.items(),
    ids=lambda case: case[0],
)
async def test_a_clock_may_be_five_minutes_out(house: House, case: tuple[str, dict[str, timedelta]]) -> None:
    answer = await house.send(BODY, sent=datetime.now(UTC) - case[1]["sent"])
    assert answer.status_code == 200


async def test_signatures_are_checked_by_machine_time_whatever_policy_time_is(house: House) -> None:
    house.set_clock(datetime(2020, 1, 1, tzinfo=UTC))
    assert (await house.send(BODY)).status_code == 200
    house.set_clock(datetime(2040, 1, 1, tzinfo=UTC))
    assert (await house.send(BODY)).status_code == 200
    assert (await house.send(BODY, sent=datetime(2040, 1, 1, tzinfo=UTC))).status_code == 401


async def test_one_good_signature_among_several_is_enough(house: House) -> None:
    good = headers(house)
    several = b"v1,AAAA " + first(good, "webhook-signature")
    answer = await post(house, headers_with(good, several))
    assert answer.status_code == 200


def headers_with(good: Headers, signature: bytes) -> Headers:
    return [(name, signature if name == "webhook-signature" else value) for name, value in good]


async def test_a_secret_is_rotated_without_a_gap(house: House) -> None:
    async def put(*secrets: str) -> None:
        body = {"source": "westward-inbox", "network": "standard", "secrets": list(secrets)}
        answer = await house.client.post("/sources", json=body, headers=house.staff("westward"))
        assert answer.status_code == 200, answer.text

    old, new = SECRETS["westward"], OTHER
    await put(new, old)
    assert (await house.send(BODY, secret=old)).status_code == 200
    assert (await house.send(BODY, secret=new)).status_code == 200
    await put(new)
    assert (await house.send(BODY, secret=old)).status_code == 401
    assert (await house.send(BODY, secret=new)).status_code == 200


async def test_one_name_at_two_organisations_is_told_apart_by_the_secret(house: House) -> None:
    body = {"source": "westward-inbox", "network": "standard", "secrets": [OTHER]}
    assert (await house.client.post("/sources", json=body, headers=house.staff("wheatley"))).status_code == 201
    assert (await house.send(BODY, secret=OTHER)).status_code == 200
    assert (await house.send(BODY)).status_code == 200
    rows = await house.rows.fetch("select organisation from deliveries order by place")
    assert [row["organisation"] for row in rows] == ["wheatley", "westward"]
