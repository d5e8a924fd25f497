"""Leavers on a real PostgreSQL: the rows of the table, each as one story."""

import pytest

from services.access.domain import SOURCE
from services.access.store import settling
from shared.contracts import access
from tests.integration.access.landlord import PDF, Landlord
from tests.unit.access.said import at, cancelled, changed, joined, left, rehired

REQUESTED = ["revoke-access", "revoke-access", "leaver-processed"]


@pytest.mark.parametrize("part", [settling.PART, 1], ids=["at once", "part by part"])
async def test_now_every_removal_is_requested_in_the_transaction_of_the_fact(
    staffed: Landlord, monkeypatch: pytest.MonkeyPatch, part: int
) -> None:
    monkeypatch.setattr(settling, "PART", part)
    await staffed.hear(left("p1", leave_at="Mon 08:59", id="hr-left"))
    told = await staffed.told()
    assert [event.name for event in told] == REQUESTED
    first, second, processed = told
    assert isinstance(first.data, access.RevokeAccess) and isinstance(second.data, access.RevokeAccess)
    assert (first.data.item.kind, first.data.item.id, first.data.action) == ("membership", "gw", "remove-member")
    assert (second.data.item.kind, second.data.item.id, second.data.action) == ("grant", "g1", "remove-role")
    assert (second.data.owner, second.data.leave_at, second.data.known_at) == ("m1", at("Mon 08:59"), at("Mon 09:00"))
    assert second.data.deadline == at("Tue 17:00")
    assert (second.key, second.source, second.causation_id) == ("p1", SOURCE, "hr-left")
    assert "westward:6.4" in second.clauses and "westward:9.1" in first.clauses
    assert isinstance(processed.data, access.LeaverProcessed)
    assert (processed.data.revocations, processed.data.held) == (2, 0)
    known = await staffed.revocations()
    assert {one.data.revocation for one in (first, second) if isinstance(one.data, access.RevokeAccess)} == {
        known[item]["revocation"] for item in ("gw", "g1")
    }
    assert {known[item]["state"] for item in ("gw", "g1")} == {"requested"}


async def test_confirmed_with_evidence_by_somebody_entitled(staffed: Landlord) -> None:
    await staffed.hear(left("p1"))
    known = await staffed.revocations()
    one = known["g1"]["revocation"]
    assert (await staffed.act(one, "confirm")).status_code == 422
    assert (await staffed.act(one, "confirm", person="p1", file=PDF)).status_code == 403
    assert (await staffed.act(one, "claim", person="p1")).status_code == 403
    answer = await staffed.act(one, "confirm", file=PDF)
    assert answer.status_code == 200, answer.text
    assert (answer.json()["state"], answer.json()["confirmed_by"], answer.json()["claimed_by"]) == (
        "confirmed", "k1", "k1",
    )  # fmt: skip
    assert (await staffed.act(one, "confirm", file=PDF)).status_code == 409
    held = (await staffed.get("/people/p1/access")).json()
    assert [item["id"] for item in held["items"]] == ["gw"]


async def test_ahead_it_is_planned_and_fires_once_also_after_downtime(staffed: Landlord) -> None:
    await staffed.hear(left("p1", leave_at="Fri 17:00"))
    assert await staffed.names() == ["leaver-planned"]
    await staffed.reach("Fri 16:59:59")
    assert await staffed.names() == ["leaver-planned"]
    await staffed.reach("+1 Wed 12:00")
    names = await staffed.names()
    assert names[:4] == ["leaver-planned", *REQUESTED]
    await staffed.reach("+1 Wed 12:01")
    assert (await staffed.names()) == names
    requested = [event.data for event in await staffed.told("revoke-access")]
    assert {one.leave_at for one in requested if isinstance(one, access.RevokeAccess)} == {at("Fri 17:00")}


async def test_cancelled_in_time_nothing_goes_and_afterwards_nothing_comes_back(staffed: Landlord) -> None:
    await staffed.hear(left("p1", leave_at="Fri 17:00"))
    await staffed.hear(cancelled("p1", time="Tue 09:00"))
    assert (await staffed.names())[1:] == ["revocation-cancelled"] * 2
    assert {row["state"] for row in (await staffed.revocations()).values()} == {"cancelled"}
    await staffed.forget()
    await staffed.hear(left("p1", leave_at="Mon 09:00", time="Wed 09:00"))
    assert await staffed.names() == REQUESTED
    await staffed.hear(cancelled("p1", time="Thu 09:00"))
    assert (await staffed.names())[3:] == ["reinstatement-requested"]


async def test_a_rehire_gets_no_access_and_a_late_event_of_the_old_stint_does_not_end_the_new(
    staffed: Landlord,
) -> None:
    await staffed.hear(left("p1", time="Mon 08:00"))
    await staffed.hear(rehired("p1", starts_on="2026-03-11", time="Tue 08:00"))
    await staffed.reach("Thu 09:00")
    await staffed.forget()
    await staffed.hear(left("p1", time="Mon 08:30"))
    assert await staffed.names() == []
    people = (await staffed.get("/people")).json()["items"]
    (mine,) = [one for one in people if one["person"] == "p1"]
    assert mine["state"] == "active" and [one["state"] for one in mine["stints"]] == ["left", "active"]


async def test_an_unknown_person_is_a_case_and_applies_when_the_stint_appears(staffed: Landlord) -> None:
    await staffed.hear(left("p9", time="Mon 08:00"))
    assert await staffed.names() == ["leaver-unmatched"]
    await staffed.hear(joined("p9", time="Tue 08:00"))
    assert await staffed.names() == ["leaver-unmatched", "leaver-processed"]
    (case,) = (await staffed.get("/cases")).json()["items"]
    assert (case["kind"], case["state"], case["outcome"]) == ("leaver-unmatched", "closed", "applied")


async def test_a_changed_date_plans_again_and_the_old_timer_does_nothing(staffed: Landlord) -> None:
    await staffed.hear(left("p1", leave_at="Tue 17:00"))
    await staffed.hear(changed("p1", leave_at="Thu 17:00", time="Mon 10:00"))
    await staffed.reach("Wed 09:00")
    assert await staffed.names() == ["leaver-planned", "leaver-planned"]
    await staffed.reach("Thu 17:00")
    assert (await staffed.names())[2:] == REQUESTED
