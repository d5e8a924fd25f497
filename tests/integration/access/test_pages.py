"""The pages of access over HTTP: what each role sees and may send, and what comes back when something is wrong."""

import base64
import random
import re
from collections.abc import Iterator
from typing import Any

import pytest

from shared.platform.auth import Permission
from shared.platform.http import doors_of
from shared.platform.pages import csrf_of
from tests.integration.access.landlord import PDF, Landlord
from tests.integration.access.test_rights import CONFIRMERS, KEEPERS, READERS, page
from tests.integration.access.visiting import Visit, text_of
from tests.unit.access.said import joined, left

SCRIPT = '<script>alert("1")</script>'
SEES: dict[str, set[str]] = {
    "/": READERS,
    "/page/revocations/{id}": READERS,
    "/page/revocations/{id}/evidence": {"communications", "head-of-communications", "dpo"},
    "/page/people": READERS,
    "/page/people/{id}": READERS,
    "/page/sites/{id}": READERS,
    "/page/imports": KEEPERS,
}
SENDS: dict[str, set[str]] = {
    "/page/revocations/{id}/claim": {"communications", "line-manager", "is-team"},
    "/page/revocations/{id}/confirm": CONFIRMERS,
    "/page/revocations/{id}/reopen": CONFIRMERS,
    "/page/revocations/{id}/waive": {"head-of-communications"},
    "/page/cases/{id}/release": {"communications"},
    "/page/cases/{id}/dismiss": {"communications"},
    "/page/imports": KEEPERS,
    "/page/imports/confirm": KEEPERS,
}


def pages_of(house: Landlord) -> Iterator[tuple[str, str, Any]]:
    """Method, path and permission of access's own pages; signing in is the same for all services."""
    for door in doors_of(house.service.app):
        if page(door.path) and isinstance(door.permission, Permission):
            yield door.methods[0], door.path, door.permission


async def test_each_page_is_for_those_whom_the_doors_are_for(house: Landlord) -> None:
    assert {path: set(one.roles) for method, path, one in pages_of(house) if method == "GET"} == SEES
    assert {path: set(one.roles) for method, path, one in pages_of(house) if method == "POST"} == SENDS


async def test_nobody_signed_in_is_sent_to_sign_in_and_comes_back(house: Landlord) -> None:
    for method, path, _ in pages_of(house):
        answer = await house.client.request(method, path.format(id="1"))
        assert answer.status_code == 303 and answer.headers["location"].startswith("/page/sign-in?next="), path
    asked = await house.client.get("/page/people/p1", headers=house.token("westward"))
    assert (asked.status_code, asked.headers["location"]) == (303, "/page/sign-in?next=%2Fpage%2Fpeople%2Fp1")


async def test_a_form_that_does_not_prove_where_it_came_from_does_nothing(unchanging: Landlord) -> None:
    visit = Visit(unchanging, "head-of-communications")
    keeper = Visit(unchanging)
    one = (await unchanging.revocations())["g1"]["revocation"]
    before = await unchanging.rows("select * from revocations order by revocation")
    stranger = csrf_of(unchanging.session("westward", "head-of-communications", "somebody-else"))
    for _, path, permission in [way for way in pages_of(unchanging) if way[0] == "POST"]:
        who = visit if "head-of-communications" in permission.roles else keeper
        for given in (
            {"csrf": ""},
            {"csrf": stranger},
            {"headers": {"sec-fetch-site": "cross-site"}},
            {"headers": {"origin": "https://evil.example"}},
        ):
            answer = await who.send(path.format(id=one), file=("evidence", PDF), kind="people", packed="x", **given)
            assert answer.status_code == 403, (path, given)
    assert await unchanging.rows("select * from revocations order by revocation") == before
    assert await unchanging.rows("select count(*) from evidence") == [(0,)]


async def test_roles_that_may_not_are_told_so_and_see_no_such_form(staffed: Landlord) -> None:
    await staffed.hear(left("p1"))
    one = (await staffed.revocations())["g1"]["revocation"]
    for path, roles in SENDS.items():
        for role in READERS - roles:
            refused = await Visit(staffed, role).send(path.format(id=one))
            assert refused.status_code == 403 and min(roles) in text_of(refused), (path, role)
    assert {row[0] for row in await staffed.rows("select state from revocations")} == {"requested"}
    for role, forms in (
        ("communications", {"claim", "confirm"}),
        ("head-of-communications", {"confirm", "waive"}),
        ("is-team", {"claim"}),
        ("people-team", set()),
        ("dpo", set()),
    ):
        shown = (await Visit(staffed, role).see()).text
        assert set(re.findall(r'action="/page/revocations/[^"]+/(\w+)"', shown)) == forms, role


