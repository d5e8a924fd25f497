"""Somebody at a browser: opens a page without scripts, signs in, looks, and goes about it by keyboard."""

from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any, Literal

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Route

from deploy.local.layout import ROOT
from tests.e2e.world import World

__all__ = ["PICTURES", "WIDTHS", "Visits", "Width"]

Width = Literal["phone", "desktop"]
WIDTHS: dict[Width, tuple[int, int]] = {"phone": (390, 844), "desktop": (1280, 900)}
PICTURES = ROOT / ".local" / "pictures"
AXE = files("axe_playwright_python") / "axe.min.js"
RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]},
    "resultTypes": ["violations"],
}
FINGERTIP = 44
"""So many pixels has what is pressed, across and down."""
CONTROLS = "button, .button, summary, select, textarea, input:not([type=hidden], [type=checkbox], [type=radio])"
SMALL = """([controls, fingertip]) => [...document.querySelectorAll(controls)]
    .map(one => [one, one.getBoundingClientRect()])
    .filter(([, box]) => box.height > 0 && Math.min(box.height, box.width) < fingertip - 0.5)
    .map(([one, box]) => `${one.outerHTML.slice(0, 120)}: ${box.width} by ${box.height}`)"""
GRAVE = ("serious", "critical")
LONGEST_WAY = 200
"""So many times may Tab be pressed."""
WAIT_MS = 15_000


@dataclass(slots=True)
class Visits:
    """The browser of one test, and what it said of the pages' policy."""

    browser: Browser
    world: World
    broken: list[str] = field(default_factory=list)
    """What the pages' own security policy forbade them."""
    _open: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def close(self) -> None:
        """Close what was opened. No page did what its policy forbids."""
        await self._open.aclose()
        assert self.broken == []

    async def page(self, width: Width = "desktop") -> Page:
        """A new page of somebody who has never been here; it runs no scripts."""
        context = await self._context(width, java_script_enabled=False)
        context.on("console", lambda message: self._hear(message))
        return await context.new_page()

    async def _context(self, width: Width, **options: Any) -> BrowserContext:
        across, down = WIDTHS[width]
        context = await self.browser.new_context(
            viewport={"width": across, "height": down}, locale="en-GB", timezone_id="Pacific/Auckland", **options
        )
        self._open.push_async_callback(context.close)
        context.set_default_timeout(WAIT_MS)
        return context

    def _hear(self, message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            self.broken.append(message.text)

    async def sign_in(
        self, page: Page, service: str, organisation: str, role: str, *, person: str = "", path: str = "/"
    ) -> None:
        """Ask for a service's page, and sign in by one click; `person` is somebody other than `local-<role>`."""
        await page.goto(self.world.url(service, path))
        form = page.get_by_role("group", name=organisation, exact=True)
        await form.get_by_label("Person").fill(person)
        await form.get_by_role("button", name=role, exact=True).click()
        await page.get_by_role("button", name="Sign out").wait_for()

    async def look(self, page: Page, name: str) -> None:
        """Keep a picture of the page and judge it, both as a phone and as a desk shows it."""
        kept = page.viewport_size
        assert kept is not None
        for width, (across, down) in WIDTHS.items():
            await page.set_viewport_size({"width": across, "height": down})
            await self.picture(page, f"{name}-{width}")
        await page.set_viewport_size(kept)
        await self.axe(page)

    async def picture(self, page: Page, name: str) -> None:
        """The whole page as it is, in `.local/pictures/<name>.png`."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        await page.screenshot(path=PICTURES / f"{name}.png", full_page=True)

    async def axe(self, page: Page) -> None:
        """At both widths no serious fault for a screen reader or a keyboard, in light or in dark; for fingers, and within the screen.

        axe is a script, and the page runs none: it looks at a copy of what is shown, in a page that does.
        """
        content = await page.content()
        context = await self._context("phone", bypass_csp=True)
        twin = await context.new_page()

        async def same(route: Route) -> None:
            await route.fulfill(body=content, content_type="text/html; charset=utf-8")

        await twin.route(page.url, same)
        await twin.goto(page.url)
        await twin.evaluate(AXE.read_text("utf-8"))
        for across, down in WIDTHS.values():
            await twin.set_viewport_size({"width": across, "height": down})
            where = f"{page.url}, {across} pixels wide"
            for scheme in ("light", "dark"):
                await twin.emulate_media(color_scheme=scheme)
                found = await twin.evaluate("rules => axe.run(document, rules)", RULES)
                faults = [fault for fault in found["violations"] if fault["impact"] in GRAVE]
                assert not faults, f"{where}, {scheme}:\n" + "\n".join(_told(fault) for fault in faults)
            small = await twin.evaluate(SMALL, [CONTROLS, FINGERTIP])
            assert not small, f"{where}: smaller than a fingertip:\n" + "\n".join(small)
            beside = await twin.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert beside <= 0, f"{where}: {beside} pixels wider than the screen"
        await context.close()

    async def tab_to(self, page: Page, wanted: Locator) -> None:
        """Press Tab until it has the focus, which can be seen."""
        for _ in range(LONGEST_WAY):
            await page.keyboard.press("Tab")
            if await wanted.evaluate("one => one === document.activeElement"):
                outline = await wanted.evaluate("one => getComputedStyle(one).outlineStyle")
                assert outline != "none", f"the focus of {wanted} cannot be seen"
                return
        raise AssertionError(f"Tab does not lead to {wanted}")


def _told(fault: dict[str, Any]) -> str:
    where = "\n".join(f"    {node['html'][:200]}\n      {node['failureSummary']}" for node in fault["nodes"][:5])
    return f"  {fault['id']} ({fault['impact']}): {fault['help']}\n{where}"
