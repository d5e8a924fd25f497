"""What a transaction of consent holds while it decides, and what others may do beside it."""

import asyncio

from services.consent.store import images, people
from tests.integration.consent.gallery import Gallery

BLOCKED = """
    select count(*) > 0 as waits from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock'
"""


async def _waits(gallery: Gallery, acting: "asyncio.Task[None]") -> bool:
    """Whether somebody is waited for; False once it is done without."""
    while not (waits := bool((await gallery.bus.database.fetch(BLOCKED))[0].waits)) and not acting.done():
        await asyncio.sleep(0.01)
    return waits


async def _leaves(gallery: Gallery, person: str) -> None:
    await gallery.hear(gallery.event("staff-left", person=person, stint="s1", immediate=True))


async def _shows(gallery: Gallery, person: str) -> None:
    await gallery.upload(people=[{"person": person, "kind": "staff"}])


async def test_a_person_in_other_hands_is_waited_for(gallery: Gallery) -> None:
    """Whoever says something of them, and whoever judges an image of theirs: else that image would be judged on less."""
    for person in ("p1", "p2"):
        await gallery.hear(gallery.event("staff-joined", person=person, stint="s1", starts_on="2020-01-01"))
    for act in (_leaves, _shows):
        async with gallery.bus.transaction() as tx:
            await people.lock(tx, [("westward", "p1"), ("wheatley", "p2")])
            acting = asyncio.create_task(act(gallery, "p1"))
            assert await _waits(gallery, acting)
            await _leaves(gallery, "p2")
        await acting


async def test_two_may_judge_images_of_one_person(gallery: Gallery) -> None:
    await gallery.hear(gallery.event("staff-joined", person="p1", stint="s1", starts_on="2020-01-01"))
    async with gallery.bus.transaction() as tx:
        await people.share(tx, [("westward", "p1")])
        acting = asyncio.create_task(_shows(gallery, "p1"))
        waits = await _waits(gallery, acting)
    await acting
    assert not waits


async def test_an_image_in_other_hands_is_waited_for(gallery: Gallery) -> None:
    await gallery.upload()
    await gallery.upload(image="i2")
    async with gallery.bus.transaction() as tx:
        await images.lock(tx, [("westward", "i1"), ("wheatley", "i2")])
        acting = asyncio.create_task(gallery.publish())
        assert await _waits(gallery, acting)
        await gallery.publish(image="i2")
    await acting
