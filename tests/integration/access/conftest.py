"""A fresh access for each test."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from deploy.local.databases import Databases
from shared.policy import Packs, load_packs
from tests.integration.access.landlord import Landlord, open_house
from tests.servers import FreshDatabases, PostgresServer
from tests.unit.access.said import left


@pytest.fixture(scope="session")
def packs() -> Packs:
    """The packs that are shipped."""
    return load_packs()


@pytest.fixture(scope="session")
def premises(postgres_server: PostgresServer) -> Iterator[Databases]:
    """A database, migrated once, that each test finds empty."""
    database = FreshDatabases(postgres_server).create("access", migrated=True)
    yield database
    postgres_server.drop(database)


@pytest_asyncio.fixture
async def house(premises: Databases, packs: Packs, tmp_path: Path) -> AsyncIterator[Landlord]:
    """Nothing in its database, its clock at nine on Monday."""
    await _emptied(premises.owner_url)
    async with open_house(premises.app_url, packs, tmp_path) as landlord:
        yield landlord


async def _emptied(owner_url: str) -> None:
    """Delete all rows but those that say which migrations ran: for tables this small it is quicker than to truncate."""
    owner = await asyncpg.connect(owner_url)
    try:
        tables = await owner.fetch("select tablename from pg_tables where schemaname = current_schema()")
        kept = {"alembic_version"}
        await owner.execute(";".join(f"delete from {row[0]}" for row in tables if row[0] not in kept))
    finally:
        await owner.close()


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
