"""The pages of sla, in a real browser that runs no scripts: what is overdue, how a deadline was counted, the figures."""

import csv
import re
from pathlib import Path

from playwright.async_api import Page

from shared.platform.ids import uuid7
from tests.e2e.browser.visits import Visits
from tests.e2e.conversation import COMPLAINT, Conversation
from tests.e2e.world import World

NOW = "2026-03-25 15:00"


async def a_days_work(world: World) -> str:
    """At a site of its own: one answered, one overdue, one soon due, one with time; which site that is."""
    site = f"page-{uuid7()}"
    done, overdue, soon, later = (Conversation(world, "westward", f"thread-{uuid7()}", site) for _ in range(4))
    await done.wrote("2026-03-25 09:00")
    await done.answered("2026-03-25 10:00")
    await overdue.wrote("2026-03-25 09:30")
    await soon.wrote("2026-03-25 12:00", COMPLAINT)
    await later.wrote("2026-03-25 14:30")
    await world.at(NOW)
    return site


async def only(page: Page, site: str) -> None:
    """Show what is at a site alone, by the page's own form."""
    await page.get_by_label("Site", exact=True).fill(site)
    await page.get_by_role("button", name="Show").click()


async def test_what_is_overdue_comes_first_and_says_so(visits: Visits, world: World) -> None:
    site = await a_days_work(world)
    page = await visits.page("phone")
    await visits.sign_in(page, "sla", "westward", "communications")
    await only(page, site)
    rows = page.get_by_role("table", name="Deadlines").locator("tbody tr")
    told = [" ".join((await row.inner_text()).split()) for row in await rows.all()]
    assert [re.search(r"(Overdue|Due soon|In time so far) .* of working time( left)?", row)[0] for row in told] == [  # type: ignore[index] # each has one
        "Overdue by 1 h 30 min of working time",
        "Due soon 1 h of working time left",
        "In time so far 3 h 30 min of working time left",
    ]
    assert "Wed 25 Mar 13:30" in told[0] and "(complaint)" in told[1]
    await visits.look(page, "sla-targets")


async def test_a_keyboard_leads_to_the_facts_and_the_working(visits: Visits, world: World) -> None:
    site = await a_days_work(world)
    page = await visits.page("desktop")
    await visits.sign_in(page, "sla", "westward", "dpo")
    await only(page, site)
    await visits.tab_to(page, page.get_by_role("link", name="Facts and working").last)
    await page.keyboard.press("Enter")
    main = page.get_by_role("main")
    await main.get_by_text("A customer wrote in public.").wait_for()
    said = " ".join((await main.inner_text()).split())
    assert "opening hours Wed 25 Mar" in said and "opening hours Thu 26 Mar" in said
    assert "westward:3.6: Queries and complaints are answered within half a working day" in said
    assert "boiler" not in said
    await visits.look(page, "sla-conversation")


async def test_figures_and_the_table_that_they_are_made_of(visits: Visits, world: World, tmp_path: Path) -> None:
    site = await a_days_work(world)
    page = await visits.page("desktop")
    await visits.sign_in(page, "sla", "westward", "head-of-communications")
    await page.get_by_role("link", name="March 2026 in detail").click()
    await only(page, site)
    counted = page.get_by_role("table", name="In all")
    for words, number in (("Deadlines that began", 4), ("Met", 1), ("Breached", 1), ("Still in time", 2)):
        row = counted.get_by_role("row").filter(has=page.get_by_role("rowheader", name=words, exact=True))
        assert await row.get_by_role("cell").inner_text() == str(number), words
    await visits.look(page, "sla-figures")
    async with page.expect_download() as download:
        await page.get_by_role("link", name="All of them as a table").click()
    file = tmp_path / "figures.csv"
    await (await download.value).save_as(file)
    with file.open(newline="") as lines:
        assert [line["state"] for line in csv.DictReader(lines)] == ["met", "breached", "open", "open"]


async def test_when_something_would_be_due(visits: Visits, world: World) -> None:
    page = await visits.page("phone")
    await visits.sign_in(page, "sla", "wheatley", "line-manager", path="/page/calendar")
    await page.get_by_label("Begins").fill("2026-04-02T15:00")
    await page.get_by_role("button", name="Reckon").click()
    assert await page.get_by_role("heading", level=2).inner_text() == "Due Mon 6 Apr 15:00"
    await visits.look(page, "sla-calendar")


async def test_another_landlord_sees_nothing_of_it(visits: Visits, world: World) -> None:
    site = await a_days_work(world)
    page = await visits.page("phone")
    await visits.sign_in(page, "sla", "wheatley", "communications")
    await only(page, site)
    assert await page.get_by_text("Nothing here.").count() == 1
    assert await page.get_by_role("link", name="Facts and working").count() == 0