async def test_the_other_organisation_sees_and_changes_nothing(house: Landlord) -> None:
    """Person p1 works at both; the owner gets each page before the stranger gets none."""
    for organisation in ("westward", "wheatley"):
        await house.register(organisation)
    await house.brought("people", "person,name", "only-here,Only Here")
    await house.brought("sites", "site,kind", "site-only-here,page")
    await house.hear(left("p1"), left("unheard-of"))
    one = (await house.revocations())["g1"]["revocation"]
    (case,) = (await house.get("/cases")).json()["items"]
    own, stranger = Visit(house), Visit(house, organisation="wheatley")
    for path in (f"/page/revocations/{one}", "/page/people/only-here", "/page/sites/site-only-here"):
        assert (await own.see(path)).status_code == 200, path
        refused = await stranger.see(path)
        assert refused.status_code == 404 and "Only Here" not in refused.text, path
    for show in ("open", "overdue", "held", "planned", "confirmed", "cancelled"):
        text = (await stranger.see(f"/?show={show}")).text
        assert one not in text and "unheard-of" not in text and case["case"] not in text
    assert "works here" in await stranger.told("/page/people/p1")
    before = await house.rows("select * from revocations union all select * from revocations order by 2")
    for path in (*(f"/page/revocations/{one}/{verb}" for verb in ("claim", "confirm", "reopen")),
                 f"/page/cases/{case['case']}/dismiss"):  # fmt: skip
        assert (await stranger.send(path, file=("evidence", PDF))).status_code == 404, path
    head = Visit(house, "head-of-communications", organisation="wheatley")
    assert (await head.send(f"/page/revocations/{one}/waive", until="2026-03-10", reason="x")).status_code == 404
    assert await house.rows("select * from revocations union all select * from revocations order by 2") == before
    assert (await house.get("/cases")).json()["items"][0]["state"] == "open"


async def test_what_is_open_comes_first_by_deadline_with_what_it_needs_in_words(staffed: Landlord) -> None:
    await staffed.brought("people", "person,name", "c1,Ann Other", "m1,Sam Boss")
    await staffed.brought("sites", "site,name", "page,Our page")
    await staffed.hear(left("p1"), left("c1"), left("p2", leave_at="Fri 17:00"))
    text = await Visit(staffed).told()
    assert text.index("Ann Other (c1)") < text.index("Remove the role editor at Our page (page)")
    held = "Held: without Ann Other (c1) nobody from Communications administers Our page (page). Add somebody"
    assert held in text
    assert "By Mon 9 Mar 13:00" in text and "Answers for it Sam Boss (m1)" in text and "Overdue" in text
    assert "Leaves" not in text and "p2" not in text
    assert "p2 leaves Fri 13 Mar 17:00" in await Visit(staffed).told("/?show=planned")
    await staffed.reach("Mon 13:30")
    late = await Visit(staffed).told("/?show=overdue")
    assert "Overdue since Mon 9 Mar 13:00 , told on level 1 of 3" in late
    await staffed.reach("Fri 17:00")
    both = await Visit(staffed).told("/?show=held")
    assert "Held: p2 is the last administrator of Our page (page)" in both and both.count("Held: ") == 2


async def test_one_leaver_is_found_by_number_and_a_long_list_goes_on(staffed: Landlord) -> None:
    rows = [f"more{number:03},a1,group,member" for number in range(60)]
    await staffed.brought("grants", "grant,account,site,role", *rows)
    await staffed.hear(left("p1"), left("p2"))
    visit = Visit(staffed)
    first = (await visit.see("/?person=p1")).text
    more = re.search(r'href="(/\?show=open&amp;person=p1&amp;cursor=[^"]+)">More', first)
    assert more is not None and "p2" not in text_of_escaped(re.sub(r"<[^>]+>", "", first))
    second = (await visit.see(more[1].replace("&amp;", "&"))).text
    listed = [set(re.findall(r'<article class="panel" aria-labelledby="r-([^"]+)"', page)) for page in (first, second)]
    assert (len(listed[0]), len(listed[1]), listed[0] & listed[1]) == (50, 12, set())
    assert "From the beginning" in second
    assert "Nothing of nobody here" in await visit.told("/?person=nobody")


