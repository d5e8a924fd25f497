"""The batches that are in the database at one time: a few, and never two that have a partition in common."""

import asyncio
import time
from collections.abc import Collection, Coroutine
from dataclasses import dataclass, field
from typing import Any

from shared.bus.positions import Partition

__all__ = ["MOST", "Writing"]

MOST = 2
"""While PostgreSQL works for one batch, this process decides another: with one at a time each waits for the other, and a
third gives nothing more (measured, `tests/bench/findings/handler.md`)."""


@dataclass(slots=True)
class _Batch:
    """One in hand: of which partitions, and when it began or last got on."""

    partitions: frozenset[Partition]
    since: float = field(default_factory=time.monotonic)


class Writing:
    """Runs batches side by side, as another process with other partitions would: what orders them is the partition, and
    what keeps them apart are the rows' locks. The batches of one partition follow on each other."""

    def __init__(self, most: int = MOST) -> None:
        self.most = most
        self._running: dict[asyncio.Task[None], _Batch] = {}

    @property
    def partitions(self) -> frozenset[Partition]:
        """Those that have a batch in hand."""
        return frozenset().union(*(batch.partitions for batch in self._running.values()))

    async def begin(self, batch: Coroutine[Any, Any, None], partitions: Collection[Partition]) -> None:
        """Begin with a batch as soon as its partitions are free and there is room. Raises what another one ended with."""
        wanted = frozenset(partitions)
        try:
            while len(self._running) >= self.most or not wanted.isdisjoint(self.partitions):
                await self._end(asyncio.FIRST_COMPLETED)
        except BaseException:
            batch.close()
            raise
        self._running[asyncio.create_task(batch)] = _Batch(wanted)

    def got_on(self) -> None:
        """The batch that asks has a part of it behind it."""
        task = asyncio.current_task()
        if task in self._running:
            self._running[task].since = time.monotonic()

    def stands_for_s(self) -> float:
        """For how long the one that stands longest has not got on, in seconds."""
        now = time.monotonic()
        return now - min((batch.since for batch in self._running.values()), default=now)

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
