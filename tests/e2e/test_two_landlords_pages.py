"""X4 for the pages: every page and every form of theirs is walked, first as the owner, then as the other organisation.

The routes are taken from the apps as the services build them, so that a page without a row here fails.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import pytest_asyncio

from services.access.app import build as build_access
from services.access.settings import AccessSettings
from services.consent.app import build as build_consent
from services.consent.settings import ConsentSettings
from services.intake.app import build as build_intake
from services.intake.settings import IntakeSettings
from services.sla.app import build as build_sla
from services.sla.settings import SlaSettings
from shared.platform.http import doors_of
from shared.platform.ids import uuid7
from shared.platform.pages import COOKIE, csrf_of
from shared.platform.pages.visiting import Posted, Seen
from tests.e2e.faces import Faces
from tests.e2e.leaving import Leaving
from tests.e2e.scenery import landlord, listed
from tests.e2e.world import World

Route = tuple[str, str, str]

GONE, PLAIN = 404, 200


@dataclass(frozen=True, slots=True)
class Way:
    """A page about `{things}`: what of the owner's it shows to the owner, and to whom it is shown."""

    path: str
    shows: str = ""
    stranger: int = GONE
    role: str = "communications"


VIEWS: Mapping[Route, Way] = {
    ("intake", "GET", "/"): Way("/", "{text}", PLAIN),
    ("intake", "GET", "/page/items/{id}"): Way("/page/items/{item}", "{text}"),
    ("sla", "GET", "/"): Way("/?site={site}", "{conversation}", PLAIN),
    ("sla", "GET", "/page/conversations/{conversation}"): Way("/page/conversations/{conversation}", "{site}"),
    ("sla", "GET", "/page/calendar"): Way("/page/calendar", "", PLAIN),
    ("sla", "GET", "/page/figures"): Way("/page/figures?from=2026-03-23&until=2026-03-24", "{site}", PLAIN),
    ("sla", "GET", "/page/figures.csv"): Way("/page/figures.csv?from=2026-03-23&until=2026-03-24", "{site}", PLAIN),
    ("access", "GET", "/"): Way("/?person={person}", "{revocation}", PLAIN),
    ("access", "GET", "/page/revocations/{id}"): Way("/page/revocations/{revocation}", "{person}"),
    ("access", "GET", "/page/revocations/{id}/evidence"): Way("/page/revocations/{shown}/evidence", "{proof}"),
    ("access", "GET", "/page/people"): Way("/page/people?person={person}", "{name}", PLAIN),
    ("access", "GET", "/page/people/{id}"): Way("/page/people/{person}", "{name}", PLAIN),
    ("access", "GET", "/page/sites/{id}"): Way("/page/sites/{page}", "{page}", PLAIN),
    ("access", "GET", "/page/imports"): Way("/page/imports", "", PLAIN),
    ("consent", "GET", "/"): Way("/?person={face}", "{image}", PLAIN),
    ("consent", "GET", "/page/images/{image}"): Way("/page/images/{image}", "{face}"),
    ("consent", "GET", "/page/people/{person}"): Way("/page/people/{face}", "{subject}"),
    ("consent", "GET", "/page/records"): Way("/page/records", "", PLAIN),
    ("consent", "GET", "/page/look-up"): Way("/page/look-up", "", 303),
}
"""`PLAIN`: the stranger sees their own, and nothing of the owner's. People and sites of the register are there twice."""
FORMS: Mapping[Route, str] = {
    ("intake", "POST", "/page/items/{id}/{act}"): "/page/items/{item}/hide",
    ("access", "POST", "/page/revocations/{id}/claim"): "/page/revocations/{revocation}/claim",
    ("access", "POST", "/page/revocations/{id}/confirm"): "/page/revocations/{revocation}/confirm",
    ("access", "POST", "/page/revocations/{id}/waive"): "/page/revocations/{revocation}/waive",
    ("access", "POST", "/page/revocations/{id}/reopen"): "/page/revocations/{shown}/reopen",
    ("access", "POST", "/page/cases/{id}/release"): "/page/cases/{case}/release",
    ("access", "POST", "/page/cases/{id}/dismiss"): "/page/cases/{case}/dismiss",
    ("consent", "POST", "/page/images/{image}/clear-background"): "/page/images/{image}/clear-background",
    ("consent", "POST", "/page/images/{image}/copyright"): "/page/images/{image}/copyright",
    ("consent", "POST", "/page/consents/{consent}/withdraw"): "/page/consents/{consent}/withdraw",
    ("consent", "POST", "/page/takedowns/{id}/claim"): "/page/takedowns/{takedown}/claim",
    ("consent", "POST", "/page/takedowns/{id}/verify"): "/page/takedowns/{takedown}/verify",
    ("consent", "POST", "/page/takedowns/{id}/not-possible"): "/page/takedowns/{takedown}/not-possible",
}
"""What each form acts upon: the owner's, sent by the stranger with a proof of their own."""
MAKING = {
    ("access", "POST", "/page/imports"),
    ("access", "POST", "/page/imports/confirm"),
    ("consent", "POST", "/page/records"),
    ("consent", "POST", "/page/people/{person}/note"),
}
"""Make or change things of the sender's own organisation, whatever ids they name."""
FILLED = {
    "reason": "other", "content_hash": "sha256:" + "0" * 64, "basis": "owned", "evidence": "seen",
    "until": "2026-10-01", "note": "walked",
}  # fmt: skip
KEPT = {
    "intake": ("items", "notes", "audit"),
    "access": ("revocations", "cases", "people", "evidence", "audit"),
    "consent": ("consents", "images", "takedowns", "subjects", "audit"),
}


