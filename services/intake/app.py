"""The one place that wires intake: settings → handlers, worker, jobs, doors."""

import asyncio
from functools import partial

from services.intake import handlers
from services.intake.api import ROUTERS
from services.intake.api.book import Book
from services.intake.jobs.accepting import Accepting
from services.intake.jobs.retention import Retention
from services.intake.jobs.witness import Witness
from services.intake.jobs.working import Working
from services.intake.metrics import FIGURES
from services.intake.pages import PAGES
from services.intake.pages import ROUTERS as PAGE_ROUTERS
from services.intake.settings import IntakeSettings
from services.intake.store.registered import SourcesFault, read_file, register
from shared.bus import Bus, Subscription
from shared.bus.ground import Ground
from shared.platform.service import Service
from shared.policy import Packs

__all__ = ["build"]


def build(settings: IntakeSettings) -> Service:
    """The whole service, not yet started."""
    ground = Ground.of("intake", settings, FIGURES)
    bus, packs = ground.bus, ground.packs
    metrics = ground.measured
    wake_worker = asyncio.Event()
    witness = Witness(bus, metrics)
    accepting = Accepting(bus, metrics, settings.waiting_bytes, wake_worker, witness)
    book = Book(bus, metrics)
    working = Working(bus, packs, metrics, settings.batch, wake_worker)
    return ground.service(
        reads=[Subscription("sla", bus.topics.sources("sla"), handlers.sla, handlers.SLA)],
        routers=[*ROUTERS, *PAGE_ROUTERS],
        pages=PAGES,
        jobs=[working.run, Retention(bus, packs.organisations, settings.keep_days).run],
        waits=[accepting.waits, working.waits],
        doormen=[accepting.run, book.run, witness.run],
        start=partial(_make_sources, settings, packs, bus),
        metrics=metrics,
        book=book,
        accepting=accepting,
        working=working,
        wake_worker=wake_worker,
    )


async def _make_sources(settings: IntakeSettings, packs: Packs, bus: Bus) -> None:
    """Make the sources that the installation names. Exits on a file that is wrong."""
    if settings.sources is None:
        return
    try:
        wanted = read_file(settings.sources, packs.organisations)
    except SourcesFault as fault:
        raise SystemExit(f"intake: {fault}") from None
    async with bus.transaction() as tx:
        await register(tx, wanted)
