"""The inbox, in a real browser that runs no scripts: the oldest message is answered and its deadline goes."""

import re

from playwright.async_api import Locator, Page

from shared.platform.ids import uuid7
from tests.e2e.browser.visits import Visits
from tests.e2e.conversation import COMPLAINT, OFFENSIVE, Conversation
from tests.e2e.world import World

NOW = "2026-03-25 14:30"
SCRIPT = "<script>alert('me')</script> When will my boiler be mended?"


async def a_mornings_post(world: World) -> tuple[str, list[Conversation]]:
    """At a site of its own: one overdue, one soon due, one with time, one that nobody answers; which site that is."""
    site = f"page-{uuid7()}"
    talks = [Conversation(world, "westward", f"thread-{uuid7()}", site) for _ in range(4)]
    for talk, (posted, text) in zip(
        talks,
        (
            ("2026-03-25 09:30", SCRIPT),
            ("2026-03-25 11:00", COMPLAINT),
            ("2026-03-25 14:25", "Where is your office?"),
            ("2026-03-25 09:10", OFFENSIVE),
        ),
        strict=True,
    ):
        await talk.wrote(posted, text)
    await world.at(NOW)
    return site, talks


async def only(page: Page, site: str) -> None:
    """Show what is at a site alone, by the page's own form."""
    await page.get_by_label("Site", exact=True).fill(site)
    await page.get_by_role("button", name="Show").click()
    await page.get_by_role("table").or_(page.locator(".empty")).first.wait_for()


async def said(place: Locator) -> str:
    """Its words in one line."""
    return " ".join((await place.inner_text()).split())


async def rows(page: Page) -> list[str]:
    """What the inbox shows, line by line."""
    return [await said(row) for row in await page.get_by_role("table").locator("tbody tr").all()]


async def test_the_oldest_message_is_answered_and_its_deadline_goes(visits: Visits, world: World) -> None:
    site, _ = await a_mornings_post(world)
    page = await visits.page("phone")
    await visits.sign_in(page, "intake", "westward", "communications")
    await only(page, site)
    shown = await rows(page)
    assert [
        re.search(r"overdue since .* 13:30|30 min left|19 h 55 min left|no deadline", row) is not None for row in shown
    ] == [True] * 4
    assert "overdue since Wed 25 Mar 13:30" in shown[0] and SCRIPT in shown[0]
    assert "30 min left due Wed 25 Mar 15:00" in shown[1] and "complaint" in shown[1]
    assert "no deadline" in shown[3] and "offensive" in shown[3]
    await visits.look(page, "intake-inbox")

    await page.get_by_role("table").get_by_role("link").first.click()
    await page.get_by_role("heading", name="Message of Wed 25 Mar 09:30").wait_for()
    assert SCRIPT in await said(page.get_by_role("main"))
    await page.get_by_label("What was answered").fill("On Monday morning.")
    await visits.look(page, "intake-item")
    await page.get_by_role("button", name="An answer was given").click()
    assert await page.get_by_role("status").inner_text() == "The answer is recorded."
    assert "On Monday morning." in await said(page.get_by_role("main"))
    await world.settle()
    await page.reload()
    assert "no deadline" in await said(page.get_by_role("main"))
    deadlines = page.get_by_role("table", name="Of this conversation")
    assert "answered late" in await said(deadlines)
    await visits.look(page, "intake-item-answered")

    await page.get_by_role("link", name="Back to the inbox").click()
    await only(page, site)
    shown = await rows(page)
    assert len(shown) == 3 and "30 min left" in shown[0]


async def test_a_keyboard_hides_a_message_and_a_refusal_keeps_what_was_typed(visits: Visits, world: World) -> None:
    site, talks = await a_mornings_post(world)
    offensive = (await talks[3].item())["message"]
    page = await visits.page("desktop")
    await visits.sign_in(page, "intake", "westward", "head-of-communications", path=f"/page/items/{offensive}")
    form = page.locator("#hide")
    await visits.tab_to(page, form.locator("summary"))
    await page.keyboard.press("Enter")
    await visits.tab_to(page, form.get_by_label("Why"))
    await page.keyboard.press("o")
    await visits.tab_to(page, form.get_by_label("Note"))
    await page.keyboard.type("Seen by two of us")
    assert (await talks[3].decided("hide", reason="spam")).status_code == 200  # a colleague was faster
    await visits.tab_to(page, form.get_by_role("button"))
    await page.keyboard.press("Enter")
    alert = page.get_by_role("alert")
    assert "The item is hidden" in await alert.inner_text()
    assert await form.get_by_label("Note").input_value() == "Seen by two of us"
    assert await form.get_by_label("Why").input_value() == "offensive"
    await visits.look(page, "intake-item-refused")
    await page.goto(world.url("intake", "/"))
    await page.get_by_label("Show", exact=True).select_option("hidden")
    await only(page, site)
    assert len(await rows(page)) == 1


async def test_another_landlord_sees_nothing_of_it(visits: Visits, world: World) -> None:
    site, talks = await a_mornings_post(world)
    page = await visits.page("phone")
    await visits.sign_in(page, "intake", "wheatley", "communications")
    await only(page, site)
    assert await page.get_by_text("Nothing here is like that.").count() == 1
    answer = await page.goto(world.url("intake", f"/page/items/{(await talks[0].item())['message']}"))
    assert answer is not None and answer.status == 404
    assert SCRIPT not in await page.content()
