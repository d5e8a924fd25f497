"""X4 for pictures and forms: person 1001 is shown at both landlords, and neither learns anything of the other's.

Walks every route of consent: first the owner gets each thing, then the other organisation gets nothing of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pytest_asyncio

from tests.e2e.faces import Faces
from tests.e2e.scenery import listed
from tests.e2e.world import World


@dataclass(frozen=True, slots=True)
class Step:
    """How the owner calls a route about a thing of theirs."""

    path: str
    body: Mapping[str, Any] | None = None


OBJECTS: Mapping[tuple[str, str], Step] = {
    ("get", "/subjects/{person}"): Step("/subjects/{person}"),
    ("get", "/consents/{consent}"): Step("/consents/{consent}"),
    ("get", "/images/{id}"): Step("/images/{image}"),
    ("get", "/images/{id}/decision"): Step("/images/{image}/decision"),
    ("post", "/images/{id}/people"): Step("/images/{image}/people", {"people": [{"kind": "tenant", "person": "1001"}]}),
    ("post", "/images/{id}/clear-background"): Step("/images/{image}/clear-background", {"content_hash": "{hash}"}),
    ("post", "/images/{id}/copyright"): Step("/images/{image}/copyright", {"basis": "owned"}),
    ("post", "/takedowns/{id}/claim"): Step("/takedowns/{takedown}/claim"),
    ("post", "/takedowns/{id}/verify"): Step("/takedowns/{takedown}/verify"),
    ("post", "/takedowns/{id}/not-possible"): Step("/takedowns/{other}/not-possible", {"reason": "printed"}),
    ("post", "/consents/{consent}/withdraw"): Step("/consents/{consent}/withdraw"),
}
"""In the order in which the owner may do each."""
LISTS: Mapping[tuple[str, str], tuple[str, str]] = {
    ("get", "/consents"): ("consent", "consent"),
    ("get", "/images"): ("image", "image"),
    ("get", "/takedowns"): ("takedown", "takedown"),
}
"""The key of an entry, and the thing that must be in the owner's."""
WALKED = {
    ("consent", method, path) for method, path in (*OBJECTS, *LISTS, ("post", "/subjects"), ("post", "/consents"))
}
"""Every route of consent but those for ops."""
TABLES = ("subjects", "consents", "withdrawals", "images", "versions", "placements", "decisions", "takedowns", "audit")


@dataclass(frozen=True, slots=True)
class Owner:
    """Westward's own things."""

    faces: Faces
    things: Mapping[str, str]

    async def call(self, method: str, step: Step, organisation: str) -> httpx.Response:
        """A route about one of them, as somebody of an organisation."""
        world = self.faces.world
        body = None if step.body is None else {name: self._filled(value) for name, value in step.body.items()}
        url = world.url("consent", step.path.format(**self.things))
        return await world.client.request(method, url, json=body, headers=world.bearer(organisation))

    def _filled(self, value: Any) -> Any:
        return value.format(**self.things) if isinstance(value, str) else value

    async def rows(self) -> list[Any]:
        """All that is kept of westward's; reading a name is an act that is kept, so the owner's own are not counted."""
        statement = "select * from {} where organisation = 'westward' order by 1, 2, 3"
        return [await self.faces.world.rows("consent", statement.format(table)) for table in TABLES]


@pytest_asyncio.fixture(scope="module")
async def owner(world: World) -> Owner:
    """Person 1001 with a name, a form and a live image at each landlord; the images have one id, too."""
    await world.at("2026-11-09 09:00")
    ours = Faces(world, "westward")
    theirs = Faces(world, "wheatley", ours.mark)
    consent = ""
    for one in (theirs, ours):
        name = {"person": one.id("1001"), "kind": "tenant", "name": f"Jo of {one.organisation}"}
        assert (await one.act("/subjects", **name)).status_code == 201
        consent = await one.agreed("1001", "press")
        await one.over_kafka(one.uploaded("1001"))
        await one.over_kafka(one.published())
        await one.world.settle()
    live = ours.event("image-published", content_hash=ours.hash, use="other", channel="print", purpose="newsletter")
    await ours.over_kafka(live)
    await world.settle()
    takedowns = await listed(world, "consent", "/takedowns", "westward", filters={"image": ours.image})
    by_use = {one["use"]: one["takedown"] for one in takedowns}
    things = {"person": ours.id("1001"), "consent": consent, "image": ours.image, "hash": ours.hash}
    return Owner(ours, things | {"takedown": by_use[ours.id("use")], "other": by_use["other"]})


async def test_X4_each_list_shows_the_callers_own_and_nothing_else(world: World, owner: Owner) -> None:
    for (_, path), (key, thing) in LISTS.items():
        own = await listed(world, "consent", path, "westward")
        foreign = await listed(world, "consent", path, "wheatley")
        assert owner.things[thing] in [one[key] for one in own], path
        assert not [one for one in own if one in foreign], path
        first = (await world.ask("consent", path, "westward", limit=1)).json()["next"]
        if first:
            answer = await world.ask("consent", path, "wheatley", cursor=first, limit=500)
            assert not [one for one in answer.json()["items"] if one in own], path


async def test_X4_each_object_is_the_owners_alone(world: World, owner: Owner) -> None:
    """The image and the person have the same ids at both: the other landlord gets its own, and moves only that."""
    for (method, path), step in OBJECTS.items():
        own = await owner.call(method, step, "westward")
        assert own.status_code == 200, (path, own.text)
        await world.settle()
        before = await owner.rows()
        foreign = await owner.call(method, step, "wheatley")
        same_id = "{image}" in step.path or "{person}" in step.path
        assert foreign.status_code == (200 if same_id else 404), (path, foreign.text)
        assert "Jo of westward" not in foreign.text
        await world.settle()
        assert await owner.rows() == before, path


async def test_X4_an_image_of_one_landlord_is_not_there_for_the_other(world: World, owner: Owner) -> None:
    alone = Faces(world, "westward")
    assert (await alone.act("/subjects", person=alone.id("1001"), kind="tenant")).status_code == 201
    await alone.over_kafka(alone.uploaded("1001"))
    await world.settle()
    things = {**owner.things, "image": alone.image, "person": alone.id("1001"), "hash": alone.hash}
    for (method, path), step in OBJECTS.items():
        if "{image}" in step.path or "{person}" in step.path:
            mine = Owner(alone, things)
            assert (await mine.call(method, step, "westward")).status_code == 200, path
            foreign = await mine.call(method, step, "wheatley")
            assert foreign.status_code == 404 and alone.mark not in foreign.text, (path, foreign.text)


async def test_X4_the_same_person_signs_for_one_landlord_alone(world: World, owner: Owner) -> None:
    ours = Faces(world, "westward")
    theirs = Faces(world, "wheatley", ours.mark)
    await ours.agreed("1001")
    for one in (ours, theirs):
        await one.over_kafka(one.uploaded("1001"))
    assert await ours.verdicts() == ["satisfied"]
    assert await theirs.verdicts() == ["missing: 1001 in use no-consent"]
