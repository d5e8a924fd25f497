"""How images are judged wherever it is asked for: hold what the decision rests on, judge, keep and tell what changed."""

from collections.abc import Collection, Iterable, Sequence

from services.consent.domain.docket import Docket, Key
from services.consent.domain.endings import Ending, next_change
from services.consent.domain.images import Image
from services.consent.domain.people import Rules
from services.consent.store import images, people, records, takedowns
from shared.bus import Tx
from shared.platform.ids import uuid7
from shared.policy import Packs

__all__ = ["conclude", "endings_of", "look_ahead", "open_docket"]


async def open_docket(tx: Tx, packs: Packs, found: Collection[Image], others: Iterable[Key] = ()) -> Docket:
    """Judge locked images, and `others` whom events are about to show on them."""
    shown = {(image.organisation, person) for image in found for person in image.people} | set(others)
    await people.share(tx, shown)
    return Docket(
        packs=packs,
        now=tx.now,
        known=await people.known(tx, shown),
        new_id=uuid7,
        standing=await takedowns.of_images(tx, [(image.organisation, image.image) for image in found]),
    )


async def conclude(tx: Tx, found: Collection[Image], docket: Docket) -> None:
    """Write and tell what came of it."""
    await images.save(tx, found, docket)
    await takedowns.save(tx, docket)
    tx.emit(*docket.events)


async def look_ahead(tx: Tx, packs: Packs, keys: Sequence[Key]) -> None:
    """Note when time next has something to tell of these locked people."""
    known = await people.known(tx, keys)
    endings = await endings_of(tx, keys)
    times = []
    for key in keys:
        pack = packs.at(key[0], tx.now)
        days = pack.consent.expiring_days
        times.append((key, next_change(known[key], endings.get(key, ()), days, Rules.of(pack, tx.now))))
    await people.save_next(tx, times)


async def endings_of(tx: Tx, keys: Sequence[Key]) -> dict[Key, list[Ending]]:
    """The consents of these people that end one day."""
    endings: dict[Key, list[Ending]] = {}
    for row in await records.telling(tx, keys):
        endings.setdefault((row.organisation, row.person), []).append(
            Ending(
                consent=str(row.consent),
                person=row.person,
                channels=None if row.channels is None else tuple(row.channels),
                purposes=tuple(row.purposes),
                last_day=row.last_day,
                days_told=row.days_told,
            )
        )
    return endings
