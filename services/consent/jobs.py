"""What runs on time: judging images again, and what a day that comes changes of somebody."""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import Row

from services.consent.deciding import conclude, endings_of, look_ahead, open_docket
from services.consent.domain.bounds import check_room
from services.consent.domain.docket import Key
from services.consent.domain.endings import due
from services.consent.domain.images import Image
from services.consent.domain.telling import tell
from services.consent.store import images, people, records
from shared.bus import Bus, Tx, forget_old_events
from shared.contracts.consent import ConsentExpired, ConsentExpiring
from shared.platform.db import is_outage
from shared.platform.idempotency import forget_old
from shared.platform.ids import uuid7
from shared.platform.service import every
from shared.policy import Packs

__all__ = ["Recheck", "Retention", "Timer"]

EVERY_S = 0.25
MOST = 500
"""People that the timer takes at a time, and image-uses that are judged again in one transaction."""
DUE_IMAGES = 100
PUT_OFF = timedelta(minutes=1)
RETENTION_S = 3600.0
log = structlog.get_logger("jobs")


@dataclass(frozen=True, slots=True)
class Timer:
    """Tells what runs out or is about to, and has images judged again when somebody's standing changes with a day."""

    bus: Bus
    packs: Packs

    async def run(self, stop: asyncio.Event) -> None:
        """Look four times a second, and at once again while there is more."""

        async def sweep() -> None:
            while await self.tick() == MOST and not stop.is_set():
                await asyncio.sleep(0)

        await every(EVERY_S, sweep, stop)

    async def waits(self, tx: Tx) -> str | None:
        """What is due and not yet told."""
        due = await people.waiting(tx, self.packs.organisations)
        return "something about a person changes with time and has not been told" if due else None

    async def tick(self) -> int:
        """One claim; how many people it brought up to date."""
        async with self.bus.transaction() as tx:
            keys = await people.claim_due(tx, self.packs.organisations, MOST)
            if keys:
                told = await self._tell(tx, keys)
                await look_ahead(tx, self.packs, keys)
                await records.recheck(tx, keys)
                log.info("time told", count=told, rows=len(keys))
        return len(keys)

    async def _tell(self, tx: Tx, keys: Sequence[tuple[str, str]]) -> int:
        states = []
        for (organisation, _), endings in (await endings_of(tx, keys)).items():
            pack = self.packs.at(organisation, tx.now)
            for ending in endings:
                data = due(ending, pack.consent.expiring_days, tx.now, pack.tz)
                if data is None:
                    continue
                tx.emit(tell(pack, data, id=uuid7(), now=tx.now, codes={"expired"}))
                state = "expired" if isinstance(data, ConsentExpired) else "given"
                left = data.days_left if isinstance(data, ConsentExpiring) else ending.days_told
                states.append((organisation, ending.consent, state, left))
        await records.set_states(tx, states)
        return len(states)


@dataclass(slots=True)
class _Claim:
    """What one transaction judges again: a page of `wish`, somebody's images, or images that are due."""

    wish: Row[Any] | None = None
    found: dict[Key, Image] = field(default_factory=dict)


@dataclass(slots=True)
class Recheck:
    """Judges images again: those of people of whom something changed, and those whose own time has come.

    A person's images are taken by pages of up to 500 image-uses, each in a transaction of its own; the organisations
    take turns. An image that cannot be judged is put off by itself, so that the others are in time.
    """

    bus: Bus
    packs: Packs
    _served: str = ""
    """The organisation whose turn it was."""
    _singly: int = 0
    """How many of the next claims take one image only, after one that failed."""

    async def run(self, stop: asyncio.Event) -> None:
        """Look four times a second, and at once again while there is something."""

        async def sweep() -> None:
            while await self.tick() and not stop.is_set():
                await asyncio.sleep(0)

        await every(EVERY_S, sweep, stop)

    async def waits(self, tx: Tx) -> str | None:
        """What is to be judged again."""
        due = await images.waiting(tx, self.packs.organisations)
        return "an image waits to be judged again" if due else None

    async def tick(self) -> bool:
        """One page of one person's images, or images that are due; whether there was anything to do."""
        claim = _Claim()
        try:
            async with self.bus.transaction() as tx:
                await self._take(tx, claim)
                await self._judge(tx, claim.found)
        except Exception as error:
            if is_outage(error) or not claim.found:
                raise
            await self._isolate(claim, error)
            return True
        self._singly = max(0, self._singly - 1)
        return claim.wish is not None or bool(claim.found)

    async def _take(self, tx: Tx, claim: _Claim) -> None:
        wish = claim.wish = await images.claim_recheck(tx, self.packs.organisations, self._served)
        if wish is None:
            claim.found = await images.claim_due(tx, self.packs.organisations, 1 if self._singly else DUE_IMAGES)
            return
        self._served = wish.organisation
        rows = _page(await images.page_of(tx, wish, 1 if self._singly else MOST + 1))
        claim.found = await images.lock(tx, [(wish.organisation, row.image) for row in rows])
        await images.turn_page(tx, wish, rows[-1].image if rows else None)

    async def _judge(self, tx: Tx, found: Mapping[Key, Image]) -> None:
        if not found:
            return
        docket = await open_docket(tx, self.packs, found.values())
        for key in sorted(found):
            check_room(found[key])
            docket.judge(found[key])
        await conclude(tx, found.values(), docket)
        log.info("judged again", count=len(docket.events), rows=len(found))

    async def _isolate(self, claim: _Claim, error: Exception) -> None:
        """After a claim that failed go on one by one; an image that fails alone is looked at again after a while."""
        if not self._singly:
            self._singly = MOST
            log.error("a claim failed", rows=len(claim.found), error=type(error).__name__)
            return
        async with self.bus.transaction() as tx:
            for organisation, image in claim.found:
                await images.put_off(tx, organisation, image, tx.now + PUT_OFF)
                if claim.wish is not None:
                    await images.turn_page(tx, claim.wish, image)
                log.error("put off", organisation=organisation, image=image, error=type(error).__name__)


def _page(rows: Sequence[Row[Any]]) -> Sequence[Row[Any]]:
    """As many as make up 500 image-uses, and one at the least."""
    uses = 0
    for count, row in enumerate(rows):
        uses += row.weight
        if uses > MOST and count:
            return rows[:count]
    return rows


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