async def test_the_only_administrator_is_said_to_be_the_last(staffed: Landlord) -> None:
    await staffed.brought("grants", "grant,account,site,role", "gx,a1,group,admin")
    await staffed.hear(left("p1"))
    text = await Visit(staffed).told("/?show=held")
    assert (
        "Held: p1 is the last administrator of Group (group), nobody else who stays has that role. Add another" in text
    )


async def test_a_removal_is_confirmed_with_a_file_and_the_page_says_so_once(staffed: Landlord) -> None:
    await staffed.hear(left("p1"))
    one = (await staffed.revocations())["g1"]["revocation"]
    visit = Visit(staffed)
    answer = await visit.send(f"/page/revocations/{one}/confirm", file=("evidence", PDF), note="seen")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    flash = answer.headers["set-cookie"].partition(";")[0]
    cookie = {"cookie": f"houserules={visit.token}; {flash}"}
    assert "Confirmed: the access is gone" in (await staffed.client.get("/", headers=cookie)).text
    assert (await staffed.revocations())["g1"]["confirmed_by"] == "k1"
    assert await staffed.rows("select actor, reason from audit where action = 'confirm-revocation'") == [("k1", "seen")]
    file = await visit.see(f"/page/revocations/{one}/evidence")
    assert (file.content, file.headers["content-type"]) == (PDF[1], "application/pdf")
    assert file.headers["content-disposition"] == f'attachment; filename="{one}.pdf"'
    assert f"/page/revocations/{one}/evidence" in (await visit.see("/?show=confirmed")).text
    assert f"/page/revocations/{one}/evidence" not in (await Visit(staffed, "is-team").see("/?show=confirmed")).text
    text = await visit.told("/page/people/p1")
    assert "Removal confirmed" in text and "“seen”" in text and "Access ended in the register" in text


@pytest.mark.parametrize(
    ("file", "status", "says"),
    [
        (None, 422, "A confirmation needs evidence."),
        (("shown.pdf", b"MZ\x90\x00 a program"), 415, "Evidence is a PDF, a PNG, JPEG, GIF or WebP picture"),
        (("shown.pdf", b"\x89PNG\r\n\x1a\n...."), 415, "its name says otherwise"),
    ],
    ids=["none", "a renamed program", "a renamed picture"],
)
async def test_what_is_wrong_with_a_form_comes_back_with_what_was_typed(
    unchanging: Landlord, file: tuple[str, bytes] | None, status: int, says: str
) -> None:
    one = (await unchanging.revocations())["g1"]["revocation"]
    answer = await Visit(unchanging).send(
        f"/page/revocations/{one}/confirm", file=("evidence", file) if file else None, note=SCRIPT
    )
    assert (answer.status_code, says in text_of(answer)) == (status, True), text_of(answer)
    assert f">{SCRIPT.replace('<', '&lt;').replace('>', '&gt;').replace(chr(34), '&#34;')}</textarea>" in answer.text
    assert "<details open>" in answer.text and "<script" not in answer.text


async def test_a_file_over_the_cap_is_a_page_too(unchanging: Landlord) -> None:
    one = (await unchanging.revocations())["g1"]["revocation"]
    large = ("shown.pdf", b"%PDF-" + b"x" * 5_000_000)
    answer = await Visit(unchanging).send(f"/page/revocations/{one}/confirm", file=("evidence", large))
    assert answer.status_code == 413 and answer.headers["content-type"].startswith("text/html")


async def test_who_removed_an_administrator_is_not_offered_to_confirm_it(staffed: Landlord) -> None:
    await staffed.hear(left("p2"))
    one = (await staffed.revocations())["g2"]["revocation"]
    path, mine, other = f"/page/revocations/{one}", Visit(staffed), Visit(staffed, person="k2")
    assert "somebody claims the removal first" in await mine.told(path)
    assert (await mine.send(f"{path}/claim")).status_code == 303
    assert "somebody else has to look" in await mine.told(path)
    assert "/confirm" not in (await mine.see(path)).text and "/confirm" in (await other.see(path)).text
    refused = await mine.send(f"{path}/confirm", file=("evidence", PDF))
    assert refused.status_code == 403 and "somebody else has to look" in text_of(refused)
    assert (await other.send(f"{path}/confirm", file=("evidence", PDF))).status_code == 303
    again = await other.send(f"{path}/confirm", file=("evidence", PDF))
    assert again.status_code == 409 and "cannot be claimed" in text_of(again)
    assert (await other.send(f"{path}/reopen", note="seen again")).status_code == 303


