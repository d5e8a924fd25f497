"""Who leaves loses all access: from what HR says, over its topic or over HTTP, to the last confirmation."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.e2e.leaving import PEOPLE, Leaving
from tests.e2e.scenery import listed
from tests.e2e.world import World, words

FIVE = {
    "g1": ("grant", "remove-role"),
    "g2": ("grant", "remove-role"),
    "g3": ("grant", "remove-role"),
    "g4": ("membership", "remove-member"),
    "profile": ("profile", "close-profile"),
}
"""By access item, its kind and what removes it."""
BY_TIME = {name: "2026-09-08 17:00" for name in FIVE} | {"g2": "2026-09-07 13:00"}
"""From Monday at nine: two working days, and four working hours for an administrator."""

REQUESTED = [*["revoke-access"] * 5, "leaver-processed"]


@pytest_asyncio.fixture(params=["westward", "wheatley"])
async def leaving(request: pytest.FixtureRequest, world: World) -> AsyncIterator[Leaving]:
    """Somebody with five grants, on a Monday at nine; at each landlord."""
    await world.at("2026-09-07 09:00")
    one = Leaving(world, request.param)
    await one.register()
    yield one


def _other(leaving: Leaving) -> Leaving:
    """Whoever has the same HR number, and the same ids of everything, at the other landlord."""
    return Leaving(leaving.world, "wheatley" if leaving.organisation == "westward" else "westward", leaving.mark)


@pytest.mark.parametrize("way", ["over its topic", "over HTTP"])
async def test_a_leaver_of_five_grants_loses_all_five(leaving: Leaving, way: str) -> None:
    other = _other(leaving)
    await other.register()
    event = leaving.event("staff-left", "2026-09-07T08:00:00Z")
    send = leaving.over_kafka if way == "over its topic" else leaving.over_http
    await send(event)
    told = await leaving.told()
    assert [heard.name for heard in told] == REQUESTED
    assert {heard.event.get("causationid") for heard in told} == {event["id"]}
    asked = {heard.data["item"]["id"].removesuffix(f"-{leaving.mark}"): heard.data for heard in told[:-1]}
    assert {name: (one["item"]["kind"], one["action"]) for name, one in asked.items()} == FIVE
    assert {name: words(one["deadline"]) for name, one in asked.items()} == BY_TIME
    assert {(one["owner"], one["reason"]) for one in asked.values()} == {(leaving.id("boss"), "left")}
    assert (told[-1].data["revocations"], told[-1].data["held"]) == (5, 0)
    assert (await other.names(), await other.holds()) == ([], sorted(FIVE))
    await send(event)
    await leaving.over_http(leaving.event("staff-left", "2026-09-07T08:00:00Z"))
    await leaving.over_kafka(leaving.event("staff-left", "2026-09-07T08:00:00Z"))
    assert await leaving.names() == []


async def test_a_removal_is_done_when_somebody_entitled_has_seen_it(leaving: Leaving) -> None:
    await leaving.over_http(leaving.event("staff-left", "2026-09-07T08:00:00Z", immediate=True))
    await leaving.told()
    known = await leaving.revocations()
    editor, admin = known["g1"]["revocation"], known["g2"]["revocation"]
    comms, head = leaving.id("comms"), leaving.id("head")
    assert (await leaving.act(editor, "confirm", "communications", comms, shown=False)).status_code == 422
    assert (await leaving.act(editor, "confirm", "communications", leaving.person)).status_code == 403
    assert (await leaving.act(editor, "confirm", "is-team", "is-1")).status_code == 403
    assert (await leaving.act(admin, "claim", "communications", comms)).status_code == 200
    assert (await leaving.act(admin, "confirm", "communications", comms)).status_code == 403
    for name, one in known.items():
        done = await leaving.act(one["revocation"], "confirm", "head-of-communications", head)
        assert done.status_code == 200, (name, done.text)
    names = await leaving.names()
    assert (names.count("revocation-claimed"), names.count("revocation-confirmed")) == (5, 5)
    assert await leaving.holds() == []
    assert {one["state"] for one in (await leaving.revocations()).values()} == {"confirmed"}


async def test_dated_ahead_nothing_goes_before_and_all_of_it_once_after_downtime(world: World) -> None:
    await world.at("2026-09-07 09:00")
    both = [Leaving(world, "westward"), Leaving(world, "wheatley")]
    for one in both:
        await one.register()
        await one.over_kafka(one.event("staff-left", "2026-09-07T08:00:00Z", leave_at="2026-09-11T16:00:00Z"))
        assert await one.names() == ["leaver-planned"]
        assert {row["state"] for row in (await one.revocations()).values()} == {"planned"}
    await world.at("2026-09-11 16:59:59")
    assert [await one.names() for one in both] == [[], []]
    await asyncio.to_thread(world.running.stack.halt, "access")
    world.stand_at("2026-09-11 18:00")
    await asyncio.to_thread(world.running.stack.resume, "access")
    for one in both:
        told = await one.told()
        assert [heard.name for heard in told] == REQUESTED
        assert {words(heard.data["leave_at"]) for heard in told} == {"2026-09-11 17:00"}
        deadlines = {words(heard.data["deadline"]) for heard in told[:-1]}
        assert deadlines == {"2026-09-15 17:00", "2026-09-14 13:00"}
    killed = world.running.stack.kill("access")
    await world.is_back("access", killed)
    assert [await one.names() for one in both] == [[], []]


async def test_a_bare_date_is_the_end_of_that_local_day(leaving: Leaving) -> None:
    await leaving.over_http(leaving.event("staff-left", "2026-09-07T08:00:00Z", leave_on="2026-09-07"))
    assert await leaving.names() == ["leaver-planned"]
    await leaving.world.at("2026-09-07 23:59:59")
    assert await leaving.names() == []
    await leaving.world.at("2026-09-08 00:00")
    assert await leaving.names() == REQUESTED


async def test_the_last_administrator_stays_until_the_site_has_another(leaving: Leaving) -> None:
    comms = Leaving(leaving.world, leaving.organisation, leaving.mark, who="comms")
    await comms.over_kafka(comms.event("staff-left", "2026-09-07T08:00:00Z"))
    told = await comms.told()
    assert [heard.name for heard in told] == ["revocation-held", "leaver-processed"]
    assert (told[-1].data["revocations"], told[-1].data["held"]) == (1, 1)
    site = await leaving.world.ask("access", f"/sites/{leaving.id('news')}/holders", leaving.organisation)
    states = {one["grant"]: one["revocation_state"] for one in site.json()["holders"]}
    assert states == {leaving.id("g2"): None, leaving.id("gc"): "held-last-admin"}
    await leaving.bring("people", PEOPLE, "next-*,,,,,s1,2020-01-06,,communications")
    await leaving.bring("accounts", "account,person,network,kind", "an-*,next-*,facebook,work")
    assert await comms.names() == []
    await leaving.bring("grants", "grant,account,site,role", "gn-*,an-*,news-*,admin")
    (released,) = await comms.told()
    assert (released.name, released.data["item"]["id"]) == ("revoke-access", leaving.id("gc"))
    assert (await comms.revocations())["gc"]["state"] == "requested"


async def test_what_hr_says_late_is_due_from_when_it_was_known(leaving: Leaving) -> None:
    await leaving.over_http(leaving.event("staff-left", "2026-09-02T09:00:00Z", leave_at="2026-09-01T16:00:00Z"))
    told = await leaving.told()
    assert [heard.name for heard in told] == REQUESTED
    for heard in told[:-1]:
        assert words(heard.data["leave_at"]) == "2026-09-01 17:00"
        assert words(heard.data["known_at"]) == "2026-09-07 09:00"
    asked = {heard.data["item"]["id"].removesuffix(f"-{leaving.mark}"): heard.data for heard in told[:-1]}
    assert {name: words(one["deadline"]) for name, one in asked.items()} == BY_TIME
    await leaving.world.at("2026-09-07 13:00")
    (overdue,) = await leaving.told()
    assert (overdue.name, overdue.data["level"]) == ("revocation-overdue", 1)
    assert overdue.data["notified"] == [leaving.id("boss"), "communications"]


async def test_dates_that_no_employment_has_neither_stop_anything_nor_are_lost(leaving: Leaving) -> None:
    far = leaving.event("staff-left", "2026-09-07T08:00:00Z", leave_on="9999-12-31")
    await leaving.over_kafka(far)
    assert await leaving.names() == ["leaver-planned"]
    both = leaving.event("staff-left", "2026-09-07T08:00:00Z", leave_on="2026-09-30", leave_at="2026-09-30T16:00:00Z")
    await leaving.over_kafka(both)
    past = leaving.event("leave-date-changed", "2026-09-07T08:00:01Z", leave_on="1970-01-01")
    await leaving.over_kafka(past)
    assert await leaving.names() == REQUESTED
    letters = await listed(leaving.world, "access", "/dead-letters", leaving.organisation, "ops")
    topic = f"houserules.in.{leaving.organisation}.people"
    assert ("invalid", topic) in {(one["code"], one["topic"]) for one in letters}
