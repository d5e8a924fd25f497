"""What comes with time: the ladder of what is overdue, the breaker's window, several processes."""

import asyncio

import pytest

from shared.contracts import access
from tests.integration.access.landlord import PDF, Landlord
from tests.unit.access.said import at, cancelled, changed, joined, left, suspended

LIMIT = 20


async def test_each_level_is_told_once_to_whom_it_concerns(staffed: Landlord) -> None:
    await staffed.hear(left("p2"))
    await staffed.forget()
    await staffed.reach("Mon 12:59:59")
    assert await staffed.names() == []
    await staffed.reach("Mon 13:00")
    await staffed.reach("Mon 13:01")
    await staffed.reach("Fri 09:00")
    told = [event.data for event in await staffed.told()]
    levels = [(one.level, one.deadline, one.notified) for one in told if isinstance(one, access.RevocationOverdue)]
    assert levels == [
        (1, at("Mon 13:00"), ("m1", "communications")),
        (2, at("Mon 17:00"), ("m1", "communications")),
        (3, at("Tue 17:00"), ("head-of-communications", "is-team")),
    ]


async def test_what_is_done_is_not_overdue(staffed: Landlord) -> None:
    await staffed.hear(left("p1"))
    known = await staffed.revocations()
    await staffed.act(known["g1"]["revocation"], "confirm", file=PDF)
    await staffed.forget()
    await staffed.reach("Wed 09:00")
    assert [event.data.revocation for event in await staffed.told()] == [known["gw"]["revocation"]]  # type: ignore[attr-defined] # its class
    assert set(await staffed.revocations(overdue="true")) == {"gw"}
    assert set(await staffed.revocations(overdue="false")) == {"g1"}
    assert (await staffed.revocations())["gw"]["level"] == 1


async def test_a_bare_date_is_the_end_of_that_local_day(staffed: Landlord) -> None:
    await staffed.hear(left("p1", leave_on="2026-04-01"))
    (planned,) = await staffed.told("leaver-planned")
    assert planned.data.leave_at.isoformat() == "2026-04-01T23:00:00+00:00"  # type: ignore[attr-defined] # summer time


async def test_a_date_in_9999_is_only_far_and_one_in_1970_is_past(staffed: Landlord) -> None:
    await staffed.hear(left("p1", leave_on="9999-12-31"), left("p2", leave_on="1970-01-01"))
    assert await staffed.names() == ["leaver-planned", "revoke-access", "leaver-processed"]
    assert (await staffed.get("/revocations")).status_code == 200
    assert (await staffed.get("/exports/people")).status_code == 200


async def _crowd(house: Landlord, count: int) -> None:
    await house.hear(*(joined(f"n{number}") for number in range(count)))
    await house.forget()


async def test_those_beyond_the_breaker_are_held_until_released(staffed: Landlord) -> None:
    await _crowd(staffed, LIMIT + 3)
    await staffed.brought("accounts", "account,person", f"x,n{LIMIT}")
    await staffed.brought("grants", "grant,account,site,role", "gn,x,page,editor")
    await staffed.hear(*(left(f"n{number}") for number in range(LIMIT + 2)))
    names = await staffed.names()
    assert names.count("leaver-processed") == LIMIT and names.count("leavers-held") == 1
    await staffed.hear(left(f"n{LIMIT + 2}", immediate=True))
    assert (await staffed.names()).count("leaver-processed") == LIMIT + 1
    (case,) = (await staffed.get("/cases", kind="leavers-held")).json()["items"]
    assert [one["person"] for one in case["held"]] == [f"n{LIMIT}", f"n{LIMIT + 1}"]
    way, token = f"/cases/{case['case']}", staffed.token("westward")
    assert (await staffed.client.post(f"{way}/dismiss", headers=token)).status_code == 409
    released = await staffed.client.post(f"{way}/release", headers=token, json={"note": "a closed office"})
    assert (released.status_code, released.json()["outcome"]) == (200, "released")
    assert (await staffed.names()).count("leaver-processed") == LIMIT + 3
    assert (await staffed.revocations())["gn"]["state"] == "requested"
    assert (await staffed.client.post(f"{way}/release", headers=token)).status_code == 409


async def test_a_leaver_who_is_held_back_administers_nothing(staffed: Landlord) -> None:
    await _crowd(staffed, LIMIT)
    await staffed.hear(*(left(f"n{number}") for number in range(LIMIT)), left("c1"))
    assert (await staffed.revocations())["gc"]["state"] == "planned"
    await staffed.hear(left("p2", immediate=True))
    assert (await staffed.revocations())["g2"]["state"] == "held-last-admin"


