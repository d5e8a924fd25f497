"""The one place that wires access: settings → database, bus, handlers, jobs, doors."""

import asyncio
from dataclasses import dataclass
from functools import partial

from prometheus_client import CollectorRegistry

from services.access.api import ROUTERS
from services.access.handlers import NAMES, people
from services.access.jobs import Retention, Timer
from services.access.settings import AccessSettings
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

NAME = "access"


def build(settings: AccessSettings) -> Service:
    """The whole service, not yet started."""
    registry = CollectorRegistry()
    packs = load_packs(settings.policies)
    database = Database(settings.database_url, application_name=NAME, pool_size=settings.pool_size)
    bus = _bus(settings, packs, database, registry)
    consumer = Consumer(
        bus,
        settings.kafka,
        [Subscription("people", bus.topics.sources("people"), people(packs), NAMES)],
        ordinal=settings.ordinal,
        session_timeout_ms=settings.session_timeout_ms,
    )
    reading = _Reading(consumer)
    probes: dict[str, Probe] = {"database": partial(migrate.probe, NAME, database), "bus": reading.ready}
    keys = Keys(settings.issuer, settings.audience, settings.jwks)
    app = create_app(NAME, keys, probes, registry, bus=bus, packs=packs)
    for router in (*ROUTERS, dead_letters(bus)):
        app.include_router(router)
    return Service(
        name=NAME,
        settings=settings,
        app=seal(app),
        bare_app=create_app(NAME, keys, probes, registry),
        workers=[reading.run, Relay(bus, settings.kafka).run, Timer(bus, packs).run, Retention(bus).run],
        start=database.check_skew,
        close=database.close,
    )


def _bus(settings: AccessSettings, packs: Packs, database: Database, registry: CollectorRegistry) -> Bus:
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
