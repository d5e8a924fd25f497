"""Kafka's own offsets, committed behind the work and the newest only: for lag displays, nothing depends on them."""

import asyncio
import contextlib
from typing import Any

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError

from shared.bus.metrics import Instruments
from shared.bus.positions import Partition

__all__ = ["Committer"]

log = structlog.get_logger("bus")

PERIOD_S = 0.2
AGAIN_S = 1.0
LAST_S = 1.0


class Committer:
    """Commits the newest offset of each partition, at the most five times a second."""

    def __init__(self, consumer: Any, instruments: Instruments) -> None:
        self._consumer = consumer
        self._instruments = instruments
        self._newest: dict[Partition, int] = {}
        self._news = asyncio.Event()
        self._one_at_a_time = asyncio.Lock()
        self._task = asyncio.create_task(self._run())

    def note(self, offsets: dict[Partition, int]) -> None:
        """These are committed in the database."""
        if offsets:
            self._newest.update(offsets)
            self._news.set()

    async def _run(self) -> None:
        while True:
            await self._news.wait()
            await asyncio.sleep(PERIOD_S if await self.commit() else AGAIN_S)

    async def commit(self) -> bool:
        """Commit what is new; whether that went well. A refusal is counted and survived: the database is the truth.

        What was refused is tried again as long as its partition is ours: no record may come that would bring a newer one.
        """
        async with self._one_at_a_time:  # an older offset must not come behind a newer one
            self._news.clear()
            newest, self._newest = self._newest, {}
            return not newest or await self._commit(newest)

    async def _commit(self, newest: dict[Partition, int]) -> bool:
        try:
            await self._consumer.commit({TopicPartition(*partition): offset for partition, offset in newest.items()})
        except (CommitFailedError, IllegalStateError, KafkaError) as error:
            self._instruments.add("commit_failures", type(error).__name__)
            log.info("offset commit failed", error=type(error).__name__)
            ours = self._consumer.assignment()
            self.note({p: offset for p, offset in (newest | self._newest).items() if TopicPartition(*p) in ours})
            return False
        except BaseException:
            self._newest = newest | self._newest  # whoever ends it commits once more
            raise
        return True

    async def last(self) -> None:
        """Commit once more before partitions are given up; a second at the most."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LAST_S):
                await self.commit()

    async def close(self) -> None:
        """Commit what is left and end."""
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        await self.last()
