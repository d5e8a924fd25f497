"""What comes to the doors and is no good: refused or set aside, never a 500, and nothing of it stored that should not be."""

import base64
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from standardwebhooks import Webhook

from shared.platform.ids import uuid7
from tests.e2e.scenery import listed
from tests.e2e.world import World

Headers = list[tuple[str, str]]
CAP = 4 * 1024 * 1024


def other(secret: str) -> str:
    """A secret that is not theirs."""
    return "whsec_" + base64.b64encode(base64.b64decode(secret.removeprefix("whsec_"))[::-1]).decode()


def signed(secret: str, raw: bytes, sent: datetime | None = None) -> dict[str, str]:
    """The three headers by the standard's own library."""
    identity, sent = uuid7(), sent or datetime.now(UTC)
    return {
        "webhook-id": identity,
        "webhook-timestamp": str(int(sent.timestamp())),
        "webhook-signature": Webhook(secret).sign(identity, sent, raw.decode()),
    }


def without(name: str) -> Callable[[str, bytes], Headers]:
    return lambda secret, raw: [pair for pair in signed(secret, raw).items() if pair[0] != name]


def having(name: str, value: str) -> Callable[[str, bytes], Headers]:
    return lambda secret, raw: list((signed(secret, raw) | {name: value}).items())


def doubled(name: str) -> Callable[[str, bytes], Headers]:
    return lambda secret, raw: [*(pairs := signed(secret, raw)).items(), (name, pairs[name])]


SIGNATURES: dict[str, Callable[[str, bytes], Headers]] = {
    "none at all": lambda secret, raw: [],
    "no id": without("webhook-id"),
    "no timestamp": without("webhook-timestamp"),
    "no signature": without("webhook-signature"),
    "empty": having("webhook-signature", ""),
    "another secret's": lambda secret, raw: list(signed(other(secret), raw).items()),
    "of other bytes": lambda secret, raw: list(signed(secret, raw + b" ").items()),
    "of another id": having("webhook-id", "another"),
    "no pair": having("webhook-signature", "v1"),
    "no base64": having("webhook-signature", "v1,%%%"),
    "one character of base64": having("webhook-signature", "v1,A"),
    "no ASCII": having("webhook-signature", "v1,\u00e9\u00e9"),
    "another version": having("webhook-signature", "v2,AAAA"),
    "timestamp no number": having("webhook-timestamp", "soon"),
    "timestamp infinite": having("webhook-timestamp", "1e400"),
    "timestamp not a number": having("webhook-timestamp", "nan"),
    "timestamp enormous": having("webhook-timestamp", "9" * 40),
    "old": lambda secret, raw: list(signed(secret, raw, datetime.now(UTC) - timedelta(minutes=6)).items()),
    "of the future": lambda secret, raw: list(signed(secret, raw, datetime.now(UTC) + timedelta(minutes=6)).items()),
    "doubled id": doubled("webhook-id"),
    "doubled timestamp": doubled("webhook-timestamp"),
    "doubled signature": doubled("webhook-signature"),
}


async def post(world: World, headers: Headers, content: bytes | AsyncIterator[bytes], url: str = "") -> httpx.Response:
    """Bytes to the webhook door with exactly these headers."""
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    return await world.client.post(url or world.address("westward"), content=content, headers=raw)


async def stored(world: World) -> int:
    """How many deliveries intake's database has."""
    (row,) = await world.rows("intake", "select count(*) as many from deliveries")
    return int(row["many"])


@pytest.mark.parametrize("fault", SIGNATURES)
async def test_a_delivery_that_is_not_proven_is_a_401_and_stored_nowhere(world: World, fault: str) -> None:
    body, before = world.body("site.heartbeat", site="s"), await stored(world)
    answer = await post(world, SIGNATURES[fault](world.secret("westward"), body), body)
    assert (answer.status_code, answer.json()["type"]) == (401, "urn:houserules:problem:unproven")
    assert await stored(world) == before


async def test_an_unknown_source_is_the_same_401(world: World) -> None:
    body, before = world.body("site.heartbeat", site="s"), await stored(world)
    headers = list(signed(world.secret("westward"), body).items())
    url = world.url("intake", "/webhooks/standard/nobody")
    unknown = await post(world, headers, body, url)
    unsigned = await post(world, [], body)
    assert (unknown.status_code, unsigned.status_code) == (401, 401)
    assert unknown.json() | {"instance": ""} == unsigned.json() | {"instance": ""}
    assert await stored(world) == before


