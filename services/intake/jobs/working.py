"""The one ordered worker behind the doors."""

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass, field

import structlog

from services.intake import handlers
from services.intake.handlers import Outcome, Rules
from services.intake.store import deliveries, sources
from services.intake.store.deliveries import Failure
from shared.bus.errors import TooLarge
from shared.bus.metrics import Instruments
from shared.bus.tx import Bus, Tx
from shared.platform.backoff import jitter
from shared.platform.db import is_outage
from shared.policy import Packs

__all__ = ["Working"]

BATCH_BYTES = 16 * 1024 * 1024
SHORTEST_PAUSE_S = 0.02
LONGEST_PAUSE_S = 0.25
log = structlog.get_logger("working")


@dataclass(slots=True)
class Working:
    """Turns deliveries into items and events, in order of arrival.

    Each batch is one transaction that holds the lock of the one worker, so of many processes one works at a time, and a
    process that dies leaves everything as it was before the batch.
    """

    bus: Bus
    packs: Packs
    metrics: Instruments
    batch: int
    wake: asyncio.Event
    _rules: Rules | None = None
    _one_by_one: int = 0
    """How many of the next deliveries are tried singly, after a batch that failed."""
    _pause: float = SHORTEST_PAUSE_S
    _failures: int = 0
    _organisations: list[str] = field(default_factory=list)

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop`. Woken by the doors of this process; else looks again after a while."""
        while not stop.is_set():
            self.wake.clear()
            try:
                worked = await self.step()
                self._failures = 0
            except Exception as error:
                if not is_outage(error):
                    raise
                await self._back_off(error, stop)
                continue
            self._pause = SHORTEST_PAUSE_S if worked else min(LONGEST_PAUSE_S, self._pause * 2)
            if not worked:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self.wake.wait(), self._pause)

    async def waits(self, tx: Tx) -> str | None:
        """What is committed and not yet read."""
        waiting = await deliveries.waiting(tx, sorted(self.packs.organisations))
        return "a delivery waits to be read" if waiting else None

    async def _back_off(self, error: Exception, stop: asyncio.Event) -> None:
        self._failures += 1
        pause = jitter(self._failures, least=0.1)
        log.warning("the worker waits for the database", error=type(error).__name__, attempt=self._failures)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), pause)

    async def step(self) -> int:
        """Work on the next batch; how many deliveries it had. 0: nothing waits, or another process is at it.

        A batch that fails for another reason than an outage is tried again one by one, and what fails alone is set
        aside as a failed delivery.
        """
        rules = await self._know()
        if await self.bus.outbox_full():
            return 0
        limit = 1 if self._one_by_one else self.batch
        taken: list[deliveries.Delivery] = []
        try:
            async with self.bus.transaction() as tx:
                if not await deliveries.lead(tx):
                    return 0
                self.metrics.set("turn_timestamp_seconds", to=time.time())
                taken.extend(await deliveries.pending(tx, self._organisations, limit, BATCH_BYTES))
                if not taken:
                    self._one_by_one = 0
                    return 0
                outcome = await handlers.deliveries(taken, tx, rules)
        except Exception as error:
            if is_outage(error) or not taken:
                raise
            return await self._spoilt(taken, error)
        self._one_by_one = max(0, self._one_by_one - len(taken))
        self._count(outcome)
        return len(taken)

    async def _know(self) -> Rules:
        """The rules; the organisations' keys are read, or made, and committed before the first use."""
        if self._rules is None:
            self._organisations = sorted(self.packs.organisations)
            async with self.bus.transaction() as tx:
                keys = await sources.keys(tx, self._organisations)
            self._rules = Rules(self.packs, keys)
        return self._rules

    async def _spoilt(self, taken: list[deliveries.Delivery], error: Exception) -> int:
        """A fault of ours: narrow it down to the delivery, then set that one aside so that the others go on."""
        log.error("a batch of deliveries failed", count=len(taken), error=type(error).__name__)
        if len(taken) > 1:
            self._one_by_one = len(taken)
            return len(taken)
        code = "too-large" if isinstance(error, TooLarge) else "fault"
        detail = "its event is over 512 KiB" if code == "too-large" else type(error).__name__
        failure = Failure(organisation=taken[0].organisation, place=taken[0].place, code=code, detail=detail)
        async with self.bus.transaction() as tx:
            if await deliveries.lead(tx):
                await deliveries.fail(tx, [failure])
                self.metrics.add("failed", code)
        self._one_by_one = max(0, self._one_by_one - 1)
        return 1

    def _count(self, outcome: Outcome) -> None:
        self.metrics.add("applied", by=outcome.applied)
        self.metrics.add("clamped", by=outcome.clamped)
        self.metrics.add("ignored", "verb", by=outcome.unknown_verbs)
        self.metrics.add("ignored", "field", by=outcome.unknown_fields)
        for failure in outcome.failures:
            self.metrics.add("failed", failure.code)
            log.warning(
                "a signed delivery cannot be read",
                organisation=failure.organisation,
                delivery=failure.place,
                code=failure.code,
                reason=failure.detail,
            )
