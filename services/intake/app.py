"""The one place that wires intake: settings → database, bus, doors, worker, jobs."""

import asyncio
from functools import partial

from prometheus_client import CollectorRegistry

from services.intake.api import ROUTERS
from services.intake.api.book import Book
from services.intake.jobs.accepting import Accepting
from services.intake.jobs.retention import Retention
from services.intake.jobs.working import Working
from services.intake.metrics import instruments
from services.intake.settings import IntakeSettings
from services.intake.store.registered import SourcesFault, read_file, register
from shared.bus import Budget, Bus, Relay, Topics
from shared.bus.broker import Broker
from shared.bus.deadletters_api import router as dead_letters
from shared.bus.metrics import Instruments
from shared.platform import migrate
from shared.platform.auth import Keys
from shared.platform.clock import Clock
from shared.platform.db import Database
from shared.platform.http import Probe, create_app, seal
from shared.platform.service import Service
from shared.policy import Packs, load_packs

__all__ = ["build"]

NAME = "intake"


def build(settings: IntakeSettings) -> Service:
    """The whole service, not yet started."""
    registry = CollectorRegistry()
    packs = load_packs(settings.policies)
    database = Database(settings.database_url, application_name=NAME, pool_size=settings.pool_size)
    bus = _bus(settings, packs, database, registry)
    metrics = instruments(registry)
    wake_worker = asyncio.Event()
    accepting = Accepting(bus, metrics, settings.waiting_bytes, wake_worker)
    working = Working(bus, packs, metrics, settings.batch, wake_worker)
    broker = Broker(settings.kafka, f"{bus.group}-{settings.ordinal}-probe")
    keys = Keys(settings.issuer, settings.audience, settings.jwks)
    probes: dict[str, Probe] = {
        "database": partial(migrate.probe, NAME, database),
        "bus": _reachable(broker, bus.topics),
    }
    state = {"packs": packs, "metrics": metrics, "book": Book(bus), "accepting": accepting, "wake_worker": wake_worker}
    app = create_app(NAME, keys, probes, registry, bus=bus, **state)
    for router in (*ROUTERS, dead_letters(bus)):
        app.include_router(router)
    return Service(
        name=NAME,
        settings=settings,
        app=seal(app),
        bare_app=create_app(NAME, keys, probes, registry),
        workers=[
            working.run,
            Relay(bus, settings.kafka).run,
            Retention(bus, packs.organisations, settings.keep_days).run,
        ],
        doormen=[accepting.run],
        start=partial(_start, settings, packs, bus),
        close=partial(_close, database, broker),
    )


def _bus(settings: IntakeSettings, packs: Packs, database: Database, registry: CollectorRegistry) -> Bus:
    topics = Topics(packs.organisations, settings.topic_prefix, settings.group_prefix)
    budget = Budget(settings.outbox_rows, settings.outbox_age_s)
    return Bus(NAME, database, Clock(settings.clock), topics, budget, Instruments(registry=registry))


def _reachable(broker: Broker, topics: Topics) -> Probe:
    """Asks the broker for the topics that intake writes."""

    async def probe() -> str | None:
        await broker.topics([topics.shared(logical) for logical in ("messages", "people", "images")])
        return None

    return probe


async def _start(settings: IntakeSettings, packs: Packs, bus: Bus) -> None:
    """Refuse a clock that is wrong, and make the sources that the installation names."""
    await bus.database.check_skew()
    if settings.sources is not None:
        try:
            wanted = read_file(settings.sources, packs.organisations)
        except SourcesFault as fault:
            raise SystemExit(f"{NAME}: {fault}") from None
        async with bus.transaction() as tx:
            await register(tx, wanted)


async def _close(database: Database, broker: Broker) -> None:
    await broker.close()
    await database.close()
