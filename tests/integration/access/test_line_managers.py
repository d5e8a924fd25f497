"""A line manager is bound to their own people, unless another of their roles has the same right by itself."""

import pytest

from shared.platform.auth import ROLES
from shared.platform.pages import COOKIE
from tests.integration.access.landlord import PDF, Landlord
from tests.unit.access.said import left

READING = {"communications", "head-of-communications", "dpo", "people-team", "is-team"}
CLAIMING = {"communications", "is-team"}
OTHERS = sorted(set(ROLES) - {"line-manager"})


@pytest.mark.parametrize("other", OTHERS)
async def test_a_second_role_frees_a_line_manager_for_what_it_may_itself(staffed: Landlord, other: str) -> None:
    await staffed.brought("people", "person,manager", "p1,m9")
    await staffed.hear(left("p1"))
    mine = staffed.token("westward", "line-manager", "m1", other)
    one = (await staffed.revocations())["g1"]["revocation"]
    read = 200 if other in READING else 404
    for path in ("/people/p1/access", "/people/p1/history", f"/revocations/{one}"):
        assert (await staffed.client.get(path, headers=mine)).status_code == read, path
    people = (await staffed.client.get("/people", headers=mine)).json()["items"]
    assert ("p1" in [person["person"] for person in people]) == (other in READING)
    holders = (await staffed.client.get("/sites/page/holders", headers=mine)).json()["holders"]
    assert ("g1" in [holder["grant"] for holder in holders]) == (other in READING)
    claimed = await staffed.client.post(f"/revocations/{one}/claim", headers=mine)
    assert claimed.status_code == (200 if other in CLAIMING else 404)


async def test_who_may_read_all_is_offered_to_claim_their_own_peoples_alone(staffed: Landlord) -> None:
    await staffed.brought("people", "person,manager", "p1,m9")
    await staffed.hear(left("p1"), left("p2"))
    known = await staffed.revocations()
    cookie = {"cookie": f"{COOKIE}={staffed.issuer.token('westward', ['line-manager', 'dpo'], 'm1')}"}
    for item, offered in (("g1", False), ("g2", True)):
        one = known[item]["revocation"]
        page = await staffed.client.get(f"/page/revocations/{one}", headers=cookie)
        assert page.status_code == 200
        assert (f"/page/revocations/{one}/claim" in page.text) == offered, item


async def test_who_confirms_for_all_claims_for_their_own_people_alone(staffed: Landlord) -> None:
    await staffed.brought("people", "person,manager", "p1,m9")
    await staffed.hear(left("p1"))
    mine = staffed.token("westward", "line-manager", "m1", "head-of-communications")
    one = (await staffed.revocations())["g1"]["revocation"]
    assert (await staffed.client.post(f"/revocations/{one}/claim", headers=mine)).status_code == 404
    await staffed.act(one, "claim", "k1")
    answer = await staffed.client.post(f"/revocations/{one}/confirm", headers=mine, files={"evidence": PDF})
    assert answer.status_code == 200
