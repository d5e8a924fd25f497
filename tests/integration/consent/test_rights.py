"""Who may do what, and that one landlord sees nothing of another: walked over the routes of the running app."""

from typing import Any

from shared.platform.auth import ROLES, Allow
from shared.platform.http import doors_of
from tests.integration.consent.gallery import HASH, PDF, Gallery

STAFF = {"communications", "dpo"}
READERS = STAFF | {"head-of-communications"}
MAY: dict[tuple[str, str], set[str]] = {
    ("POST", "/subjects"): STAFF,
    ("GET", "/subjects/{person}"): STAFF,
    ("POST", "/consents"): STAFF,
    ("GET", "/consents"): STAFF,
    ("GET", "/consents/{consent}"): STAFF,
    ("POST", "/consents/{consent}/withdraw"): STAFF,
    ("GET", "/images"): READERS,
    ("GET", "/images/{id}"): READERS,
    ("GET", "/images/{id}/decision"): READERS,
    ("POST", "/images/{id}/people"): STAFF,
    ("POST", "/images/{id}/clear-background"): STAFF,
    ("POST", "/images/{id}/copyright"): STAFF,
    ("GET", "/takedowns"): READERS,
    ("POST", "/takedowns/{id}/claim"): STAFF,
    ("POST", "/takedowns/{id}/verify"): STAFF,
    ("POST", "/takedowns/{id}/not-possible"): STAFF,
    ("GET", "/quiet"): {"ops"},
    ("GET", "/dead-letters"): {"ops"},
    ("GET", "/dead-letters/{id}"): {"ops"},
    ("POST", "/dead-letters/{id}/redrive"): {"ops"},
    ("POST", "/dead-letters/{id}/close"): {"ops"},
}
BODIES: dict[str, Any] = {
    "/images/{id}/people": {"people": [{"person": "1001", "kind": "tenant"}]},
    "/images/{id}/clear-background": {"content_hash": HASH},
    "/images/{id}/copyright": {"basis": "owned"},
    "/takedowns/{id}/not-possible": {"reason": "printed"},
}
UNKNOWN = "00000000-0000-7000-8000-000000000000"


async def test_each_role_gets_as_far_as_it_may(gallery: Gallery) -> None:
    doors = {
        (door.methods[0], door.path.replace(":path}", "}")): door.permission
        for door in doors_of(gallery.service.app)
        if door.path != "/" and not door.path.startswith("/page/")
    }
    allowed = {way: set(one.roles) for way, one in doors.items() if isinstance(one, Allow)}
    assert allowed == MAY and set(doors) == set(MAY)
    for (method, template), roles in MAY.items():
        path = template.format(id=UNKNOWN, consent=UNKNOWN, person="p1")
        assert (await gallery.client.request(method, path)).status_code == 401
        for role in ROLES:
            headers = gallery.token("" if role == "ops" else "westward", role)
            status = (await gallery.client.request(method, path, headers=headers)).status_code
            assert (status not in (401, 403)) == (role in roles), (method, template, role, status)


async def _one_of_each(gallery: Gallery) -> dict[str, str]:
    """Westward's subject, consent, image and takedown; their ids by the placeholder in a path."""
    await gallery.post("/subjects", {"person": "1001", "kind": "tenant", "name": "Ann Example"})
    consent = await gallery.consent(person="1001", channels=["press"])
    await gallery.upload(image="i1", people=[{"person": "1001", "kind": "tenant"}])
    await gallery.publish(image="i1")
    (takedown,) = (await gallery.get("/takedowns"))["items"]
    return {"person": "1001", "consent": consent, "image": "i1", "takedown": takedown["takedown"]}


async def test_every_route_gives_another_landlord_nothing(gallery: Gallery) -> None:
    ids = await _one_of_each(gallery)
    rows = "select (select count(*) from outbox), (select count(*) from audit), (select count(*) from decisions)"
    routes = [way for way in MAY if "{" in way[1] and not way[1].startswith("/dead")]
    owner: dict[tuple[str, str], int] = {}
    for stranger in (True, False):
        before = tuple(await gallery.rows.fetchrow(rows))
        for method, template in sorted(routes, key=lambda way: (way[1].endswith("verify"), way)):
            if not stranger and template.endswith("not-possible"):
                continue
            kind = "image" if template.startswith("/images") else "takedown"
            path = template.format(**ids | {"id": ids[kind]})
            headers = gallery.token("wheatley" if stranger else "westward")
            answer = await gallery.client.request(method, path, headers=headers, json=BODIES.get(template))
            if stranger:
                assert answer.status_code == 404, (method, path, answer.text)
                assert "1001" not in answer.text.replace(path, "")
            else:
                owner[method, template] = answer.status_code
        if stranger:
            assert tuple(await gallery.rows.fetchrow(rows)) == before
    assert set(owner.values()) == {200}, "what the stranger was refused is there for its owner"
    for path in ("/consents", "/images", "/takedowns"):
        assert (await gallery.get(path, "wheatley"))["items"] == []
        assert (await gallery.get(path, "westward"))["items"] != []


async def test_one_person_id_is_two_people(gallery: Gallery) -> None:
    for organisation in ("westward", "wheatley"):
        await gallery.upload(organisation=organisation, people=[{"person": "1001", "kind": "tenant"}])
    await gallery.consent(person="1001")
    await gallery.settle()
    codes = {
        organisation: [one["code"] for one in (await gallery.get("/images/i1/decision", organisation))["findings"]]
        for organisation in ("westward", "wheatley")
    }
    assert codes == {"westward": ["background"], "wheatley": ["background", "no-consent"]}
    assert PDF


async def test_without_a_pack_nothing_is_written(gallery: Gallery) -> None:
    answer = await gallery.record(organisation="elsewhere")
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:houserules:problem:unknown-organisation")
    assert not list(gallery.folder.rglob("*.form"))


async def test_what_was_decided_cannot_be_changed(gallery: Gallery) -> None:
    await gallery.upload()
    for statement in ("update decisions set outcome = 'permit'", "delete from decisions", "delete from audit"):
        try:
            await gallery.bus.database.fetch(statement)
        except Exception as error:  # noqa: BLE001
            assert "permission denied" in str(error)
        else:
            raise AssertionError(statement)


async def test_quiet_says_what_is_under_way(gallery: Gallery) -> None:
    async def why() -> Any:
        return (await gallery.get("/quiet", "", "ops"))["why"]

    assert await why() == []
    await gallery.upload()
    await gallery.consent()
    assert await why() == ["an image waits to be judged again", "an event waits to be sent"]
    await gallery.settle()
    await gallery.rows.execute("delete from outbox")
    assert await why() == []
