"""Signing in, in a real browser that runs no scripts: by one click, by keyboard alone, with a token."""

import pytest

from shared.platform.pages.rendering import LABELS
from tests.e2e.browser.visits import Visits
from tests.e2e.world import World


async def test_one_click_signs_in_at_every_service(visits: Visits, world: World) -> None:
    page = await visits.page("phone")
    await page.goto(world.url("intake", "/"))
    assert await page.title() == "Sign in – House Rules"
    await visits.look(page, "intake-sign-in")
    await visits.sign_in(page, "intake", "westward", "communications")
    assert page.url == world.url("intake", "/")
    head = page.get_by_role("banner")
    assert "westward" in await head.inner_text()
    assert "local-communications" in await head.inner_text()
    assert "Policy time is set by hand" in await head.inner_text()
    for service in ("sla", "access", "consent"):
        await page.get_by_role("navigation", name="Services").get_by_role("link", name=LABELS[service]).click()
        assert page.url == world.url(service, "/")
        assert "local-communications" in await head.inner_text()


async def test_a_keyboard_is_enough(visits: Visits, world: World) -> None:
    page = await visits.page("desktop")
    await page.goto(world.url("intake", "/"))
    skip = page.get_by_role("link", name="Skip to the content")
    await visits.tab_to(page, skip)
    await page.keyboard.press("Enter")
    await visits.tab_to(page, page.get_by_role("group", name="westward").get_by_role("button", name="dpo"))
    await page.keyboard.press("Enter")
    leave = page.get_by_role("button", name="Sign out")
    await visits.tab_to(page, leave)
    await page.keyboard.press("Enter")
    await page.get_by_text("You have signed out.").wait_for()
    await visits.axe(page)


async def test_a_token_is_pasted_and_a_wrong_one_is_told(visits: Visits, world: World) -> None:
    page = await visits.page("phone")
    await page.goto(world.url("intake", "/"))
    token = page.get_by_label("Token of your organisation")
    await token.fill("x.y.z")
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_role("alert").wait_for()
    await visits.look(page, "intake-sign-in-refused")
    await token.fill(world.bearer("wheatley")["Authorization"])
    await page.get_by_role("button", name="Sign in").click()
    assert "wheatley" in await page.get_by_role("banner").inner_text()


async def test_a_role_without_right_is_told_who_has(visits: Visits, world: World) -> None:
    page = await visits.page("phone")
    await visits.sign_in(page, "intake", "westward", "publisher")
    assert "head-of-communications" in await page.get_by_role("alert").inner_text()
    await visits.look(page, "intake-forbidden")


FAULTS = {
    "a field without a label": ("document.querySelector('label[for=token]').remove()", "label"),
    "words that can hardly be read": ("document.querySelector('h1').style.color = '#999'", "color-contrast"),
    "a control that is too small": (
        "document.querySelector('button').style.cssText = 'all: unset; font-size: 5px'",
        "target-size",
    ),
    "a control that a finger misses": ("document.querySelector('button').style.minHeight = '30px'", "fingertip"),
    "a page wider than the screen": ("document.querySelector('h1').style.width = '500px'", "wider than the screen"),
}


@pytest.mark.parametrize("kind", FAULTS)
async def test_a_fault_would_be_seen(visits: Visits, world: World, kind: str) -> None:
    """What is asked of every page can be failed."""
    page = await visits.page("phone")
    await page.goto(world.url("intake", "/"))
    fault, told = FAULTS[kind]
    await page.evaluate(fault)
    with pytest.raises(AssertionError, match=told):
        await visits.axe(page)


async def test_what_the_policy_of_a_page_forbids_would_be_heard(visits: Visits, world: World) -> None:
    page = await visits.page()
    await page.goto(world.url("intake", "/"))
    await page.evaluate("document.body.append(Object.assign(new Image(), {src: 'https://pixel.example/'}))")
    await visits.picture(page, "intake-sign-in")
    assert any("Content Security Policy" in line for line in visits.broken)
    visits.broken.clear()
