"""An installation for each test of the bus."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest_asyncio

from tests.integration.bus.world import World


@pytest_asyncio.fixture
async def world(postgres: Any, kafka: str, topic_prefix: str, tmp_path: Path) -> AsyncIterator[World]:
    """A database with the bus's tables, topics of its own, and the ledger."""
    database = postgres.create("sla")
    installation = World(database.owner_url, database.app_url, kafka, topic_prefix, tmp_path)
    await installation.open()
    yield installation
    await installation.close()
