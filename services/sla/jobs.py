"""What comes with time alone: warnings and breaches."""

import asyncio
import contextlib
from dataclasses import dataclass

import structlog

from services.sla import store
from services.sla.domain import refold
from shared.bus import Bus, forget_old_events
from shared.platform.ids import uuid7
from shared.platform.service import every
from shared.policy import Packs

__all__ = ["Retention", "Timer"]

EVERY_S = 0.25
MOST = 500
RETENTION_S = 3600.0
log = structlog.get_logger("timer")


@dataclass(frozen=True, slots=True)
class Timer:
    """Tells warnings and breaches when their time has come, each once, however many processes run this.

    A claim locks the conversations that it takes, leaves those that others hold, and commits what is told together with
    the next time to look.
    """

    bus: Bus
    packs: Packs

    async def run(self, stop: asyncio.Event) -> None:
        """Look four times a second, and at once again while there is more than one claim can take."""

        async def sweep() -> None:
            while await self.tick() == MOST and not stop.is_set():
                await asyncio.sleep(0)

        await every(EVERY_S, sweep, stop)

    async def tick(self) -> int:
        """One claim; how many conversations it brought up to date."""
        async with self.bus.transaction() as tx:
            keys = await store.claim_due(tx, self.packs.organisations, MOST)
            if keys:
                known = await store.told(tx, keys)
                changes = refold(await store.histories(tx, keys), known, self.packs, tx.now, uuid7)
                await store.save(tx, changes)
                tx.emit(*changes.events)
                log.info("time told", count=len(changes.events), rows=len(keys))
        return len(keys)


@dataclass(frozen=True, slots=True)
class Retention:
    """Forgets the ids of events beyond the inbox's horizon; the journal keeps its own for good."""

    bus: Bus

    async def run(self, stop: asyncio.Event) -> None:
        """Once an hour."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), RETENTION_S / 60)
        await every(RETENTION_S, self._forget, stop)

    async def _forget(self) -> None:
        await forget_old_events(self.bus)