async def test_nobody_is_offered_to_see_to_their_own_access(staffed: Landlord) -> None:
    await staffed.hear(left("p1"))
    shown = await Visit(staffed, person="p1").see()
    assert "This is your own access" in text_of(shown) and "/claim" not in shown.text


async def test_the_head_waives_with_a_reason_and_an_end(staffed: Landlord) -> None:
    await staffed.hear(left("p1"))
    one = (await staffed.revocations())["g1"]["revocation"]
    path, head = f"/page/revocations/{one}/waive", Visit(staffed, "head-of-communications", "h1")
    refused = await head.send(path, until="2027-01-01", reason="Hand-over to m1")
    assert refused.status_code == 422 and "within 30 days" in text_of(refused)
    assert 'value="2027-01-01"' in refused.text and "Hand-over to m1</textarea>" in refused.text
    assert (await head.send(path, until="2026-03-20", reason="Hand-over to m1")).status_code == 303
    assert "Waived until Sat 21 Mar 00:00" in await head.told("/?show=waived")
    assert "Waived until" not in await head.told(), "it is not to go now"


async def test_a_line_manager_sees_and_claims_what_they_answer_for(staffed: Landlord) -> None:
    await staffed.brought("people", "person,manager", "p2,m9")
    await staffed.hear(left("p1"), left("p2"))
    known, manager = await staffed.revocations(), Visit(staffed, "line-manager", "m1")
    shown = (await manager.see()).text
    assert known["g1"]["revocation"] in shown and known["g2"]["revocation"] not in shown
    assert (await manager.see("/page/people/p2")).status_code == 404
    assert (await manager.send(f"/page/revocations/{known['g2']['revocation']}/claim")).status_code == 404
    assert (await manager.send(f"/page/revocations/{known['g1']['revocation']}/claim")).status_code == 303
    claimed = await staffed.act(known["g2"]["revocation"], "claim", "m1", role="line-manager")
    assert claimed.status_code == 404


async def test_cases_are_released_and_dismissed(staffed: Landlord) -> None:
    await staffed.hear(*(joined(f"n{number}") for number in range(21)))
    await staffed.hear(left("nobody-knows"), *(left(f"n{number}") for number in range(21)))
    cases = {one["kind"]: one["case"] for one in (await staffed.get("/cases")).json()["items"]}
    visit = Visit(staffed)
    text = await visit.told()
    assert "nobody-knows leaves, and the register knows nobody" in text and "so these wait: n19, n20" in text
    held = f"/page/cases/{cases['leavers-held']}"
    refused = await visit.send(f"{held}/dismiss", note="Asked HR")
    assert refused.status_code == 409 and "Asked HR</textarea>" in refused.text
    assert "Leavers are held by this case" in text_of(refused)
    assert (await visit.send(f"{held}/release", note="HR says so")).status_code == 303
    assert "has left" in await visit.told("/page/people/n20")
    assert (await visit.send(f"/page/cases/{cases['leaver-unmatched']}/dismiss")).status_code == 303
    gone = await visit.send(f"/page/cases/{cases['leaver-unmatched']}/dismiss")
    assert gone.status_code == 409 and "The case is closed." in text_of(gone)
    assert "To be decided" not in await visit.told()


async def test_names_are_text_whatever_they_hold(staffed: Landlord) -> None:
    quoted = '"' + SCRIPT.replace('"', '""') + '"'
    await staffed.brought("people", "person,name,team", f"p1,{quoted},{quoted}")
    await staffed.brought("sites", "site,name", f"page,{quoted}")
    await staffed.hear(left("p1"))
    await Visit(staffed).send(
        f"/page/revocations/{(await staffed.revocations())['g1']['revocation']}/claim", note=SCRIPT
    )
    for path in ("/", "/page/people", "/page/people/p1", "/page/sites/page", "/page/imports"):
        answer = await Visit(staffed).see(path)
        assert answer.status_code == 200 and "<script" not in answer.text, path
        assert path == "/page/imports" or SCRIPT in text_of_escaped(answer.text), path
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "script" not in policy


def text_of_escaped(html: str) -> str:
    return html.replace("&lt;", "<").replace("&gt;", ">").replace("&#34;", '"')


