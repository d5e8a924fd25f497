"""The batches that are in the database at one time: a few, and never two that have a partition in common."""

import asyncio
from collections.abc import Collection, Coroutine
from typing import Any

from shared.bus.positions import Partition

__all__ = ["MOST", "Writing"]

MOST = 2
"""While PostgreSQL works for one batch, this process decides another: with one at a time each waits for the other, and a
third gives nothing more (measured, `tests/bench/findings/handler.md`)."""


class Writing:
    """Runs batches side by side, as another process with other partitions would: what orders them is the partition, and
    what keeps them apart are the rows' locks. The batches of one partition follow on each other."""

    def __init__(self, most: int = MOST) -> None:
        self.most = most
        self._running: dict[asyncio.Task[None], frozenset[Partition]] = {}

    @property
    def partitions(self) -> frozenset[Partition]:
        """Those that have a batch in hand."""
        return frozenset().union(*self._running.values())

    async def begin(self, batch: Coroutine[Any, Any, None], partitions: Collection[Partition]) -> None:
        """Begin with a batch as soon as its partitions are free and there is room. Raises what another one ended with."""
        wanted = frozenset(partitions)
        try:
            while len(self._running) >= self.most or not wanted.isdisjoint(self.partitions):
                await self._end(asyncio.FIRST_COMPLETED)
        except BaseException:
            batch.close()
            raise
        self._running[asyncio.create_task(batch)] = wanted

    async def take_faults(self) -> None:
        """Forget what is done. Raises what it ended with."""
        if any(task.done() for task in self._running):
            await self._end(asyncio.FIRST_COMPLETED)

    async def settle(self) -> None:
        """Wait until all are done. Raises what one ended with."""
        while self._running:
            await self._end(asyncio.ALL_COMPLETED)

    async def idle(self, most_s: float) -> None:
        """Wait until all are done, `most_s` at the longest. What they ended with is for whoever began them."""
        if self._running:
            await asyncio.wait(self._running, timeout=most_s)

    async def _end(self, when: str) -> None:
        await asyncio.wait(self._running, return_when=when)
        done = [task for task in self._running if task.done()]
        for task in done:
            del self._running[task]
        for task in done:
            task.result()
