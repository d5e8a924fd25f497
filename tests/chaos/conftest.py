"""An installation of sla for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from shared.policy import Packs, load_packs
from tests.chaos.branch import Branch
from tests.servers import FreshDatabases


@pytest.fixture(scope="session")
def packs() -> Packs:
    """The packs that are shipped."""
    return load_packs()


@pytest_asyncio.fixture
async def branch(
    postgres: FreshDatabases, kafka: str, topic_prefix: str, packs: Packs, tmp_path: Path
) -> AsyncIterator[Branch]:
    """Its database migrated, its topics made; no worker runs yet."""
    made = Branch(postgres.create("sla", migrated=True), kafka, packs, topic_prefix, tmp_path)
    await made.open()
    yield made
    await made.close()
