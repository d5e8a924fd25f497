"""Offsets that Kafka refuses are offered again: no record may come that would bring a newer one."""

import asyncio
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import CommitFailedError
from prometheus_client import CollectorRegistry

from shared.bus.committing import Committer
from shared.bus.metrics import BUS, BUS_PREFIX, Instruments
from shared.bus.positions import Partition

OURS, THEIRS = Partition("t", 0), Partition("t", 1)


class Client:
    """The client library's side: it refuses once, and in the meantime a partition is taken away."""

    def __init__(self) -> None:
        self.committed: list[Any] = []
        self.refuses = True

    def assignment(self) -> set[TopicPartition]:
        """What this member has now."""
        return {TopicPartition(*OURS)}

    async def commit(self, offsets: dict[TopicPartition, int]) -> None:
        """Take them, but for the first time."""
        if self.refuses:
            self.refuses = False
            raise CommitFailedError
        self.committed.append(offsets)


async def test_what_was_refused_is_committed_later_where_it_is_still_ours() -> None:
    client = Client()
    committer = Committer(client, Instruments(BUS, CollectorRegistry(), BUS_PREFIX))
    committer.note({OURS: 5, THEIRS: 7})
    async with asyncio.timeout(30):
        while not client.committed:
            await asyncio.sleep(0.01)
    await committer.close()
    assert client.committed == [{TopicPartition(*OURS): 5}]


class Slow:
    """The client library's side: each commit takes until it is let go."""

    def __init__(self) -> None:
        self.committed: list[int] = []
        self.asked = asyncio.Event()
        self.go = asyncio.Event()

    def assignment(self) -> set[TopicPartition]:
        """What this member has."""
        return {TopicPartition(*OURS)}

    async def commit(self, offsets: dict[TopicPartition, int]) -> None:
        """Take them when told to."""
        self.asked.set()
        await self.go.wait()
        self.committed += offsets.values()


async def test_an_older_offset_never_comes_behind_a_newer_one_and_what_was_cut_short_is_committed_at_the_end() -> None:
    client = Slow()
    committer = Committer(client, Instruments(BUS, CollectorRegistry(), BUS_PREFIX))
    committer.note({OURS: 5})
    await client.asked.wait()
    committer.note({OURS: 6})
    last = asyncio.create_task(committer.last())
    await asyncio.sleep(0.05)
    client.go.set()
    await last
    assert client.committed == [5, 6]

    client.go.clear()
    client.asked.clear()
    committer.note({OURS: 7})
    await client.asked.wait()
    closing = asyncio.create_task(committer.close())
    await asyncio.sleep(0.05)
    client.go.set()
    await closing
    assert client.committed == [5, 6, 7]
