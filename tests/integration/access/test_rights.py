"""Who may do what, walked over the routes of the running app; and nothing of one organisation for another."""

from typing import Any

from shared.platform.auth import ROLES, Allow, Public
from shared.platform.http import doors_of
from tests.integration.access.landlord import PDF, Landlord
from tests.unit.access.said import left

KEEPERS = {"communications", "people-team"}
READERS = {"communications", "head-of-communications", "dpo", "people-team", "is-team", "line-manager"}
CONFIRMERS = {"communications", "head-of-communications"}
MAY: dict[tuple[str, str], set[str]] = {
    **{("POST", f"/imports/{kind}"): KEEPERS for kind in ("people", "sites", "accounts", "grants")},
    **{("GET", f"/exports/{kind}"): KEEPERS for kind in ("people", "sites", "accounts", "grants")},
    ("GET", "/people"): READERS,
    ("GET", "/people/{id}/access"): READERS,
    ("GET", "/people/{id}/history"): READERS,
    ("GET", "/sites/{id}/holders"): READERS,
    ("GET", "/revocations"): READERS,
    ("GET", "/revocations/{id}"): READERS,
    ("GET", "/revocations/{id}/evidence"): {"communications", "head-of-communications", "dpo"},
    ("POST", "/revocations/{id}/claim"): {"communications", "line-manager", "is-team"},
    ("POST", "/revocations/{id}/confirm"): CONFIRMERS,
    ("POST", "/revocations/{id}/reopen"): CONFIRMERS,
    ("POST", "/revocations/{id}/waive"): {"head-of-communications"},
    ("GET", "/cases"): READERS,
    ("POST", "/cases/{id}/release"): {"communications"},
    ("POST", "/cases/{id}/dismiss"): {"communications"},
    ("GET", "/quiet"): {"ops"},
    ("GET", "/dead-letters"): {"ops"},
    ("GET", "/dead-letters/{id}"): {"ops"},
    ("POST", "/dead-letters/{id}/redrive"): {"ops"},
    ("POST", "/dead-letters/{id}/close"): {"ops"},
}


async def test_every_door_asks_for_a_token(house: Landlord) -> None:
    doors = {(door.methods[0], door.path): door.permission for door in doors_of(house.service.app)}
    doors = {way: one for way, one in doors.items() if not page(way[1])}
    assert not [way for way, permission in doors.items() if isinstance(permission, Public)]
    assert {way: set(one.roles) for way, one in doors.items() if isinstance(one, Allow)} == MAY


def page(path: str) -> bool:
    """Whether it is one for people with a browser."""
    return path == "/" or path.startswith("/page/")


async def test_each_role_gets_as_far_as_it_may(house: Landlord) -> None:
    for (method, pattern), roles in MAY.items():
        path = pattern.format(id="1")
        assert (await house.client.request(method, path)).status_code == 401, path
        for role in ROLES:
            headers = house.token("" if role == "ops" else "westward", role)
            status = (await house.client.request(method, path, headers=headers)).status_code
            assert (status not in (401, 403)) == (role in roles), (method, path, role, status)


async def test_an_organisation_without_a_pack_writes_nothing(house: Landlord) -> None:
    answer = await house.bring("people", "person\np1\n", "elsewhere")
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:houserules:problem:unknown-organisation")


async def _objects(house: Landlord, organisation: str) -> dict[str, str]:
    """An object of each kind, by the path that shows or changes it."""
    (case,) = (await house.get("/cases", organisation)).json()["items"]
    known = await house.revocations(organisation)
    return {
        "/people/p1/access": "p1",
        "/people/only-here/access": "only-here",
        "/people/only-here/history": "only-here",
        "/sites/page/holders": "page",
        "/sites/site-only-here/holders": "site-only-here",
        f"/revocations/{known['g1']['revocation']}": known["g1"]["revocation"],
        f"/cases/{case['case']}/dismiss": case["case"],
    }


async def test_nothing_of_one_organisation_for_another(house: Landlord) -> None:
    """Person p1 works at both; the owner gets each object before the stranger gets none."""
    for organisation in ("westward", "wheatley"):
        await house.register(organisation)
    await house.brought("people", "person", "only-here")
    await house.brought("sites", "site,kind,owner", "site-only-here,page,only-here")
    await house.brought("accounts", "account,person", "account-only-here,only-here")
    await house.brought("grants", "grant,account,site,role", "grant-only-here,account-only-here,page,member")
    await house.hear(left("p1"), left("unheard-of"))
    mine = await _objects(house, "westward")
    for path in mine:
        if path.startswith("/cases"):
            continue
        assert (await house.get(path)).status_code == 200, path
    stranger = "wheatley"
    for path, identity in mine.items():
        if identity in ("p1", "page"):
            continue
        method = "POST" if path.endswith("dismiss") else "GET"
        for way in (
            path,
            *(f"{path}/{verb}" for verb in ("claim", "confirm", "waive", "reopen") if "revocations" in path),
        ):
            verb = "POST" if way != path else method
            role = "head-of-communications" if way.endswith("waive") else "communications"
            files = {"evidence": PDF} if way.endswith("confirm") else None
            answer = await house.client.request(verb, way, headers=house.token(stranger, role), files=files)
            assert answer.status_code == 404, way
    exports = [f"/exports/{kind}" for kind in ("people", "sites", "accounts", "grants")]
    for path in (*exports, "/sites/page/holders"):
        assert "only-here" in (await house.get(path)).text, path
    for path in ("/people", "/revocations", "/cases", *exports, "/sites/page/holders"):
        text = (await house.get(path, stranger)).text
        assert "only-here" not in text and "unheard-of" not in text, path
    assert await house.revocations(stranger) == {}
    assert (await house.get("/people/p1/access", stranger)).json()["state"] == "active"
    assert {event.organisation for event in await house.told()} == {"westward"}
    dismissed = next(path for path in mine if path.startswith("/cases"))
    owner = await house.client.post(dismissed, headers=house.token("westward"), json={"note": "checked"})
    assert (owner.status_code, owner.json()["outcome"]) == (200, "dismissed")


async def test_a_line_manager_sees_their_own_people_only(staffed: Landlord) -> None:
    await staffed.brought("people", "person,manager", "p3,m9", "m1,m9")
    await staffed.hear(left("p1"), left("p3"))
    mine = staffed.token("westward", "line-manager", "m1")
    people = (await staffed.client.get("/people", headers=mine)).json()["items"]
    assert [one["person"] for one in people] == ["c1", "p1", "p2"]
    known = (await staffed.client.get("/revocations", headers=mine)).json()["items"]
    assert {one["person"] for one in known} == {"p1"}
    assert (await staffed.client.get("/people/p3/access", headers=mine)).status_code == 404


async def test_a_bad_cursor_is_400_and_pages_are_whole(staffed: Landlord) -> None:
    await staffed.hear(*(left(person) for person in ("p1", "p2", "u1", "u2")), left("c1", immediate=True))
    for path in ("/people", "/revocations", "/cases"):
        await _paged(staffed, path)


async def _paged(staffed: Landlord, path: str) -> None:
    for bad in ("nonsense", "W10", "é"):
        assert (await staffed.get(path, cursor=bad)).status_code == 400
    seen: list[Any] = []
    cursor: str | None = None
    while True:
        page = (await staffed.get(path, limit=1, **({"cursor": cursor} if cursor else {}))).json()
        seen += page["items"]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == (await staffed.get(path)).json()["items"] != []
