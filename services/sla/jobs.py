"""What comes with time alone: warnings and breaches."""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from services.sla import store
from services.sla.domain import Key, refold
from shared.bus import Bus, Tx, forget_old_events
from shared.platform.db import is_outage
from shared.platform.ids import uuid7
from shared.platform.service import every
from shared.policy import Packs

__all__ = ["Retention", "Timer"]

EVERY_S = 0.25
MOST = 500
PUT_OFF = timedelta(minutes=1)
RETENTION_S = 3600.0
log = structlog.get_logger("timer")


@dataclass(slots=True)
class Timer:
    """Tells warnings and breaches when their time has come, each once, however many processes run this.

    A claim locks the conversations that it takes, leaves those that others hold, and commits what is told together with
    the next time to look. A conversation that cannot be folded is put off by itself, so that the others are in time.
    """

    bus: Bus
    packs: Packs
    _singly: int = 0
    """How many of the next claims take one conversation only, after one that failed."""

    async def run(self, stop: asyncio.Event) -> None:
        """Look four times a second, and at once again while there is more than one claim can take."""

        async def sweep() -> None:
            while await self.tick() == MOST and not stop.is_set():
                await asyncio.sleep(0)

        await every(EVERY_S, sweep, stop)

    async def waits(self, tx: Tx) -> str | None:
        """What is due and not yet told."""
        due = await store.waits_for_time(tx, self.packs.organisations)
        return "a warning or a breach is due and not yet told" if due else None

    async def tick(self) -> int:
        """One claim; how many conversations it brought up to date, MOST where there is reason to look again at once."""
        claimed: list[Key] = []
        try:
            async with self.bus.transaction() as tx:
                claimed += await store.claim_due(tx, self.packs.organisations, 1 if self._singly else MOST)
                if claimed:
                    await self._tell(tx, claimed)
        except Exception as error:
            if is_outage(error):
                raise
            await self._isolate(claimed, error)
            return MOST
        self._singly = max(0, self._singly - 1) if claimed else 0
        return MOST if self._singly else len(claimed)

    async def _tell(self, tx: Tx, keys: Sequence[Key]) -> None:
        known = await store.told(tx, keys)
        changes = refold(await store.histories(tx, keys), known, self.packs, tx.now, uuid7)
        await store.save(tx, changes)
        tx.emit(*changes.events)
        log.info("time told", count=len(changes.events), rows=len(keys))

    async def _isolate(self, claimed: Sequence[Key], error: Exception) -> None:
        """After a claim that failed go on one by one; what fails alone is looked at again after a while."""
        if not self._singly:
            self._singly = MOST
            log.error("a claim failed", rows=len(claimed), error=type(error).__name__)
            return
        async with self.bus.transaction() as tx:
            for organisation, conversation in claimed:
                await store.put_off(tx, organisation, conversation, tx.now + PUT_OFF)
                log.error("put off", organisation=organisation, conversation=conversation, error=type(error).__name__)


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
