"""One running stack for all of these tests, on policy time that stands still, and the world outside of it."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from tests.e2e.collector import Collector, collecting
from tests.e2e.listener import Listener
from tests.e2e.world import World
from tests.plain import plain_client
from tests.stacks import RunningStack, running

OUTBOX_ROWS = 200
"""So little may wait for Kafka that a test can spend it."""


@pytest.fixture(scope="package")
def collector() -> Iterator[Collector]:
    """Where the services' spans go."""
    with collecting() as collector:
        yield collector


@pytest.fixture(scope="package")
def running_stack(collector: Collector) -> Iterator[RunningStack]:
    """All of it, as `make run` runs it, with a small outbox budget, and traced."""
    environment = {
        "HOUSERULES_OUTBOX_ROWS": str(OUTBOX_ROWS),
        "HOUSERULES_TRACES": collector.url,
        "OTEL_BSP_SCHEDULE_DELAY": "200",
    }
    with running(environment=environment) as stack:
        yield stack


@pytest_asyncio.fixture(scope="package")
async def world(running_stack: RunningStack) -> AsyncIterator[World]:
    """The social inboxes, Communications, and a consumer of the tests' own."""
    async with (
        plain_client(timeout=30) as client,
        Listener(running_stack.file["kafka"]) as listener,
        World(running_stack, client, listener) as world,
    ):
        world.stand_at("2026-03-16 09:00")
        yield world