async def test_a_mistake_that_is_cancelled_while_held_leaves_everything_as_it_was(staffed: Landlord) -> None:
    await _crowd(staffed, LIMIT + 1)
    await staffed.hear(*(left(f"n{number}") for number in range(LIMIT)), left("p1"))
    await staffed.hear(cancelled("p1", time="Mon 09:30"))
    assert "reinstatement-requested" not in await staffed.names()
    assert {row["state"] for row in (await staffed.revocations()).values()} == {"cancelled"}
    (case,) = (await staffed.get("/cases", kind="leavers-held")).json()["items"]
    answer = await staffed.client.post(f"/cases/{case['case']}/dismiss", headers=staffed.token("westward"))
    assert answer.json()["outcome"] == "dismissed"
    staffed.clock("Tue 09:00")
    await staffed.hear(suspended("p1", time="Tue 09:00"))
    assert {row["state"] for row in (await staffed.revocations()).values()} == {"cancelled"}
    await staffed.hear(left("p1", time="Tue 09:00"))
    assert {row["state"] for row in (await staffed.revocations()).values()} == {"requested"}


async def test_whoever_is_let_go_leaves_on_the_day_that_was_said_last(staffed: Landlord) -> None:
    await _crowd(staffed, LIMIT)
    await staffed.hear(*(left(f"n{number}") for number in range(LIMIT)), left("p1"))
    await staffed.hear(changed("p1", leave_at="+3 Mon 09:00", time="Mon 09:30"))
    (case,) = (await staffed.get("/cases", kind="leavers-held")).json()["items"]
    await staffed.client.post(f"/cases/{case['case']}/release", headers=staffed.token("westward"))
    assert {row["state"] for row in (await staffed.revocations()).values()} == {"planned"}
    await staffed.reach("+3 Mon 09:00")
    assert {row["state"] for row in (await staffed.revocations()).values()} == {"requested"}


@pytest.mark.parametrize("ahead", [True, False], ids=["dated a day ahead: not counted", "within a day: counted"])
async def test_who_is_announced_well_ahead_does_not_count(staffed: Landlord, ahead: bool) -> None:
    await _crowd(staffed, LIMIT + 2)
    when = "Tue 09:00" if ahead else "Tue 08:59"
    await staffed.hear(*(left(f"n{number}", leave_at=when) for number in range(LIMIT + 2)))
    await staffed.reach("Tue 09:00")
    assert (await staffed.names()).count("leaver-processed") == (LIMIT + 2 if ahead else LIMIT)


async def test_the_window_is_an_hour(staffed: Landlord) -> None:
    await _crowd(staffed, 2 * LIMIT)
    await staffed.hear(*(left(f"n{number}") for number in range(LIMIT)))
    staffed.clock("Mon 10:00")
    await staffed.hear(*(left(f"n{number}") for number in range(LIMIT, 2 * LIMIT)))
    assert (await staffed.names()).count("leaver-processed") == 2 * LIMIT


async def test_several_timers_and_a_handler_at_once_tell_everything_once(staffed: Landlord) -> None:
    await _crowd(staffed, 15)
    await staffed.hear(
        *(left(f"n{number}", leave_at="Wed 09:00") for number in range(15)), left("p1", leave_at="Wed 09:00")
    )
    await staffed.forget()
    staffed.clock("Wed 09:00")
    await asyncio.gather(*(staffed.timer.tick() for _ in range(4)), staffed.hear(left("p1", time="Wed 09:00")))
    while await staffed.timer.tick():
        pass
    names = await staffed.names()
    assert (names.count("leaver-processed"), names.count("revoke-access")) == (16, 2)


async def test_quiet_says_what_is_due(staffed: Landlord) -> None:
    async def quiet() -> object:
        return (await staffed.client.get("/quiet", headers=staffed.token("", "ops"))).json()

    await staffed.hear(left("p1", leave_at="Tue 09:00"))
    assert await quiet() == {"quiet": False, "why": ["an event waits to be sent"]}
    await staffed.forget()
    staffed.clock("Tue 09:00")
    due = "a leave or an overdue revocation is due and not yet told"
    assert await quiet() == {"quiet": False, "why": [due]}
    await staffed.reach("Tue 09:00")
    await staffed.forget()
    assert await quiet() == {"quiet": True, "why": []}
