"""One poll of the client. What cannot be read holds its own partition: the others go on."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import CorruptRecordException, KafkaError, UnsupportedCodecError

from shared.bus.assignment import Assignment
from shared.bus.deadletters import Raw
from shared.bus.positions import Partition

__all__ = ["MOST_RECORDS", "POLL_MS", "poll"]

log = structlog.get_logger("bus")

MOST_RECORDS = 500
POLL_MS = 200
ROUNDS = 15
"""How often a sweep asks every partition before it gives up: what is fetched again may take its time."""


async def poll(
    client: Any, assignment: Assignment, busy: Collection[Partition] = frozenset()
) -> Mapping[Any, Sequence[Raw]]:
    """What is there, of partitions that are not `busy` first. Raises KafkaError for a failure that says nothing about a
    record.

    The client by itself would go on with one partition until all that it has fetched of it is taken.
    """
    try:
        polled = await _idle_first(client, assignment, busy)
    except Exception as error:
        if not _unreadable(error):
            raise
        return await _sweep(client, assignment)
    return polled


async def _idle_first(client: Any, assignment: Assignment, busy: Collection[Partition]) -> Mapping[Any, Sequence[Raw]]:
    idle = [TopicPartition(*partition) for partition in assignment.readable() if partition not in busy]
    polled: Mapping[Any, Sequence[Raw]] = {}
    if busy and idle:
        polled = await client.getmany(*idle, timeout_ms=0, max_records=MOST_RECORDS)
    return polled or await client.getmany(timeout_ms=POLL_MS, max_records=MOST_RECORDS)


def _unreadable(error: Exception) -> bool:
    """Whether a record, and not the broker, is the cause: an unknown codec, a broken batch, a header that is no text."""
    return not isinstance(error, KafkaError) or isinstance(error, (CorruptRecordException, UnsupportedCodecError))


async def _sweep(client: Any, assignment: Assignment) -> Mapping[Any, Sequence[Raw]]:
    """Poll partition by partition, to find the one that fails.

    The failed poll lost what it had taken of the others, and the client would step over what it could not read: all of
    it is fetched again from where each partition stands.
    """
    assignment.rewind(client)
    found: dict[Any, list[Raw]] = {}
    failed = False
    rounds = 0
    while not failed and rounds < ROUNDS:
        rounds += 1
        await asyncio.sleep(POLL_MS / 1000)
        for partition in assignment.readable():
            records = found.setdefault(TopicPartition(*partition), [])
            failed = not await _take(client, assignment, partition, records) or failed
    return {tp: records for tp, records in found.items() if records}


async def _take(client: Any, assignment: Assignment, partition: Partition, records: list[Raw]) -> bool:
    """Add what is there of one partition; false when it has a record that cannot be read, before which it is held."""
    tp = TopicPartition(*partition)
    try:
        while len(records) < MOST_RECORDS:
            taken = await client.getmany(tp, timeout_ms=0, max_records=1)
            if tp not in taken:
                break
            records += taken[tp]
    except Exception as error:
        if not _unreadable(error):
            raise
        assignment.unreadable(client, partition, records[-1].offset + 1 if records else None, error)
        return False
    return True
