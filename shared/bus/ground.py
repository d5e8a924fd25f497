"""What every service stands on, made from its settings, and how its parts become one process."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from fastapi import APIRouter, FastAPI
from prometheus_client import CollectorRegistry

from shared.bus import deadletters_api, quiet_api
from shared.bus.consumer import Consumer
from shared.bus.metrics import BUS, BUS_PREFIX, SAMPLES, Instruments
from shared.bus.quiet_api import Waits
from shared.bus.records import Subscription
from shared.bus.relay import Relay
from shared.bus.topics import Topics
from shared.bus.tx import Budget, Bus
from shared.platform import revisions
from shared.platform.auth import Keys
from shared.platform.clock import Clock
from shared.platform.db import Database
from shared.platform.figures import Figures, Sample, Sampler
from shared.platform.http import Probe, add, create_app, doors_of, seal
from shared.platform.metrics import PLATFORM
from shared.platform.pages import Pages, install
from shared.platform.service import Part, Service
from shared.platform.settings import ServiceSettings
from shared.platform.tracing import Tracer
from shared.platform.watching import Timed, Watch, begin
from shared.policy import Packs, load_packs

__all__ = ["Ground"]


@dataclass(frozen=True, slots=True)
class Ground:
    """A service's database, bus and policies. `app.py` adds what the service does, and makes the process of it."""

    name: str
    settings: ServiceSettings
    registry: CollectorRegistry
    packs: Packs
    database: Database
    bus: Bus
    platform: Instruments
    measured: Instruments
    """The service's own metrics."""
    figures: Figures

    @classmethod
    def of(cls, name: str, settings: ServiceSettings, figures: Figures) -> "Ground":
        """Nothing is opened yet. Raises PolicyError for a pack that is refused."""
        registry = CollectorRegistry()
        packs = load_packs(settings.policies)
        platform = Instruments(PLATFORM, registry)
        measured = figures.instruments(registry, packs.organisations)
        database = Database(
            settings.database_url, application_name=name, pool_size=settings.pool_size, instruments=platform
        )
        topics = Topics(packs.organisations, settings.topic_prefix, settings.group_prefix)
        tracer = Tracer(name, settings.traces, settings.traces_ratio)
        budget = Budget(settings.outbox_rows, settings.outbox_age_s)
        instruments = Instruments(BUS, registry, BUS_PREFIX)
        bus = Bus(name, database, Clock(settings.clock), topics, budget, instruments, tracer)

        if (measure := figures.measure) is not None:
            bus.measure = lambda tx: measure(measured, tx.heard, tx.said, tx.now)
        return cls(name, settings, registry, packs, database, bus, platform, measured, figures)

    def service(
        self,
        *,
        reads: Sequence[Subscription],
        routers: Sequence[APIRouter],
        jobs: Sequence[Part],
        waits: Sequence[Waits],
        doormen: Sequence[Part] = (),
        start: Callable[[], Awaitable[None]] | None = None,
        pages: Pages | None = None,
        **state: Any,
    ) -> Service:
        """The whole service, not yet started: its doors, its consumer, the relay and its jobs.

        `waits` says what is due and not done; `doormen` is what the doors themselves need running; `start` runs before
        anything else, after the clock was compared with the database's; `pages` is how it shows itself to people (their
        routes are among `routers`); `state` is what the doors find in `app.state`.
        """
        settings, bus = self.settings, self.bus
        consumer = self._consumer(reads)
        reading = _Reading(consumer)
        probes: dict[str, Probe] = {
            "database": partial(revisions.probe, self.name, self.database),
            "bus": reading.ready,
        }
        keys = Keys(settings.issuer, settings.audience, settings.jwks)
        app = self._app(keys, probes, bus=bus, packs=self.packs, **state)
        for router in (*routers, quiet_api.router(bus, tuple(waits)), deadletters_api.router(bus)):
            add(app, router)
        if pages is not None:
            install(app, pages, settings, self.packs)
        begin(self.platform, doors_of(app))
        return Service(
            name=self.name,
            settings=settings,
            app=seal(app),
            bare_app=self._app(keys, probes),
            workers=[reading.run, Relay(bus, settings.cluster).run, *jobs],
            doormen=doormen,
            beside=[Watch(self.platform, self.database).run, self.sampler().run],
            start=partial(self._start, start),
            close=partial(self._close, consumer),
        )

    def _app(self, keys: Keys, probes: Mapping[str, Probe], **state: Any) -> FastAPI:
        app = create_app(self.name, keys, probes, self.registry, **state)
        app.add_middleware(Timed, instruments=self.platform)
        return app

    def _consumer(self, reads: Sequence[Subscription]) -> Consumer:
        settings = self.settings
        return Consumer(
            self.bus, settings.cluster, reads, ordinal=settings.ordinal, session_timeout_ms=settings.session_timeout_ms
        )

    def sampler(self) -> Sampler:
        """What reads figures from the service's database."""
        timers = Sample(self.figures.timers, metrics=("timer_late_seconds",), labels=("organisation",))
        return Sampler(
            self.database,
            self.bus.clock,
            sorted(self.packs.organisations),
            self.platform,
            [
                *((self.bus.instruments, sample) for sample in SAMPLES),
                *((self.measured, sample) for sample in self.figures.samples),
                *(((self.platform, timers),) if self.figures.timers else ()),
            ],
        )

    async def _start(self, further: Callable[[], Awaitable[None]] | None) -> None:
        await self.database.check_skew()
        if further is not None:
            await further()

    async def _close(self, consumer: Consumer) -> None:
        await consumer.broker.close()
        await self.database.close()
        await self.bus.tracer.close()


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
