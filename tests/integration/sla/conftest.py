"""A fresh sla for each test."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from shared.platform.auth import DevelopmentIssuer
from shared.policy import Packs, load_packs
from tests.integration.sla.office import Office
from tests.integration.sla.reception import Reception


@pytest.fixture(scope="session")
def packs() -> Packs:
    """The packs that are shipped."""
    return load_packs()


@pytest_asyncio.fixture
async def office(postgres: Any, packs: Packs, tmp_path: Path) -> AsyncIterator[Office]:
    """Its database migrated, its clock at nine on Monday."""
    database = postgres.create("sla", migrated=True)
    made = Office(database.app_url, packs, tmp_path / "clock.json")
    made.clock("Mon 09:00")
    yield made
    await made.bus.database.close()


@pytest.fixture
def issuer(tmp_path: Path) -> DevelopmentIssuer:
    """Signs the tokens of this test."""
    made = DevelopmentIssuer(tmp_path / "issuer")
    made.prepare()
    return made


@pytest_asyncio.fixture
async def reception(office: Office, issuer: DevelopmentIssuer) -> AsyncIterator[Reception]:
    """Its doors and pages."""
    made = Reception(office, issuer)
    yield made
    await made.close()
