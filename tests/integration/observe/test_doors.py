"""What a running intake exposes of its doors: what may fail begins at nought, and what was answered 200 is still there."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from shared.platform.http import doors_of
from tests.integration.intake.house import House

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331"


async def exposed(house: House, name: str) -> dict[tuple[tuple[str, str], ...], float]:
    """The samples of a name, by their labels."""
    text = (await house.client.get("/metrics")).text
    return {
        tuple(sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name
    }


async def test_what_every_door_may_answer_begins_at_nought(house: House) -> None:
    requests = await exposed(house, "houserules_http_requests_total")
    doors = doors_of(house.service.app)
    assert len(doors) > 20
    for door in doors:
        for method in door.methods:
            for status in ("500", "503"):
                assert requests[("method", method), ("route", door.path), ("status", status)] == 0.0
    assert (await house.send(b"{}")).status_code == 200
    requests = await exposed(house, "houserules_http_requests_total")
    (counted,) = [labels for labels, value in requests.items() if value == 1 and ("method", "POST") in labels]
    assert counted in (await exposed(house, "houserules_http_requests_total"))
    assert dict(counted)["route"] in {door.path for door in doors}, "under the name that it began with"


async def test_a_delivery_that_was_answered_200_and_is_gone_is_seen(house: House) -> None:
    witness = house.accepting.witness
    for delivery in ("a", "b"):
        assert (await house.send(b"{}", id=delivery)).status_code == 200
    await house.settle()
    assert await witness.look() == 0
    assert await exposed(house, "houserules_intake_accepted_gone") == {(): 0.0}
    await house.rows.execute("delete from deliveries where delivery = 'b'")
    assert await witness.look() == 1
    assert await exposed(house, "houserules_intake_accepted_gone") == {(): 1.0}
    assert (await house.send(b"{}", id="b")).status_code == 200, "it is sent again"
    assert await witness.look() == 0


async def test_what_came_before_or_long_ago_is_not_looked_for(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both may be old enough to be deleted."""
    witness = house.accepting.witness
    assert (await house.send(b"{}", id="a")).status_code == 200
    with monkeypatch.context() as later:
        later.setattr("services.intake.jobs.witness.FOR_S", 0.0)
        assert await witness.look() == 0
    assert (await house.send(b"{}", id="a")).status_code == 200
    await house.settle()
    await house.rows.execute("delete from deliveries")
    assert await witness.look() == 0


@pytest.mark.parametrize(("said", "kept"), [(f"{TRACE}-01", f"{TRACE}-01"), ("ada@example.org", None)])
async def test_a_delivery_keeps_its_senders_span(house: House, said: str, kept: str | None) -> None:
    headers = house.signed(b"{}") | {"traceparent": said}
    answer = await house.client.post("/webhooks/standard/westward-inbox", content=b"{}", headers=headers)
    assert answer.status_code == 200
    assert await house.rows.fetchval("select traceparent from deliveries") == kept
