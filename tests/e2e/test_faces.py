"""No face without a form: from an upload, over the library's topic or over HTTP, to the verdict and what changes it."""

import pytest
import pytest_asyncio

from tests.e2e.faces import Faces
from tests.e2e.world import World, words

MONDAY = "2026-11-02 09:00"


@pytest_asyncio.fixture(params=["westward", "wheatley"])
async def faces(request: pytest.FixtureRequest, world: World) -> Faces:
    """An image to come, on a Monday at nine; at each landlord."""
    await world.at(MONDAY)
    return Faces(world, request.param)


@pytest.mark.parametrize("way", ["over its topic", "over HTTP"])
async def test_three_people_one_without_a_form_and_then_the_form(faces: Faces, way: str) -> None:
    """One event names person, use and code; the form as multipart makes one that says that it is put right."""
    await faces.agreed("p1")
    await faces.agreed("p2")
    send = faces.over_kafka if way == "over its topic" else faces.over_http
    upload = faces.uploaded("p1", "p2", "p3")
    await send(upload)
    (missing,) = await faces.told()
    assert missing.name == "consent-missing"
    assert missing.data["findings"] == [
        {
            "person": faces.id("p3"),
            "use": faces.id("use"),
            "channel": "internal",
            "decision": "block",
            "code": "no-consent",
        }
    ]
    assert (missing.data["decision"], missing.data["at_stage"]) == ("block", "upload")
    assert missing.event["causationid"] == upload["id"]
    policy = "westward:10.4" if faces.organisation == "westward" else "wheatley:policy-details"
    assert policy in missing.event["clauses"]
    await send(upload)
    assert await faces.verdicts() == []
    await faces.agreed("p3")
    assert await faces.verdicts() == ["satisfied"]
    shown = (await faces.world.ask("consent", f"/images/{faces.image}/decision", faces.organisation)).json()
    assert (shown["decision"], shown["findings"]) == ("permit", [])


async def test_a_withdrawal_with_a_live_use_is_told_and_has_it_taken_down(faces: Faces) -> None:
    consent = await faces.agreed("p1", "website")
    await faces.over_kafka(faces.uploaded("p1", channel="website"))
    await faces.world.settle()
    cleared = await faces.act(f"/images/{faces.image}/clear-background", content_hash=faces.hash)
    assert cleared.json()["decision"] == "permit"
    await faces.over_kafka(faces.published("website"))
    assert await faces.verdicts() == ["missing: use background", "satisfied"]
    assert (await faces.act(f"/consents/{consent}/withdraw")).json()["state"] == "withdrawn"
    told = await faces.told()
    assert [heard.name for heard in told] == ["consent-missing", "takedown-requested"]
    takedown = told[1].data
    assert (takedown["use"], takedown["reason"]) == (faces.id("use"), "withdrawn")
    assert words(takedown["deadline"]) == "2026-11-02 17:00", "one working day, by the opening hours"
    gone = await faces.act(f"/takedowns/{takedown['takedown']}/verify", evidence="looked at the page")
    assert gone.json()["state"] == "confirmed"
    assert "takedown-confirmed: withdrawn" in await faces.verdicts()


async def test_staff_need_no_form_inside_until_they_leave(faces: Faces) -> None:
    await faces.over_http(faces.event("staff-joined", person=faces.id("p1"), stint="s1", starts_on="2020-01-06"))
    await faces.world.settle()
    await faces.over_http(faces.uploaded("p1", kind="staff"))
    assert await faces.verdicts() == ["satisfied"]
    await faces.over_kafka(faces.event("staff-left", person=faces.id("p1"), stint="s1", leave_on="2026-11-03"))
    assert await faces.verdicts() == []
    await faces.world.at("2026-11-03 23:59:59")
    assert await faces.verdicts() == []
    await faces.world.at("2026-11-04 00:00")
    assert await faces.verdicts() == ["missing: p1 in use role-basis-ended"]


@pytest.mark.parametrize(
    ("organisation", "expected"),
    [("westward", ["missing: p1 in use form-required"]), ("wheatley", ["satisfied"])],
)
async def test_word_of_mouth_counts_where_the_policy_asks_for_approval(
    world: World, organisation: str, expected: list[str]
) -> None:
    await world.at(MONDAY)
    faces = Faces(world, organisation)
    await faces.agreed("p1", form=None)
    await faces.over_kafka(faces.uploaded("p1"))
    assert await faces.verdicts() == expected


async def test_a_form_that_is_no_form_is_refused_and_one_dated_tomorrow_does_not_count(faces: Faces) -> None:
    executable = await faces.record("p1", form=("form.pdf", b"\x7fELF\x02\x01\x01" + bytes(100)))
    assert (executable.status_code, executable.json()["type"]) == (415, "urn:houserules:problem:unsupported-form")
    large = await faces.record("p1", form=("form.pdf", b"%PDF-1.7" + bytes(3 * 1024 * 1024)))
    assert (large.status_code, large.json()["type"]) == (413, "urn:houserules:problem:too-large")
    tomorrow = await faces.record("p1", taken_on="2026-11-03")
    assert (tomorrow.status_code, tomorrow.json()["state"]) == (201, "invalid")
    await faces.over_kafka(faces.uploaded("p1"))
    assert await faces.verdicts() == ["missing: p1 in use invalid-form"]