async def test_a_table_is_tried_first_and_then_taken(house: Landlord) -> None:
    visit, table = Visit(house, "people-team"), ("people.csv", b"person,name\np1,Zo\xc3\xab\np2,\n")
    tried = await visit.send("/page/imports", file=("table", table), kind="people")
    assert tried.status_code == 200 and "Nothing is wrong with people.csv" in text_of(tried)
    assert "lines 2 new 2 changed 0 as they were 0" in text_of(tried)
    assert await house.rows("select count(*) from people") == [(0,)]
    packed = re.search(r'name="packed" value="([^"]+)"', tried.text)
    assert packed is not None
    taken = await visit.send("/page/imports/confirm", kind="people", packed=packed[1])
    assert (taken.status_code, taken.headers["location"]) == (303, "/page/imports")
    assert await house.rows("select person, name from people order by person") == [("p1", "Zoë"), ("p2", None)]


async def test_a_large_table_travels_whole_and_a_larger_one_is_refused(house: Landlord) -> None:
    visit, numbers = Visit(house), random.Random(1)
    lines = ["site,kind,name", *(f"{number},page,{numbers.randbytes(300).hex()}" for number in range(3_000))]
    tried = await visit.send("/page/imports", file=("table", ("sites.csv", "\n".join(lines).encode())), kind="sites")
    packed = re.findall(r'name="packed" value="([^"]+)"', tried.text)
    assert len(packed) == 3
    assert (await visit.send("/page/imports/confirm", kind="sites", packed=packed)).status_code == 303
    assert await house.rows("select count(*), count(distinct name) from sites") == [(3_000, 3_000)]
    dense = base64.urlsafe_b64encode(numbers.randbytes(3_000_000))
    cells = (b"%d,page,%s\n" % (at, dense[at : at + 2_000]) for at in range(0, len(dense), 2_000))
    larger = b"site,kind,name\n" + b"".join(cells)
    refused = await visit.send("/page/imports", file=("table", ("sites.csv", larger)), kind="sites")
    assert refused.status_code == 413 and "too large for this page" in text_of(refused)


async def test_what_is_wrong_with_a_table_is_said_by_line_and_column(house: Landlord) -> None:
    lines = ["person,name,starts_on", *(f"n{number},{SCRIPT},2020-01-06" for number in range(1_000))]
    lines[10] = "n9,,06/01/2020"
    lines[500] = "n1,,2020-01-06"
    lines[999] += ",one more"
    table = ("people.csv", "\n".join(lines).replace('"', "").encode())
    answer = await Visit(house).send("/page/imports", file=("table", table), kind="people")
    text = text_of(answer)
    assert answer.status_code == 422 and "nothing was imported" in text and "<script" not in answer.text
    for told in ("11 starts_on expected a date", "501 person the same as in line 3", "1000 the whole line 4 cells"):
        assert told in text, text
    assert "confirm" not in answer.text
    assert await house.rows("select count(*) from people") == [(0,)]


@pytest.mark.parametrize("packed", ["", "nonsense", "eJw=", "é"], ids=["none", "nonsense", "cut off", "no base64"])
async def test_a_table_that_was_lost_on_the_way_is_asked_for_again(unchanging: Landlord, packed: str) -> None:
    answer = await Visit(unchanging).send("/page/imports/confirm", kind="people", packed=packed)
    assert answer.status_code == 422 and "choose it again" in text_of(answer)


async def test_no_file_and_no_kind_are_asked_for(unchanging: Landlord) -> None:
    for kind in ("people", "pets"):
        answer = await Visit(unchanging).send("/page/imports", kind=kind)
        assert answer.status_code == 422 and "Choose what it lists, and a file." in text_of(answer)


async def test_a_roster_says_who_is_missing(staffed: Landlord) -> None:
    table = ("everybody.csv", b"person\nm1\np1\nc1\n")
    tried = await Visit(staffed).send("/page/imports", file=("table", table), kind="people", roster="yes")
    assert "missing: a case each" in text_of(tried)
    packed = re.search(r'name="packed" value="([^"]+)"', tried.text)
    assert packed is not None
    await Visit(staffed).send("/page/imports/confirm", kind="people", packed=packed[1], roster="yes")
    assert "p2 is missing from the roster" in await Visit(staffed).told()


async def test_ids_and_cursors_that_nobody_has_are_pages_too(unchanging: Landlord) -> None:
    visit = Visit(unchanging)
    for path in ("/page/people/nobody", "/page/sites/none", "/page/revocations/none", "/page/people/%00"):
        answer = await visit.see(path)
        assert answer.status_code == 404 and answer.headers["content-type"].startswith("text/html"), path
    assert (await visit.see("/?cursor=nonsense")).status_code == 400
    assert (await visit.see("/?show=nonsense")).status_code == 200
    assert "nobody with this number" in await visit.told("/page/people?person=x%00y")
