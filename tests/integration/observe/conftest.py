"""A service's database, and what reads figures from it; an installation of the bus; a running intake."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest_asyncio
from prometheus_client import CollectorRegistry

from services.sla.metrics import FIGURES
from shared.bus.metrics import BUS, BUS_PREFIX, SAMPLES
from shared.platform.clock import Clock
from shared.platform.db import Database
from shared.platform.figures import Sample, Sampler
from shared.platform.metrics import PLATFORM, Instruments
from tests.integration.bus.conftest import world
from tests.integration.intake.conftest import house

__all__ = ["Study", "house", "study", "world"]


@dataclass(slots=True)
class Study:
    """sla's figures, of two landlords."""

    registry: CollectorRegistry
    database: Database
    sampler: Sampler
    owner: asyncpg.Connection

    async def value(self, name: str, **labels: str) -> float | None:
        """A gauge, read anew from the database."""
        await self.sampler.sample()
        return self.registry.get_sample_value(name, labels)


@pytest_asyncio.fixture
async def study(postgres: Any, tmp_path: Path) -> AsyncIterator[Study]:
    """On a database of its own, as sla's app role."""
    made = postgres.create("sla", migrated=True)
    registry = CollectorRegistry()
    platform, bus = Instruments(PLATFORM, registry), Instruments(BUS, registry, BUS_PREFIX)
    organisations = ["westward", "wheatley"]
    own = FIGURES.instruments(registry, organisations)
    database = Database(made.app_url, application_name="study", pool_size=2, instruments=platform)
    timers = Sample(FIGURES.timers, metrics=("timer_late_seconds",), labels=("organisation",))
    samples = [*((bus, one) for one in SAMPLES), *((own, one) for one in FIGURES.samples), (platform, timers)]
    owner = await asyncpg.connect(made.owner_url)
    yield Study(registry, database, Sampler(database, Clock(None), organisations, platform, samples), owner)
    await owner.close()
    await database.close()
