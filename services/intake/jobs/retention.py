"""What is deleted because it is old enough."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

import structlog

from services.intake.store import deliveries
from shared.bus import Bus, forget_old_events
from shared.platform.idempotency import forget_old
from shared.platform.service import every

__all__ = ["Retention"]

EVERY_S = 600.0
SOME = 5_000
log = structlog.get_logger("retention")


@dataclass(slots=True)
class Retention:
    """Deletes settled deliveries after `keep_days` of machine time, answers kept for repeated requests after a day, and
    the ids of events that were heard when the bus keeps them no longer."""

    bus: Bus
    organisations: frozenset[str]
    keep_days: int

    async def run(self, stop: asyncio.Event) -> None:
        """Sweep now and then until `stop`."""
        await every(EVERY_S, self.sweep, stop)

    async def sweep(self) -> int:
        """Delete what is too old, some at a time; how many deliveries."""
        before = self.bus.clock.machine() - timedelta(days=self.keep_days)
        total = 0
        while True:
            async with self.bus.transaction() as tx:
                deleted = await deliveries.delete_old(tx, sorted(self.organisations), before, SOME)
                await forget_old(tx)
            total += deleted
            if deleted < SOME:
                break
        if total:
            log.info("old deliveries deleted", count=total)
        await forget_old_events(self.bus)
        return total
