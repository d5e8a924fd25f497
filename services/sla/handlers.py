"""What sla hears: conversations on `messages`. The tables at the foot of `domain.facts` are the contents page."""

from collections import defaultdict
from collections.abc import Awaitable, Callable

from services.sla import store
from services.sla.domain import BLOCKS, FACTS, Fact, Key, refold
from shared.bus import Batch, Tx
from shared.platform.ids import uuid7
from shared.policy import Packs

__all__ = ["NAMES", "messages"]

NAMES = frozenset(FACTS) | frozenset(BLOCKS)
"""The events of `messages` that become facts."""


def messages(packs: Packs) -> Callable[[Batch, Tx], Awaitable[None]]:
    """The handler of `messages`, under these policies."""

    async def handle(batch: Batch, tx: Tx) -> None:
        """Fold what was said and done into its conversations, and tell what changed.

        Clauses: westward:3.6, 6.12, 7.9, wheatley:responding-to-customers.
        """
        said, blocks = _journal(batch)
        writers = [(o, fact.author) for (o, _), facts in said.items() for fact in facts if fact.author is not None]
        await store.lock_authors(tx, [*writers, *blocks])
        keys = await store.lock_conversations(tx, said, blocks)
        histories = await store.add(tx, keys, said, blocks)
        changes = refold(histories, await store.told(tx, keys), packs, tx.now, uuid7)
        await store.save(tx, changes)
        tx.emit(*changes.events)

    return handle


def _journal(batch: Batch) -> tuple[dict[Key, list[Fact]], dict[Key, list[Fact]]]:
    """The batch as facts, by conversation, and blocks, by author; both in the order of the batch."""
    said: dict[Key, list[Fact]] = defaultdict(list)
    blocks: dict[Key, list[Fact]] = defaultdict(list)
    for record in batch:
        journal, table = (said, FACTS) if record.name in FACTS else (blocks, BLOCKS)
        journal[record.organisation, record.key].append(table[record.name](record.event, record.data))
    return said, blocks
