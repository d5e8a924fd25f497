"""An id is whatever others call a thing, also with a slash in it."""

from urllib.parse import quote

import pytest

from tests.integration.access.landlord import Landlord
from tests.integration.access.visiting import Visit
from tests.unit.access.said import left

IDS = ["A/12", "a/access", "b/history/", "/c", "d//e", "f?g#h", "100%2F", "i j"]


@pytest.mark.parametrize("id", IDS)
async def test_a_person_of_any_id_is_found(staffed: Landlord, id: str) -> None:
    await staffed.brought("people", "person,name", f"{id},Jo Bloggs")
    await staffed.brought("accounts", "account,person", f"x,{id}")
    await staffed.brought("grants", "grant,account,site,role", "gx,x,page,editor")
    for name in (id, quote(id)):
        if name == id and set("?#%") & set(id):
            continue
        for path, key in ((f"/people/{name}/access", "person"), (f"/people/{name}/history", "person")):
            answer = await staffed.get(path)
            assert (answer.status_code, answer.json().get(key)) == (200, id), path
    assert (await staffed.get(f"/people/{quote(id, safe='')}/access")).json()["items"][0]["id"] == "gx"
    assert "Jo Bloggs" in await Visit(staffed).told(f"/page/people/{quote(id, safe='')}")


@pytest.mark.parametrize("id", ["fb/page", "x/holders"])
async def test_a_site_of_any_id_is_found_and_linked(staffed: Landlord, id: str) -> None:
    await staffed.brought("sites", "site,kind,owner", f"{id},page,p1")
    answer = await staffed.get(f"/sites/{quote(id, safe='')}/holders")
    assert (answer.status_code, answer.json()["site"]) == (200, id)
    await staffed.hear(left("p1"))
    page = (await Visit(staffed).see("/page/people/p1")).text
    assert f'href="/page/sites/{id}"' in page
    assert (await Visit(staffed).see(f"/page/sites/{id}")).status_code == 200


async def test_the_description_names_ids_as_ever(staffed: Landlord) -> None:
    paths = staffed.service.app.openapi()["paths"]
    assert {"/people/{id}/access", "/people/{id}/history", "/sites/{id}/holders"} <= set(paths)


async def test_no_id_at_all_is_nobodys(staffed: Landlord) -> None:
    for path in ("/people//access", "/people//history", "/sites//holders"):
        assert (await staffed.get(path)).status_code == 404, path
