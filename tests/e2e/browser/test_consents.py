"""The pages of consent, in a real browser that runs no scripts: a form uploaded for whoever lacks one."""

from pathlib import Path

import pytest
from playwright.async_api import Page

from tests.e2e.browser.visits import Visits
from tests.e2e.faces import PDF, Faces
from tests.e2e.world import World

SCRIPT = "<script>document.title = 'broken'</script>"


async def a_picture(world: World) -> Faces:
    """Live on the website, of somebody who signed and somebody who did not; a third consent ends soon."""
    await world.at("2026-11-16 09:00")
    faces = Faces(world, "westward")
    await faces.act("/subjects", person=faces.id("p2"), kind="tenant", name=SCRIPT)
    await faces.agreed("p1", "website", valid_until="2026-12-01")
    await faces.over_http(faces.uploaded("p1", "p2", channel="website"))
    await faces.over_http(faces.published("website"))
    await world.settle()
    return faces


async def said(page: Page) -> str:
    """What the page says."""
    return " ".join((await page.get_by_role("main").inner_text()).split())


@pytest.fixture
def form(tmp_path: Path) -> Path:
    """A signed form, scanned."""
    file = tmp_path / PDF[0]
    file.write_bytes(PDF[1])
    return file


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """Something that calls itself one."""
    file = tmp_path / "signed.pdf"
    file.write_bytes(b"MZ\x90\x00" + bytes(300))
    return file


async def test_a_form_is_uploaded_for_whoever_lacks_one_and_it_is_satisfied(
    visits: Visits, world: World, form: Path, program: Path
) -> None:
    faces = await a_picture(world)
    page = await visits.page("phone")
    await visits.sign_in(page, "consent", "westward", "communications", path=f"/?person={faces.id('p2')}")
    article = page.get_by_role("article", name=faces.image).filter(has_text="in use")
    shown = " ".join((await article.inner_text()).split())
    assert f"There is no consent of {SCRIPT}." in shown
    assert await page.title() == "Images and consent – House Rules"
    await visits.look(page, "consent-missing")
    await article.locator("summary").filter(has_text="Record what they said").click()
    await article.get_by_label("Date on the form").fill("2026-11-12")
    await article.get_by_label("Signed form").set_input_files(program)
    await article.get_by_role("button", name="Record it").click()
    assert "PDF, PNG, JPEG, HEIC or TIFF file, by its content" in await page.get_by_role("alert").inner_text()
    assert await page.get_by_label("Date on the form").input_value() == "2026-11-12"
    assert await page.get_by_label("website").is_checked()
    await visits.look(page, "consent-form-refused")
    await page.get_by_label("Signed form").set_input_files(form)
    await page.get_by_role("button", name="Record it").click()
    assert "Recorded." in await page.get_by_role("status").inner_text()
    await page.goto(world.url("consent", f"/page/images/{faces.image}"))
    await page.get_by_role("button", name="the background is clear").click()
    assert "The background is cleared." in await page.get_by_role("status").inner_text()
    await world.settle()
    assert (await faces.verdicts())[-1] == "satisfied"
    await page.reload()
    assert "Nothing: it may be used as it is meant to be." in await said(page)
    await visits.look(page, "consent-image")


async def test_a_withdrawal_and_a_takedown_by_keyboard(visits: Visits, world: World) -> None:
    faces = await a_picture(world)
    page = await visits.page("desktop")
    await visits.sign_in(page, "consent", "westward", "dpo", path=f"/page/people/{faces.id('p1')}")
    assert "in force" in await said(page) and "Tue 1 Dec" in await said(page)
    await visits.look(page, "consent-person")
    await visits.tab_to(page, page.locator("summary").filter(has_text="They take it back"))
    await page.keyboard.press("Enter")
    await visits.tab_to(page, page.get_by_role("button", name="Withdraw it"))
    await page.keyboard.press("Enter")
    assert "Withdrawn." in await page.get_by_role("status").inner_text()
    await world.settle()
    await page.goto(world.url("consent", f"/?person={faces.id('p1')}"))
    takedown = page.get_by_role("article", name=faces.image).filter(has_text="I see to it")
    await visits.tab_to(page, takedown.get_by_role("button", name="I see to it"))
    await page.keyboard.press("Enter")
    assert "You see to it." in await page.get_by_role("status").inner_text()
    answer = await world.ask("consent", "/takedowns", image=faces.image)
    assert [one["state"] for one in answer.json()["items"]] == ["claimed"]
    await visits.look(page, "consent-takedown")
