"""What access hears: people, on `in.<organisation>.people` and on `people`."""

from collections import defaultdict
from collections.abc import Awaitable, Callable

from services.access.domain import FACTS, SOURCE, Fact
from services.access.store.locks import lock_organisations
from services.access.store.settling import settle
from shared.bus import Batch, Tx
from shared.policy import Packs

__all__ = ["NAMES", "people"]

NAMES = frozenset(FACTS)
"""The events of `people` that become facts."""


def people(packs: Packs) -> Callable[[Batch, Tx], Awaitable[None]]:
    """The handler of `people`, under these policies."""

    async def handle(batch: Batch, tx: Tx) -> None:
        """Add what was said of each person, and carry out what follows, in the order of the batch.

        What access itself put on `people` it has acted on already. Clauses: westward:6.3, 6.4, 7.11, wheatley:scope.
        """
        said: dict[str, list[tuple[str, Fact]]] = defaultdict(list)
        for record in batch:
            if record.event.source != SOURCE:
                fact = FACTS[record.name](record.event, record.data, tx.now)
                said[record.organisation].append((record.key, fact))
        for organisation in await lock_organisations(tx, said):
            facts = said[organisation]
            await settle(tx, packs, organisation, [person for person, _ in facts], facts)

    return handle
