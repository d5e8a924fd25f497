"""One image of too much, at one landlord, keeps nobody waiting."""

from datetime import timedelta
from typing import Any

import pytest

from services.consent.jobs import Recheck
from shared.bus import Permanent
from tests.integration.consent.gallery import NOW, Gallery

OVERGROW = """
    update versions set description = jsonb_set(description, '{uses}', (
        select jsonb_agg(jsonb_build_object('use', 'use' || n, 'channel', 'website', 'purpose', 'news'))
        from generate_series(1, 4000) as n))
    where image = $1
"""


def crowd(people: int) -> list[dict[str, str]]:
    return [{"person": f"p{n}", "kind": "tenant"} for n in range(people)]


def places(uses: int) -> list[dict[str, str]]:
    return [{"use": f"u{n}", "channel": "website", "purpose": "news"} for n in range(uses)]


async def test_too_many_people_in_too_many_uses_are_refused_and_what_fits_is_told(gallery: Gallery) -> None:
    with pytest.raises(Permanent, match=r"^invalid: people in uses.*750"):
        await gallery.upload(people=crowd(4000), uses=places(250))
    await gallery.upload(people=crowd(72), uses=places(10))
    assert len((await gallery.last("consent-missing")).findings) == 730
    with pytest.raises(Permanent, match="750"):
        await gallery.publish(use="one more")
    await gallery.publish(use="u1")
    await gallery.hear(gallery.event("image-removed", image="i1", use="u1", at=NOW + timedelta(seconds=1)))


async def test_a_door_names_the_field_and_keeps_what_was(gallery: Gallery) -> None:
    await gallery.upload(uses=places(10))
    answer = await gallery.post("/images/i1/people", {"people": crowd(1000)})
    assert answer.status_code == 422
    (fault,) = answer.json()["errors"]
    assert fault["pointer"] == "/body/people" and "750" in fault["detail"]
    assert len((await gallery.get("/images/i1"))["people"]) == 1


async def test_an_image_that_cannot_be_judged_is_put_off_and_a_withdrawal_is_heeded(gallery: Gallery) -> None:
    await gallery.upload("i0")
    await gallery.upload("i1")
    await gallery.upload("i2", "wheatley")
    taken = {}
    for organisation in ("westward", "wheatley"):
        taken[organisation] = await gallery.consent(organisation=organisation)
    await gallery.settle()
    await gallery.rows.execute(OVERGROW, "i0")
    for organisation, consent in taken.items():
        await gallery.post(f"/consents/{consent}/withdraw", organisation=organisation)
    await gallery.settle()
    last: dict[str, Any] = {event.key: event.data for event in await gallery.told("consent-missing")}
    assert {image: "withdrawn" in {one.code for one in data.findings} for image, data in last.items()} == {
        "i0": False,
        "i1": True,
        "i2": True,
    }
    assert await gallery.rows.fetchval("select count(*) from recheck") == 0
    assert await gallery.rows.fetchval("select next_at from images where image = 'i0'") == NOW + timedelta(minutes=1)


async def test_what_was_put_off_is_judged_once_it_can_be(gallery: Gallery) -> None:
    await gallery.upload()
    consent = await gallery.consent()
    await gallery.settle()
    described = await gallery.rows.fetchval("select description from versions")
    await gallery.rows.execute(OVERGROW, "i1")
    await gallery.post(f"/consents/{consent}/withdraw")
    await gallery.settle()
    await gallery.rows.execute("update versions set description = $1", described)
    gallery.clock(NOW + timedelta(minutes=1))
    await gallery.settle()
    assert await gallery.verdicts() == ["background no-consent", "background", "background withdrawn"]


async def test_landlords_take_turns(gallery: Gallery) -> None:
    for n in range(5):
        await gallery.upload(f"i{n}", people=[{"person": f"p{n}", "kind": "tenant"}])
        await gallery.consent(person=f"p{n}")
    await gallery.upload("ours", "wheatley")
    await gallery.consent(organisation="wheatley")
    recheck = Recheck(gallery.bus, gallery.packs)
    for _ in range(2):
        assert await recheck.tick()
    assert {event.organisation for event in (await gallery.told("consent-missing"))[-2:]} == {"westward", "wheatley"}
