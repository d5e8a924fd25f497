"""Who may do what, walked over the routes of the running app."""

from typing import Any

import pytest

from shared.platform.auth import Allow, Public
from shared.platform.http import doors_of
from shared.platform.pages.visiting import Posted, Seen
from tests.integration.intake.house import NOW, SECRETS, House

ROLES = (
    "communications",
    "head-of-communications",
    "line-manager",
    "people-team",
    "is-team",
    "dpo",
    "publisher",
    "ops",
)
STAFF = {"communications", "head-of-communications"}
ACTS = (
    "classify",
    "waive",
    "hide",
    "remove",
    "restore",
    "reply",
    "take-private",
    "resolve",
    "holding-update",
    "reassign",
    "removal-notice",
    "explain-removal",
    "refer-complaint",
)
MAY: dict[tuple[str, str], set[str]] = {
    ("POST", "/events"): {"publisher"},
    ("GET", "/items"): STAFF,
    ("GET", "/items/{id}"): STAFF,
    **{("POST", f"/items/{{id}}/{act}"): STAFF for act in ACTS},
    ("GET", "/sources"): STAFF,
    ("GET", "/sources/{source}"): STAFF,
    ("POST", "/sources"): STAFF,
    ("GET", "/deliveries"): STAFF | {"ops"},
    ("GET", "/deliveries/{id}"): STAFF | {"ops"},
    ("POST", "/deliveries/{id}/retry"): STAFF | {"ops"},
    ("POST", "/deliveries/retry"): STAFF | {"ops"},
    ("GET", "/quiet"): {"ops"},
    ("GET", "/dead-letters"): {"ops"},
    ("GET", "/dead-letters/{id}"): {"ops"},
    ("POST", "/dead-letters/{id}/redrive"): {"ops"},
    ("POST", "/dead-letters/{id}/close"): {"ops"},
}
PAGES: dict[tuple[str, str], set[str]] = {
    ("GET", "/"): STAFF,
    ("GET", "/page/items/{id}"): STAFF,
    ("POST", "/page/items/{id}/{act}"): STAFF,
}
SIGNING_IN = {
    ("GET", "/page/sign-in"),
    ("POST", "/page/sign-in"),
    ("POST", "/page/sign-out"),
    ("GET", "/page/house.css"),
    ("GET", "/page/icon.svg"),
}


async def test_every_route_asks_for_a_token_or_a_signature(one_house: House) -> None:
    doors = {(door.methods[0], door.path): door.permission for door in doors_of(one_house.service.app)}
    public = {way for way, permission in doors.items() if isinstance(permission, Public)}
    assert public - SIGNING_IN == {("POST", "/webhooks/standard/{source}")}
    allowed = {way: set(permission.roles) for way, permission in doors.items() if isinstance(permission, Allow)}
    assert allowed == MAY
    assert {way: set(permission.roles) for way, permission in doors.items() if isinstance(permission, Seen)} == PAGES
    assert {way for way, permission in doors.items() if isinstance(permission, Posted)} == {
        way for way in PAGES if way[0] == "POST"
    }


@pytest.mark.parametrize("way", MAY, ids=lambda way: " ".join(way))
async def test_each_role_gets_as_far_as_it_may(one_house: House, way: tuple[str, str]) -> None:
    method, path = way[0], way[1].format(id="1", source="westward-inbox")
    assert (await one_house.client.request(method, path)).status_code == 401
    for role in ROLES:
        headers = one_house.token("" if role == "ops" else "westward", role)
        status = (await one_house.client.request(method, path, headers=headers)).status_code
        assert (status not in (401, 403)) == (role in MAY[way]), (role, status)


async def test_a_sources_secret_is_never_shown(one_house: House) -> None:
    staff = one_house.staff("westward")
    body = {"source": "second", "network": "standard", "accounts": ["page-1"], "secrets": [SECRETS["westward"]]}
    made = await one_house.client.post("/sources", json=body, headers=staff)
    assert (made.status_code, made.headers["location"]) == (201, "/sources/second")
    assert made.json() | {"source": "second", "accounts": ["page-1"], "secret_count": 1} == made.json()
    for path in ("/sources", "/sources/second"):
        answer = await one_house.client.get(path, headers=staff)
        assert answer.status_code == 200
        assert "whsec" not in answer.text and SECRETS["westward"][6:] not in answer.text
    audit = await one_house.rows.fetchrow("select * from audit where action = 'put-source'")
    assert SECRETS["westward"][6:] not in str(dict(audit))
    page = (await one_house.client.get("/sources?limit=1", headers=staff)).json()
    rest = (await one_house.client.get("/sources", params={"cursor": page["next"]}, headers=staff)).json()
    assert [one["source"] for one in page["items"] + rest["items"]] == ["second", "westward-inbox"]


@pytest.mark.parametrize(
    "change",
    [{"secrets": []}, {"secrets": ["whsec_%"]}, {"secrets": ["whsec_c2hvcnQ="]}, {"source": "a/b"}, {"network": "fax"}],
)
async def test_a_source_that_could_not_work_is_422_and_its_secret_not_repeated(
    one_house: House, change: dict[str, Any]
) -> None:
    body = {"source": "third", "network": "standard", "secrets": [SECRETS["westward"]]} | change
    answer = await one_house.client.post("/sources", json=body, headers=one_house.staff("westward"))
    assert answer.status_code == 422
    assert SECRETS["westward"] not in answer.text


async def test_quiet_says_what_is_under_way(house: House) -> None:
    async def quiet() -> Any:
        return (await house.client.get("/quiet", headers=house.token("", "ops"))).json()

    assert await quiet() == {"quiet": True, "why": []}
    await house.post("site.heartbeat", site="facebook", at=NOW)
    assert await quiet() == {"quiet": False, "why": ["a delivery waits to be read"]}
    await house.settle()
    assert await quiet() == {"quiet": False, "why": ["an event waits to be sent"]}
    await house.rows.execute("delete from outbox")
    assert (await quiet())["quiet"] is True


async def test_the_app_role_can_neither_change_nor_delete_the_audit(house: House) -> None:
    body = {"source": "second", "network": "standard", "secrets": [SECRETS["westward"]]}
    await house.client.post("/sources", json=body, headers=house.staff("westward"))
    assert await house.count("select count(*) from audit") == 1
    for statement in ("update audit set actor = 'x'", "delete from audit", "create table mine (id int)"):
        with pytest.raises(Exception, match="permission denied|must be owner"):
            await house.service.app.state.bus.database.fetch(statement)