def page_routes() -> set[Route]:
    """Every page route that asks who is there, as the services build them."""
    place: dict[str, Any] = {"database_url": "postgresql://nobody:x@127.0.0.1:1/none"}
    services = (
        build_intake(IntakeSettings(port=0, **place)),
        build_sla(SlaSettings(port=0, **place)),
        build_access(AccessSettings(port=0, **place)),
        build_consent(ConsentSettings(port=0, **place)),
    )
    return {
        (service.name, method, door.path)
        for service in services
        for door in doors_of(service.app)
        for method in door.methods
        if isinstance(door.permission, Seen | Posted)
    }


@dataclass(frozen=True, slots=True)
class Owner:
    """Westward's things, by what they are called above."""

    world: World
    things: Mapping[str, str] = field(default_factory=dict)

    def fill(self, text: str) -> str:
        """A path or a mark with the things in it."""
        return text.format(**self.things)

    def token(self, organisation: str, role: str) -> str:
        """Somebody's token."""
        return str(self.world.running.file["tokens"][organisation][role])

    async def look(self, route: Route, way: Way, organisation: str) -> httpx.Response:
        """A page as somebody signed in sees it."""
        headers = {"Cookie": f"{COOKIE}={self.token(organisation, way.role)}"}
        return await self.world.client.get(self.world.url(route[0], self.fill(way.path)), headers=headers)

    async def send(self, route: Route, path: str, organisation: str, role: str) -> httpx.Response:
        """A form, sent by somebody signed in from a page of their own."""
        token = self.token(organisation, role)
        return await self.world.client.post(
            self.world.url(route[0], self.fill(path)),
            data=FILLED | {"csrf": csrf_of(token)},
            headers={"Cookie": f"{COOKIE}={token}", "Sec-Fetch-Site": "same-origin"},
        )

    async def kept(self) -> list[Any]:
        """What is kept of westward's."""
        statement = "select * from {} where organisation = 'westward' order by 1, 2, 3"
        return [
            await self.world.rows(service, statement.format(table))
            for service, tables in KEPT.items()
            for table in tables
        ]


@pytest_asyncio.fixture(scope="module")
async def owner(world: World) -> Owner:
    """Westward with one thing of each kind that a page shows; wheatley with the same people."""
    await landlord(world, "wheatley", f"thread-{uuid7()}")
    ours = await landlord(world, "westward", f"thread-{uuid7()}", f"site-{uuid7()}")
    await world.at("2026-12-07 09:00")  # an hour in which nobody else leaves
    item = (await world.ask("intake", f"/items/{ours.item}")).json()
    leaving = Leaving(world, "westward")
    theirs = Leaving(world, "wheatley", leaving.mark)
    for one in (leaving, theirs):
        await one.register()
    await leaving.over_kafka(leaving.event("staff-left", "2026-12-07T08:00:00Z"))
    nobody = Leaving(world, "westward", leaving.mark, who="unheard-of")
    await nobody.over_kafka(nobody.event("staff-left", "2026-12-07T08:00:00Z"))
    await world.settle()
    open_ones = await leaving.revocations()
    proof = f"gone {leaving.mark}"
    confirmed = await world.client.post(
        world.url("access", f"/revocations/{open_ones['g3']['revocation']}/confirm"),
        files={"evidence": ("proof.txt", proof.encode())},
        headers=world.bearer("westward"),
    )
    assert confirmed.status_code == 200, confirmed.text
    cases = await listed(world, "access", "/cases", "westward")
    faces = Faces(world, "westward")
    subject = f"Jo {faces.mark}"
    assert (await faces.act("/subjects", person=faces.id("face"), kind="tenant", name=subject)).status_code == 201
    consent = await faces.agreed("face", "press")
    await faces.over_kafka(faces.uploaded("face"))
    await faces.over_kafka(faces.published())
    await world.settle()
    (takedown,) = await listed(world, "consent", "/takedowns", "westward", filters={"image": faces.image})
    return Owner(
        world,
        {
            "item": ours.item, "text": item["text"], "conversation": ours.conversation, "site": ours.site,
            "person": leaving.person, "name": "Jo Bloggs", "revocation": open_ones["g1"]["revocation"],
            "shown": open_ones["g3"]["revocation"], "proof": proof, "page": leaving.id("page"),
            "case": next(one["case"] for one in cases if one["person"] == nobody.person),
            "face": faces.id("face"), "subject": subject, "image": faces.image, "consent": consent,
            "takedown": takedown["takedown"],
        },
    )  # fmt: skip


def test_X4_every_page_and_form_is_walked() -> None:
    assert page_routes() == {*VIEWS, *FORMS, *MAKING}


@pytest.mark.parametrize("route", VIEWS, ids=" ".join)
async def test_X4_a_page_shows_the_owners_to_the_owner_alone(owner: Owner, route: Route) -> None:
    way = VIEWS[route]
    mine = await owner.look(route, way, "westward")
    assert mine.status_code == (303 if way.stranger == 303 else 200), mine.text
    assert owner.fill(way.shows) in mine.text
    theirs = await owner.look(route, way, "wheatley")
    assert theirs.status_code == way.stranger, theirs.text
    for thing in ("item", "conversation", "proof", "subject", "takedown", "revocation", "case"):
        assert owner.things[thing] not in theirs.text, thing


@pytest.mark.parametrize("route", FORMS, ids=" ".join)
async def test_X4_a_form_about_the_owners_does_nothing_for_a_stranger(owner: Owner, route: Route) -> None:
    role = "head-of-communications" if route[2].endswith("/waive") else "communications"
    before = await owner.kept()
    theirs = await owner.send(route, FORMS[route], "wheatley", role)
    assert theirs.status_code == GONE, theirs.text
    assert await owner.kept() == before
