"""The pages of access, in a real browser that runs no scripts: a removal confirmed with a file, and a table imported."""

from pathlib import Path

import pytest
from playwright.async_api import Page

from tests.e2e.browser.visits import Visits
from tests.e2e.leaving import EVIDENCE, PEOPLE, Leaving
from tests.e2e.world import World

SCRIPT = "<script>document.title = 'broken'</script>"
EDITOR = "Remove the role editor at page-{mark}"
ADMIN = "Remove the role admin at news-{mark}"


async def a_leaver(world: World) -> Leaving:
    """With five grants; and the one administrator from Communications leaves, too."""
    await world.at("2026-10-05 09:00")
    leaving = Leaving(world, "westward")
    await leaving.register()
    await leaving.bring("people", PEOPLE, f"1001-*,{SCRIPT},,,,,,,")
    comms = Leaving(world, "westward", leaving.mark, who="comms")
    for one in (leaving, comms):
        await one.over_http(one.event("staff-left", "2026-10-05T08:00:00Z", immediate=True))
        await world.settle()
    await world.at("2026-10-05 14:00")
    return leaving


@pytest.fixture
def evidence(tmp_path: Path) -> Path:
    """A file that shows that somebody is on no list any more."""
    file = tmp_path / EVIDENCE[0]
    file.write_bytes(EVIDENCE[1])
    return file


async def said(page: Page) -> str:
    """What the page says."""
    return " ".join((await page.get_by_role("main").inner_text()).split())


async def open_form(page: Page, title: str, summary: str) -> None:
    """Unfold one form of one removal."""
    await page.get_by_role("article", name=title).locator("summary").filter(has_text=summary).click()


async def test_a_removal_is_confirmed_with_a_file(visits: Visits, world: World, evidence: Path) -> None:
    leaving = await a_leaver(world)
    title = EDITOR.format(mark=leaving.mark)
    page = await visits.page("phone")
    await visits.sign_in(page, "access", "westward", "communications", path=f"/?person={leaving.person}")
    assert f"{SCRIPT} ({leaving.person})" in await said(page)
    assert await page.title() == "Leavers – House Rules"
    await visits.look(page, "access-leavers")
    await open_form(page, title, "Confirm")
    form = page.get_by_role("article", name=title).locator("form").filter(has_text="What shows that it is gone")
    await form.get_by_label("Note").fill("Seen in the list of today")
    await form.get_by_role("button", name="Confirm").click()
    alert = page.get_by_role("alert")
    assert "A confirmation needs evidence." in await alert.inner_text()
    assert await form.get_by_label("Note").input_value() == "Seen in the list of today"
    await visits.look(page, "access-revocation-refused")
    await form.get_by_label("Evidence").set_input_files(evidence)
    await form.get_by_role("button", name="Confirm").click()
    assert "Confirmed: the access is gone" in await page.get_by_role("status").inner_text()
    (done,) = [one for one in (await leaving.revocations()).values() if one["state"] == "confirmed"]
    assert (done["item"]["id"], done["confirmed_by"]) == (leaving.id("g1"), "local-communications")


async def test_a_keyboard_is_enough_to_claim_and_another_pair_of_eyes_confirms(
    visits: Visits, world: World, evidence: Path
) -> None:
    leaving = await a_leaver(world)
    await leaving.bring("people", PEOPLE, "next-*,,,,,s1,2020-01-06,,communications")
    await leaving.bring("accounts", "account,person,network,kind", "an-*,next-*,facebook,work")
    await leaving.bring("grants", "grant,account,site,role", "gn-*,an-*,news-*,admin")
    admin, path = (await leaving.revocations())["g2"]["revocation"], "/page/revocations/{}"
    title = ADMIN.format(mark=leaving.mark)
    page = await visits.page("desktop")
    await visits.sign_in(page, "access", "westward", "is-team", path=path.format(admin))
    card = page.get_by_role("article", name=title)
    await visits.tab_to(page, card.locator("summary").filter(has_text="Claim"))
    await page.keyboard.press("Enter")
    await visits.tab_to(page, card.get_by_label("Note"))
    await page.keyboard.type("Taken off the page")
    await visits.tab_to(page, card.get_by_role("button", name="Claim"))
    await page.keyboard.press("Enter")
    assert "Claimed." in await page.get_by_role("status").inner_text()
    other = await visits.page("desktop")
    await visits.sign_in(other, "access", "westward", "head-of-communications", path=path.format(admin))
    await open_form(other, title, "Confirm")
    await visits.look(other, "access-revocation")
    form = other.get_by_role("article", name=title).locator("form").filter(has_text="What shows that it is gone")
    await form.get_by_label("Evidence").set_input_files(evidence)
    await form.get_by_role("button", name="Confirm").click()
    await other.get_by_role("status").wait_for()
    assert (await leaving.revocations())["g2"]["state"] == "confirmed"


async def test_a_person_a_site_and_what_is_held_are_explained(visits: Visits, world: World) -> None:
    leaving = await a_leaver(world)
    page = await visits.page("phone")
    await visits.sign_in(page, "access", "westward", "people-team", path=f"/page/people/{leaving.person}")
    told = await said(page)
    assert "has left" in told and "Grant entered" in told and SCRIPT in told
    await visits.look(page, "access-person")
    await page.get_by_role("link", name=leaving.id("news")).first.click()
    assert "Nobody from Communications administers this site" in await said(page)
    await visits.look(page, "access-site")
    await page.get_by_role("link", name=leaving.id("comms")).click()
    assert f"Held: {leaving.id('comms')} is the last administrator of {leaving.id('news')}" in await said(page)
    await visits.look(page, "access-held")


async def test_a_table_is_tried_mended_and_imported(visits: Visits, world: World, tmp_path: Path) -> None:
    leaving = Leaving(world, "wheatley")
    wrong, right = tmp_path / "wrong.csv", tmp_path / "people.csv"
    lines = [PEOPLE, *(f"n{number}-*,Name {number},,,,,2026-01-05,," for number in range(3))]
    right.write_text("\n".join(lines).replace("*", leaving.mark))
    lines[2] = lines[2].replace("2026-01-05", "5 Jan 2026")
    wrong.write_text("\n".join(lines).replace("*", leaving.mark))
    page = await visits.page("desktop")
    await visits.sign_in(page, "access", "wheatley", "people-team")
    await page.get_by_role("link", name="Import a table").click()
    await page.get_by_label("File").set_input_files(wrong)
    await page.get_by_role("button", name="Try it").click()
    row = page.get_by_role("table").locator("tbody tr")
    assert " ".join((await row.inner_text()).split()).endswith("expected a date as YYYY-MM-DD (invalid)")
    await visits.look(page, "access-import-refused")
    await page.get_by_label("File").set_input_files(right)
    await page.get_by_role("button", name="Try it").click()
    assert "Nothing is wrong with people.csv" in await said(page)
    await visits.look(page, "access-import")
    await page.get_by_role("button", name="Import it").click()
    assert "Imported: 3 new" in await page.get_by_role("status").inner_text()
    await page.goto(world.url("access", f"/page/people?person={leaving.id('n1')}"))
    assert "Name 1" in await said(page)
    await visits.look(page, "access-people")
