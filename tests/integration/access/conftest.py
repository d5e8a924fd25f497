"""A fresh access for each test."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from shared.policy import Packs, load_packs
from tests.integration.access.landlord import Landlord, open_house
from tests.servers import FreshDatabases, PostgresServer
from tests.unit.access.said import left


@pytest.fixture(scope="session")
def packs() -> Packs:
    """The packs that are shipped."""
    return load_packs()


@pytest_asyncio.fixture
async def house(postgres: Any, packs: Packs, tmp_path: Path) -> AsyncIterator[Landlord]:
    """Its database migrated, its clock at nine on Monday."""
    database = postgres.create("access", migrated=True)
    async with open_house(database.app_url, packs, tmp_path) as landlord:
        yield landlord


@pytest_asyncio.fixture
async def staffed(house: Landlord) -> Landlord:
    """With four people at Westward."""
    await house.register()
    return house


@pytest_asyncio.fixture(scope="module")
async def unchanging(
    postgres_server: PostgresServer, packs: Packs, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Landlord]:
    """One for all tests of a file that are refused: with four people, of whom p1 has left."""
    fresh = FreshDatabases(postgres_server)
    database = fresh.create("access", migrated=True)
    async with open_house(database.app_url, packs, tmp_path_factory.mktemp("access")) as landlord:
        await landlord.register()
        await landlord.hear(left("p1"))
        yield landlord
    postgres_server.drop(database)
