"""A stack of a test's own with the world outside of it, and a Prometheus that scrapes its services."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from deploy.observe.windows import Windows
from tests.e2e.listener import Listener
from tests.e2e.world import World
from tests.plain import plain_client
from tests.prometheus import Prometheus, scraping
from tests.stacks import running

__all__ = ["watching"]


@asynccontextmanager
async def watching(place: Path, windows: Windows, patience_s: float = 30) -> AsyncIterator[tuple[World, Prometheus]]:
    """All four services, and the shipped rules with these windows; Prometheus keeps its data in `place`. Callers hang up after `patience_s`."""
    with running() as stack:
        targets = {name: url.removeprefix("http://") for name, url in stack.file["services"].items()}
        async with (
            plain_client(timeout=patience_s) as client,
            Listener(stack.file["kafka"]) as listener,
            World(stack, client, listener) as world,
        ):
            with scraping(place, targets, windows) as server:
                yield world, server
