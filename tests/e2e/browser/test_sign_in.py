"""Signing in, in a real browser that runs no scripts: by one click, by keyboard alone, with a token."""

import pytest

from shared.platform.pages.rendering import LABELS
from tests.e2e.browser.visits import WIDTHS, Visits, Width
from tests.e2e.world import World


@pytest.mark.parametrize("width", WIDTHS)
async def test_one_click_signs_in_at_every_service(visits: Visits, world: World, width: Width) -> None:
    page = await visits.page(width)
    await page.goto(world.url("intake", "/"))
    assert await page.title() == "Sign in – House Rules"
    await visits.picture(page, "intake-sign-in")
    await visits.axe(page)
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


@pytest.mark.parametrize("width", WIDTHS)
async def test_a_keyboard_is_enough(visits: Visits, world: World, width: Width) -> None:
    page = await visits.page(width)
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
    await visits.picture(page, "intake-sign-in-refused")
    await visits.axe(page)
    await token.fill(world.bearer("wheatley")["Authorization"])
    await page.get_by_role("button", name="Sign in").click()
    assert "wheatley" in await page.get_by_role("banner").inner_text()


async def test_a_role_without_right_is_told_who_has(visits: Visits, world: World) -> None:
    page = await visits.page("phone")
    await visits.sign_in(page, "intake", "westward", "publisher")
    assert "head-of-communications" in await page.get_by_role("alert").inner_text()
    await visits.picture(page, "intake-forbidden")
    await visits.axe(page)
