"""What a service measures of its work, as data: of the events that it commits, and by queries now and then.

Handlers and domain have no line about it. A figure from the database is read by one job, not at the scrape, so that
whoever scrapes how often costs nothing.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from msgspec import Struct
from prometheus_client import CollectorRegistry
from sqlalchemy import Row

from shared.contracts.event import Event
from shared.platform.clock import Clock
from shared.platform.db import Database, is_outage, sql
from shared.platform.metrics import Instruments, Metric

__all__ = ["Figures", "Heard", "Measure", "Sample", "Sampler"]

EVERY_S = (5.0, 30.0)
SHARE = 100.0
"""Reading figures takes a hundredth of the time: a large database is asked less often, but twice a minute all the same."""
PATIENCE = "set local statement_timeout = '2s'"
log = structlog.get_logger("figures")


class Heard(Struct, frozen=True, gc=False):
    """An event that was applied, when it was written (nought: nobody knows) and when read: Unix time, by the machine's clock."""

    event: Event
    written: float = 0.0
    read: float = 0.0

    @property
    def waited(self) -> timedelta:
        """How long it had waited; nought where that is not known."""
        return timedelta(seconds=max(0.0, self.read - self.written)) if self.written > 0 else timedelta()


Measure = Callable[[Instruments, Sequence[Heard], Sequence[Event], datetime], None]
"""Measures what was applied and what was emitted; the instant is the policy time of the transaction."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Gauges from one cheap query that gives a column for each label and for each metric, under their names.

    It may use `:now` (policy time). A gauge whose only label is the organisation is nought for one without a row.
    """

    query: str
    metrics: tuple[str, ...]
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Figures:
    """A service's own metrics: their list, the queries that fill gauges, what is measured of events by their names.

    `measure` is shown what each transaction applied and emitted once it is committed, with its policy time. `timers` is a
    query of (organisation, timer_late_seconds).
    """

    prefix: str
    metrics: tuple[Metric, ...]
    samples: tuple[Sample, ...] = ()
    timers: str = ""
    measure: Measure | None = None

    def instruments(self, registry: CollectorRegistry, organisations: Iterable[str]) -> Instruments:
        """Its metrics in a registry."""
        return Instruments(self.metrics, registry, self.prefix, organisations)


@dataclass(slots=True)
class Sampler:
    """Reads figures from the database into gauges, every five seconds; `run` is a part of the process."""

    database: Database
    clock: Clock
    organisations: Sequence[str]
    platform: Instruments
    samples: Sequence[tuple[Instruments, Sample]]
    _failing: set[str] = field(default_factory=set)

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`. An outage leaves the gauges as they were, and the time of the last reading with them."""
        while not stop.is_set():
            began = time.monotonic()
            await self.sample()
            spent = time.monotonic() - began
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), min(EVERY_S[1], max(EVERY_S[0], SHARE * spent)))

    async def sample(self) -> None:
        """Read all of them once, each in a transaction of its own.

        One that cannot be read, as its table is locked or not migrated yet, leaves its gauges and the others alone: doors
        and timers in this process do not need it. `samples_failing` says so, as no time does.
        """
        began, read_at, failing = time.monotonic(), time.time(), 0
        for instruments, sample in self.samples:
            try:
                await self._read(instruments, sample)
                self._failing.discard(sample.metrics[0])
            except Exception as error:  # noqa: BLE001 whatever it is, the process does more than show figures
                self._failed(sample, error)
                if is_outage(error):
                    return
                failing += 1
        self.platform.set("sample_seconds", to=time.monotonic() - began)
        self.platform.set("samples_failing", to=failing)
        self.platform.set("sampled_timestamp_seconds", to=read_at)

    async def _read(self, instruments: Instruments, sample: Sample) -> None:
        async with self.database.begin() as connection:
            await connection.execute(sql(PATIENCE))
            parameters = {"now": self.clock.policy()} if ":now" in sample.query else {}
            rows = (await connection.execute(sql(sample.query), parameters)).all()
        self._fill(instruments, sample, rows)

    def _failed(self, sample: Sample, error: Exception) -> None:
        """Count it; say so when it begins."""
        self.platform.add("samples_failed")
        name = sample.metrics[0]
        if name not in self._failing:
            log.warning("figures cannot be read", name=name, error=type(error).__name__, reason=_cause(error))
        self._failing.add(name)

    def _fill(self, instruments: Instruments, sample: Sample, rows: Sequence[Row[Any]]) -> None:
        nought: dict[tuple[str, ...], float] = {}
        if sample.labels == ("organisation",):
            nought = {(organisation,): 0.0 for organisation in self.organisations}
        for name in sample.metrics:
            values = {tuple(str(row._mapping[label]) for label in sample.labels): row._mapping[name] for row in rows}
            instruments.replace(name, nought | {labels: float(value) for labels, value in values.items()})


def _cause(error: Exception) -> str:
    """What the driver calls it: `QueryCanceledError`, `UndefinedColumnError`; its text may hold what a row held."""
    return type(getattr(getattr(error, "orig", None), "__cause__", None) or error).__name__
