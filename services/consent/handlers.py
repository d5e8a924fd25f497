"""What consent hears: images and where they go, people who come and go.

`HEARD` of `domain.images` and of `domain.stints` are the contents pages.
"""

from collections.abc import Awaitable, Callable, Iterator

from services.consent.deciding import conclude, look_ahead, open_docket
from services.consent.domain import images as told
from services.consent.domain import stints
from services.consent.domain.bounds import Crowded
from services.consent.domain.docket import Key
from services.consent.store import images as images_store
from services.consent.store import people as people_store
from services.consent.store import records
from shared.bus import Batch, Permanent, Tx
from shared.contracts.images import Image
from shared.policy import Packs

__all__ = ["IMAGES", "PEOPLE", "images", "people"]

IMAGES = frozenset(told.HEARD)
"""The events of `images` that are heard."""
PEOPLE = frozenset(stints.HEARD)
"""Those of `people`."""


def images(packs: Packs) -> Callable[[Batch, Tx], Awaitable[None]]:
    """The handler of `images`, under these policies."""

    async def handle(batch: Batch, tx: Tx) -> None:
        """Judge each image as it is described and placed, event by event; tell what changed.

        Raises Permanent for an event that makes an image more than a decision is made for.

        Clauses: westward:4.10, 7.6, 10.1, 10.4, wheatley:policy-details.
        """
        found = await images_store.lock(tx, batch.keys)
        docket = await open_docket(tx, packs, found.values(), _named(batch))
        for record in batch:
            try:
                docket.hear(found[record.organisation, record.key], record.event)
            except Crowded as fault:
                raise Permanent("invalid", str(fault)) from None
        await conclude(tx, found.values(), docket)

    return handle


def _named(batch: Batch) -> Iterator[Key]:
    """Everybody whom the batch shows."""
    for record in batch:
        if isinstance(record.data, Image):
            yield from ((record.organisation, one.person) for one in record.data.people if one.person is not None)


def people(packs: Packs) -> Callable[[Batch, Tx], Awaitable[None]]:
    """The handler of `people`, under these policies."""

    async def handle(batch: Batch, tx: Tx) -> None:
        """Keep what HR says of stints, and have the images of whom it concerns judged again (westward:10.4)."""
        keys = await people_store.lock(tx, batch.keys)
        zones = {organisation: packs.at(organisation, tx.now).tz for organisation, _ in keys}
        said = [
            (
                (record.organisation, record.key),
                stints.HEARD[record.name](record.event, zones[record.organisation], tx.now),
            )
            for record in batch
        ]
        await people_store.add_facts(tx, said)
        await look_ahead(tx, packs, keys)
        await records.recheck(tx, keys)

    return handle
