"""consent as a process on a real broker: an image library writes, a verdict comes out; and again when it is killed."""

from collections import Counter
from typing import Any

from shared.contracts import Event
from tests.integration.consent.gallery import HASH, NOW, Gallery
from tests.integration.consent.studio import Studio, eventually, open_studio

IMAGES = 240
WAITING = """
    select count(*) as many from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock' and backend_xid is not null
"""


def upload(gallery: Gallery, image: str, person: str) -> Event:
    """Somebody, inside."""
    described: dict[str, Any] = {
        "image": image,
        "content_hash": HASH,
        "uploader": "u1",
        "people": [{"person": person, "kind": "tenant"}],
        "uses": [{"use": "in", "channel": "internal", "purpose": "news"}],
    }
    return gallery.event("image-uploaded", **described, at=NOW, copyright={"basis": "owned"})


async def test_an_upload_comes_in_and_what_is_missing_goes_out(gallery: Gallery, kafka: str, topic_prefix: str) -> None:
    async with open_studio(gallery, kafka, topic_prefix) as studio:
        studio.start()
        sent = upload(gallery, "i1", "p1")
        await studio.write(sent)
        await studio.quiet(1)
        (event,) = await studio.told()
        assert (event.name, event.source, event.key) == ("consent-missing", "/houserules/consent", "i1")
        assert event.organisation == "westward"
        assert [one.code for one in event.data.findings] == ["no-consent"]  # type: ignore[attr-defined] # of consent-missing
        assert (event.causation_id, event.clauses) == (sent.id, ("westward:4.10", "westward:10.4"))
        assert await studio.end() == 0


async def test_a_worker_killed_while_images_come_in_decides_each_right_and_once(
    gallery: Gallery, kafka: str, topic_prefix: str
) -> None:
    """Every fourth image is of somebody who signed. Killed once inside a transaction that has written, once on the way."""
    await gallery.consent(person="signed", channels=["internal"])
    await gallery.rows.execute("delete from outbox")  # it was to go to other topics than the studio's
    images = {f"i{n:03}": ["signed", "p1", "p2", "p3"][n % 4] for n in range(IMAGES)}
    uploads = [upload(gallery, image, person) for image, person in images.items()]
    async with open_studio(gallery, kafka, topic_prefix) as studio:
        await _killed_inside(studio, uploads[: IMAGES // 2])
        await _killed_on_the_way(studio, uploads[IMAGES // 2 :])
        studio.start("worker")
        await studio.quiet(IMAGES)
        told = {event.id: event for event in await studio.told()}
        assert len(told) == IMAGES, "each is told once, under one id, however often it is sent"
        verdicts = {event.key: event for event in told.values()}
        for image, person in images.items():
            codes = [one.code for one in getattr(verdicts[image].data, "findings", ())]
            assert codes == ([] if person == "signed" else ["no-consent"]), image
        decisions = await gallery.rows.fetch("select image, outcome from decisions")
        assert Counter(row["image"] for row in decisions) == Counter(list(images))
        assert all((row["outcome"] == "permit") == (images[row["image"]] == "signed") for row in decisions)
        assert await studio.end() == 0


async def _killed_inside(studio: Studio, uploads: list[Event]) -> None:
    """The worker holds images and waits for somebody on them, whom the test holds; then it is dead, and nothing is kept."""
    await studio.gallery.rows.execute("insert into subjects (organisation, person) values ('westward', 'p1')")
    await studio.write(*uploads)
    async with studio.gallery.rows.transaction():
        await studio.gallery.rows.execute("select from subjects where person = 'p1' for update")
        studio.start("worker")

        async def waits() -> bool:
            (row,) = await studio.gallery.bus.database.fetch(
                WAITING
            )  # the test's own transaction sees one instant of it
            return bool(row.many)

        await eventually(waits, "a transaction that has written waits")
        studio.kill()
    assert await studio.count("select count(*) from decisions") == await studio.taken() == 0


async def _killed_on_the_way(studio: Studio, uploads: list[Event]) -> None:
    """Its successor dies with some of the rest taken, and some not."""
    before = IMAGES - len(uploads)
    studio.start("worker")
    await studio.quiet(before)
    for each in range(0, len(uploads), 10):
        await studio.write(*uploads[each : each + 10])

        async def some() -> bool:
            return await studio.taken() > before

        if each == 20:
            await eventually(some, "some are taken")
            await studio.write(*uploads[each + 10 :])
            studio.kill()
            break
    assert before < await studio.taken() < IMAGES, "work was in flight when it struck"
