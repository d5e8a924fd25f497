"""A running intake for each test, or one for a whole file."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.intake.house import House, open_house
from tests.servers import FreshDatabases, PostgresServer


@pytest.fixture
async def house(postgres: FreshDatabases, tmp_path: Path) -> AsyncIterator[House]:
    """Doors open, worker moved by hand."""
    async with open_house(postgres.create("intake", migrated=True), tmp_path) as running:
        yield running


@pytest.fixture(scope="module")
async def one_house(postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """One for all tests of a file, where none leaves anything behind that another could see."""
    fresh = FreshDatabases(postgres_server)
    folder: Path = tmp_path_factory.mktemp("house")
    async with open_house(fresh.create("intake", migrated=True), folder) as running:
        yield running
    for database in fresh.made:
        postgres_server.drop(database)
