"""One Chromium for all of these tests; each has contexts of its own."""

import os
from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from tests.e2e.browser.chromium import chromium
from tests.e2e.browser.visits import Visits
from tests.e2e.world import World


@pytest_asyncio.fixture(scope="package")
async def browser() -> AsyncIterator[Browser]:
    """The system's Chromium, without a screen."""
    options = ["--disable-dev-shm-usage", *(["--no-sandbox"] if os.getuid() == 0 else [])]
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=chromium(), args=options)
        yield opened
        await opened.close()


@pytest_asyncio.fixture
async def visits(browser: Browser, world: World) -> AsyncIterator[Visits]:
    """The browser at the running stack."""
    opened = Visits(browser, world)
    yield opened
    await opened.close()
