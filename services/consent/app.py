"""The one place that wires consent: settings → database, bus, forms, handlers, jobs, doors."""

import asyncio
from dataclasses import dataclass
from functools import partial

from prometheus_client import CollectorRegistry

from services.consent import handlers
from services.consent.api import ROUTERS
from services.consent.jobs import Recheck, Retention, Timer
from services.consent.settings import ConsentSettings
from services.consent.store.forms import Forms
from shared.bus import Budget, Bus, Consumer, Relay, Subscription, Topics
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

NAME = "consent"


def build(settings: ConsentSettings) -> Service:
    """The whole service, not yet started."""
    registry = CollectorRegistry()
    packs = load_packs(settings.policies)
    database = Database(settings.database_url, application_name=NAME, pool_size=settings.pool_size)
    bus = _bus(settings, packs, database, registry)
    reading = _Reading(_consumer(settings, bus, packs))
    probes: dict[str, Probe] = {"database": partial(migrate.probe, NAME, database), "bus": reading.ready}
    keys = Keys(settings.issuer, settings.audience, settings.jwks)
    forms = Forms(settings.forms_folder, settings.keys_folder)
    app = create_app(NAME, keys, probes, registry, bus=bus, packs=packs, forms=forms, form_bytes=settings.form_bytes)
    for router in ROUTERS:
        app.include_router(router)
    app.include_router(dead_letters(bus))
    return Service(
        name=NAME,
        settings=settings,
        app=seal(app),
        bare_app=create_app(NAME, keys, probes, registry),
        workers=[
            reading.run,
            Relay(bus, settings.kafka).run,
            Timer(bus, packs).run,
            Recheck(bus, packs).run,
            Retention(bus).run,
        ],
        start=database.check_skew,
        close=database.close,
    )


def _consumer(settings: ConsentSettings, bus: Bus, packs: Packs) -> Consumer:
    return Consumer(
        bus,
        settings.kafka,
        [
            Subscription("people", bus.topics.sources("people"), handlers.people(packs), handlers.PEOPLE),
            Subscription("images", bus.topics.sources("images"), handlers.images(packs), handlers.IMAGES),
        ],
        ordinal=settings.ordinal,
        session_timeout_ms=settings.session_timeout_ms,
    )


def _bus(settings: ConsentSettings, packs: Packs, database: Database, registry: CollectorRegistry) -> Bus:
    topics = Topics(packs.organisations, settings.topic_prefix, settings.group_prefix)
    budget = Budget(settings.outbox_rows, settings.outbox_age_s)
    return Bus(NAME, database, Clock(settings.clock), topics, budget, Instruments(registry=registry))


@dataclass(slots=True)
class _Reading:
    """The consumer, and whether this process is one that runs it: one with doors alone is ready without a group."""

    consumer: Consumer
    running: bool = False

    async def run(self, stop: asyncio.Event) -> None:
        """Read until `stop`."""
        self.running = True
        await self.consumer.run(stop)

    async def ready(self) -> str | None:
        """None when the bus is reachable and, where it is read here, is being read."""
        if self.running:
            return await self.consumer.ready()
        await self.consumer.broker.topics(self.consumer.by_topic)
        return None
