"""A running consent for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.consent.gallery import Gallery, open_gallery
from tests.servers import FreshDatabases


@pytest.fixture
async def gallery(postgres: FreshDatabases, tmp_path: Path) -> AsyncIterator[Gallery]:
    """Doors open, jobs moved by hand."""
    async with open_gallery(postgres.create("consent", migrated=True), tmp_path) as running:
        yield running
