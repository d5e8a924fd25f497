"""What comes with time alone: leave that takes effect, levels of the ladder, the end of a waiver."""

import asyncio
import contextlib
from dataclasses import dataclass

import structlog

from services.access.domain import chase
from services.access.store import people, revocations
from services.access.store.locks import claim_organisations, waits_for_time
from services.access.store.settling import settle, telling_of
from shared.bus import Bus, Tx, forget_old_events
from shared.platform.idempotency import forget_old
from shared.platform.service import every
from shared.policy import Packs

__all__ = ["Retention", "Timer"]

EVERY_S = 0.25
MOST = 500
RETENTION_S = 3600.0
log = structlog.get_logger("timer")


@dataclass(frozen=True, slots=True)
class Timer:
    """Carries out what is due, each once, however many processes run this.

    An organisation that another transaction holds is left for the next look.
    """

    bus: Bus
    packs: Packs

    async def run(self, stop: asyncio.Event) -> None:
        """Look four times a second, and at once again while something was due."""

        async def sweep() -> None:
            while await self.tick() and not stop.is_set():
                await asyncio.sleep(0)

        await every(EVERY_S, sweep, stop)

    async def waits(self, tx: Tx) -> str | None:
        """What is due and not yet told."""
        due = await waits_for_time(tx, self.packs.organisations)
        return "a leave or an overdue revocation is due and not yet told" if due else None

    async def tick(self) -> int:
        """One look; how many people and revocations it brought up to date."""
        done = 0
        async with self.bus.transaction() as tx:
            for organisation in await claim_organisations(tx, self.packs.organisations):
                done += await self._carry_out(tx, organisation)
        return done

    async def _carry_out(self, tx: Tx, organisation: str) -> int:
        telling = telling_of(tx, self.packs, organisation)
        leaving = await people.due(tx, organisation, MOST)
        overdue = await revocations.due(tx, organisation, MOST)
        await revocations.save(tx, organisation, chase(overdue, telling))
        await settle(tx, self.packs, organisation, leaving, telling=telling)
        log.info("time told", count=len(telling.events), rows=len(leaving) + len(overdue))
        return len(leaving) + len(overdue)


@dataclass(frozen=True, slots=True)
class Retention:
    """Forgets the ids of events beyond the inbox's horizon and old answers to repeated requests."""

    bus: Bus

    async def run(self, stop: asyncio.Event) -> None:
        """Once an hour."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), RETENTION_S / 60)
        await every(RETENTION_S, self._forget, stop)

    async def _forget(self) -> None:
        await forget_old_events(self.bus)
        async with self.bus.transaction() as tx:
            await forget_old(tx)
