"""A fresh access for each test."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from shared.policy import Packs, load_packs
from tests.integration.access.landlord import Landlord, open_house


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
