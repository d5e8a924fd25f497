"""Tokens, dead letters, failed deliveries and inbound topics through the command line."""

import asyncio
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import uuid4

import httpx
import pytest
from standardwebhooks import Webhook

from shared.bus.codec import Wire
from shared.cli.kafka import send
from tests.integration.stack.conftest import Houserules
from tests.stacks import RunningStack


def eventually(holds: Callable[[], bool], seconds: float = 60) -> None:
    """Wait until it does."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.2)


def test_a_token_opens_the_door_of_its_role(house: RunningStack, houserules: Houserules) -> None:
    done = houserules("token", "--organisation", "westward", "--role", "communications", "--person", "p-7")
    url = house.file["services"]["sla"]
    answer = httpx.get(f"{url}/targets", headers={"Authorization": f"Bearer {done.out.strip()}"})
    assert answer.status_code == 200
    hr = houserules("token", "--organisation", "westward", "--role", "people-team").out.strip()
    assert httpx.get(f"{url}/targets", headers={"Authorization": f"Bearer {hr}"}).status_code == 403


@pytest.mark.parametrize("organisation", ["westward", "wheatley"])
def test_an_hr_event_goes_to_the_organisations_own_topic(
    house: RunningStack, houserules: Houserules, organisation: str
) -> None:
    person = f"p-{uuid4()}"
    sent = houserules(
        "publish", "staff-left", "--organisation", organisation, f"person={person}", "leave_at=+2h", "--json"
    )  # fmt: skip
    assert sent.code == 0, sent.err
    where = json.loads(sent.out)
    assert where["topic"] == f"houserules.in.{organisation}.people"
    watched = houserules("watch", "people", "--json", "--from-beginning", "--until-quiet", "1")
    (event,) = [e for e in map(json.loads, watched.out.splitlines()) if e["key"] == person]
    assert event["id"] == where["id"]
    assert event["source"] == f"/{organisation}/hr"
    assert (event["partition"], event["offset"]) == (where["partition"], where["offset"])
    assert event["data"]["leave_at"].endswith("Z")


def test_what_a_service_cannot_read_is_listed_shown_and_sent_again(house: RunningStack, houserules: Houserules) -> None:
    event_id = f"bad-{uuid4()}"
    headers = {"ce_specversion": "1.0", "ce_id": event_id, "ce_source": "/elsewhere", "ce_organisation": "westward",
               "ce_type": "houserules.message-received.v1", "ce_time": "2026-03-27T16:30:00Z"}  # fmt: skip
    wire = Wire(b"c", [(name, value.encode()) for name, value in headers.items()], b"{}")
    written = asyncio.run(send(house.file["kafka"], "houserules.messages", wire))

    def letters() -> list[dict[str, object]]:
        found = json.loads(houserules("dead-letters", "list", "--topic", "houserules.messages", "--json").out)
        return [one for one in found if one["partition"] == written.partition and one["offset"] >= written.offset]

    eventually(lambda: bool(letters()))
    letter = letters()[0]
    assert letter.keys() == {"id", "group", "topic", "partition", "offset", "code", "at", "state"}
    assert (letter["group"], letter["code"], letter["state"]) == ("houserules-sla", "forged-source", "open")
    shown = json.loads(houserules("dead-letters", "show", str(letter["id"])).out)
    assert shown["attributes"]["ce_id"] == event_id
    done = houserules("dead-letters", "redrive", str(letter["id"]))
    assert (done.code, done.out) == (0, ""), done.err
    eventually(lambda: len(letters()) == 2)
    assert [one["state"] for one in letters()] == ["redriven", "open"]
    again = houserules("dead-letters", "redrive", str(letter["id"]))
    assert again.code == 1
    assert "409" in again.err
    assert houserules("dead-letters", "show", "nope").code == 1
    open_one = str(letters()[1]["id"])
    closed = houserules("dead-letters", "close", open_one, "--reason", "it was told again, right")
    assert (closed.code, closed.out, closed.err) == (0, "", f"{open_one}: closed.\n")
    assert [one["state"] for one in letters()] == ["redriven", "closed"]
    twice = houserules("dead-letters", "close", open_one, "--reason", "again")
    assert (twice.code, "409" in twice.err) == (1, True)


def test_a_signed_delivery_that_cannot_be_read_is_listed_and_read_again(
    house: RunningStack, houserules: Houserules
) -> None:
    webhook = house.file["webhooks"]["westward"]
    delivery, now, body = f"d-{uuid4()}", datetime.now(UTC), '{"type": "message.received", "data": {"message": 1}}'
    signature = Webhook(webhook["secret"]).sign(delivery, now, body)
    headers = {"webhook-id": delivery, "webhook-timestamp": str(int(now.timestamp())), "webhook-signature": signature}
    assert httpx.post(webhook["url"], content=body, headers=headers).status_code == 200

    def failed() -> list[dict[str, object]]:
        return list(json.loads(houserules("deliveries", "list", "--json").out))

    eventually(lambda: bool(failed()))
    (one,) = failed()
    assert one["organisation"] == "westward"
    assert json.loads(houserules("deliveries", "show", str(one["id"])).out)["state"] == "failed"
    assert houserules("deliveries", "retry", str(one["id"])).code == 0
    eventually(lambda: [again["attempts"] for again in failed()] == [2])
    assert houserules("deliveries", "retry", "--all").code == 0


def test_positions_are_not_reset_under_a_service_that_reads(house: RunningStack, houserules: Houserules) -> None:
    refused = houserules("positions", "reset", "sla", "houserules.messages")
    assert refused.code == 1
    assert "is up and reading" in refused.err
    assert houserules("positions", "reset", "sla", "houserules.people").code == 2
    house.stack.halt("sla")
    try:
        done = houserules("positions", "reset", "sla", "houserules.messages", "--to", "end", "--json")
    finally:
        house.stack.resume("sla")
    assert done.code == 0, done.err
    assert [row["partition"] for row in json.loads(done.out)] == list(range(6))


def test_migrate_finds_nothing_left_to_do(house: RunningStack, houserules: Houserules) -> None:
    url = house.stack.databases["sla"].owner_url
    done = houserules("migrate", "sla", SLA_OWNER_URL=url)
    assert done.code == 0, done.err
    assert "sla: at migration" in done.err