async def test_a_body_over_the_cap_is_a_413_whether_it_announces_its_length_or_not(world: World) -> None:
    raw, before = b"x" * (CAP + 1), await stored(world)
    headers = list(signed(world.secret("westward"), raw).items())

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(raw), 65536):
            yield raw[start : start + 65536]

    announced = await post(world, headers, raw)
    chunked = await post(world, headers, chunks())
    for answer in (announced, chunked):
        assert (answer.status_code, answer.json()["type"]) == (413, "urn:houserules:problem:too-large")
    assert await stored(world) == before
    within = json.dumps({"type": "of no kind", "data": {"x": "x" * (CAP - 100)}}).encode()
    assert (await world.deliver("westward", within)).status_code == 200


MALFORMED = {
    "no JSON": b"{",
    "no object": b"[]",
    "no type": b'{"data": {}}',
    "no data": b'{"type": "message.received"}',
    "wrong value": b'{"type": "message.replied", "data": {"conversation": "c", "reply": "r", "site": "s", "visibility": 7}}',
    "time without offset": b'{"type": "site.heartbeat", "data": {"site": "s", "at": "2026-03-23T09:00:00"}}',
    "NUL": b'{"type": "site.heartbeat", "data": {"site": "s\\u0000"}}',
    "deep": b'{"type": "message.received", "data": ' + b"[" * 5000 + b"]" * 5000 + b"}",
}


@pytest.mark.parametrize("fault", MALFORMED)
async def test_signed_but_malformed_is_a_200_and_a_failed_delivery(world: World, fault: str) -> None:
    before = {one["id"] for one in await listed(world, "intake", "/deliveries", "westward")}
    heard = len(await world.listener.read())
    assert (await world.deliver("westward", MALFORMED[fault])).status_code == 200
    await world.settle()
    after = await listed(world, "intake", "/deliveries", "westward")
    (new,) = [one for one in after if one["id"] not in before]
    assert (new["state"], new["attempts"]) == ("failed", 1)
    assert new["code"] in ("invalid", "undecodable")
    assert len(await world.listener.read()) == heard


async def test_a_failed_delivery_is_read_again_by_the_command_once_it_is_mended(world: World) -> None:
    external = f"m-{uuid7()}"
    body = world.body(
        "message.received", conversation=external, message=external, site="s", network="facebook",
        visibility="friends", posted_at="2026-03-23T09:00:00Z", text="When?", author={"id": "a"},
    )  # fmt: skip
    assert (await world.deliver("westward", body)).status_code == 200
    await world.settle()
    (failed,) = [
        one
        for one in json.loads(houserules(world, "deliveries", "list", "--json"))
        if await holds(world, one["id"], external)
    ]
    assert (failed["organisation"], failed["state"]) == ("westward", "failed")

    houserules(world, "deliveries", "retry", failed["id"])
    await world.settle()
    shown = json.loads(houserules(world, "deliveries", "show", failed["id"]))
    assert (shown["state"], shown["attempts"]) == ("failed", 2)

    mended = body.replace(b'"friends"', b'"public" ')  # what a release would do that knows the sender's word
    await world.rows("intake", "update deliveries set raw = $1 where place = $2", mended, int(failed["id"]))
    houserules(world, "deliveries", "retry", "--all")
    await world.settle()
    assert json.loads(houserules(world, "deliveries", "show", failed["id"]))["state"] == "done"
    item = await world.item("westward", external)
    names = [heard.name for heard in await world.listener.about("westward", item["conversation"])]
    assert names.count("message-received") == 1


async def holds(world: World, delivery: str, text: str) -> bool:
    """Whether that delivery's bytes have the text."""
    rows = await world.rows("intake", "select raw from deliveries where place = $1", int(delivery))
    return bool(rows and rows[0]["raw"] and text.encode() in rows[0]["raw"])


def houserules(world: World, *arguments: str) -> str:
    """The command as people run it; what it printed."""
    done = subprocess.run(
        [str(Path(sys.executable).with_name("houserules")), *arguments],
        check=False,
        env=os.environ | world.running.environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
