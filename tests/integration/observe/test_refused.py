"""Deliveries are counted by landlord and source, so that a secret that went wrong is seen, and strangers move nothing."""

import asyncio
import base64

import pytest
from prometheus_client.parser import text_string_to_metric_families

from services.intake.store.deliveries import LEADER
from tests.integration.intake.house import House, eventually

BODY = b'{"type": "site.heartbeat", "data": {"site": "facebook"}}'
OTHER = "whsec_" + base64.b64encode(b"a secret that nobody registered").decode()
THEIRS = "whsec_" + base64.b64encode(b"the secret of the second landlord").decode()
INBOX = "westward-inbox"
Counts = dict[tuple[str, str], float]


async def counted(house: House, name: str) -> Counts:
    """A counter by (organisation, source), whatever the reason."""
    text = (await house.client.get("/metrics")).text
    found: Counts = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == f"houserules_intake_{name}_total":
                whose = sample.labels["organisation"], sample.labels["source"]
                found[whose] = found.get(whose, 0) + sample.value
    return found


async def test_every_source_counts_from_nought_before_its_first_delivery(house: House) -> None:
    stop = asyncio.Event()
    reading = asyncio.create_task(house.service.app.state.book.run(stop))

    async def known() -> bool:
        return ("westward", INBOX) in await counted(house, "refused")

    await eventually(known, "the sources")
    stop.set()
    await reading
    expected = {("westward", INBOX): 0.0, ("wheatley", "wheatley-inbox"): 0.0}
    assert await counted(house, "accepted") == await counted(house, "refused") == expected


@pytest.mark.parametrize("reason", ["wrong", "missing"])
async def test_a_refusal_counts_for_its_source_and_one_of_a_stranger_apart(house: House, reason: str) -> None:
    headers = house.signed(BODY, secret=OTHER) if reason == "wrong" else {}
    for source in (INBOX, INBOX, "guessed", "guessed-again"):
        assert (
            await house.client.post(f"/webhooks/standard/{source}", content=BODY, headers=headers)
        ).status_code == 401
    refused = await counted(house, "refused")
    assert {whose: count for whose, count in refused.items() if count} == {("westward", INBOX): 2, ("", ""): 2}
    assert refused["wheatley", "wheatley-inbox"] == 0


async def test_two_landlords_with_one_name_are_told_apart_by_what_is_accepted(house: House) -> None:
    body = {"source": INBOX, "network": "standard", "secrets": [THEIRS]}
    assert (await house.client.post("/sources", json=body, headers=house.staff("wheatley"))).status_code == 201
    assert (await house.send(BODY)).status_code == 200
    for _ in range(3):
        assert (await house.send(BODY, secret=OTHER)).status_code == 401
    refused, accepted = await counted(house, "refused"), await counted(house, "accepted")
    assert refused["westward", INBOX] == refused["wheatley", INBOX] == 3
    assert (accepted["westward", INBOX], accepted["wheatley", INBOX]) == (1, 0)


async def test_the_worker_says_when_it_last_had_its_turn_and_another_does_not(house: House) -> None:
    async def turn() -> float:
        text = (await house.client.get("/metrics")).text
        (said,) = [line for line in text.splitlines() if line.startswith("houserules_intake_turn_timestamp_seconds ")]
        return float(said.split()[1])

    await house.rows.execute("select pg_advisory_lock($1)", LEADER)
    await house.worker.step()
    assert await turn() == 0
    await house.rows.execute("select pg_advisory_unlock($1)", LEADER)
    await house.worker.step()
    assert await turn() > 0
