"""The way out when a stored position belongs to another log: an operator begins a topic again."""

from contextlib import AbstractAsyncContextManager
from typing import Any, Literal, NamedTuple, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from shared.bus.broker import Broker
from shared.bus.positions import Partition
from shared.platform.cluster import Cluster
from shared.platform.db import sql

__all__ = ["Reset", "reset_positions"]


class Reset(NamedTuple):
    """One partition's position before (None: it had none) and after."""

    partition: int
    before: int | None
    after: int


class Begins(Protocol):
    """A database."""

    def begin(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """A connection in a transaction."""


REMOVE = "delete from positions where topic = :topic returning partition, next_offset"

BEGIN = """
    insert into positions (topic, partition, topic_id, first_offset, next_offset)
    select :topic, partition, :topic_id, start, start
    from unnest(cast(:partitions as int[]), cast(:starts as bigint[])) as l(partition, start)
"""


async def reset_positions(
    database: Begins, kafka: Cluster | str, topic: str, to: Literal["start", "end"] = "start"
) -> list[Reset]:
    """Begin a topic again at the start (or the end) of the log that is there now; its counters begin again too.

    What was applied before is in the inbox, so reading it again applies nothing twice within the inbox's horizon. A consumer
    that refuses to read goes on by itself within some seconds; one that holds a partition, when it is started again. Raises UnknownTopicOrPartitionError for a topic that is not there.
    """
    broker = Broker(kafka, "houserules-positions")
    try:
        topics = await broker.topics([topic])
        topic_id, leaders = topics[topic]
        logs = await broker.logs(Partition(topic, number) for number in leaders)
    finally:
        await broker.close()
    starts = {p.partition: log.start if to == "start" else log.end for p, log in sorted(logs.items())}
    values: dict[str, Any] = {"partitions": list(starts), "starts": list(starts.values())}
    async with database.begin() as connection:
        rows = (await connection.execute(sql(REMOVE), {"topic": topic})).all()
        await connection.execute(sql(BEGIN), {"topic": topic, "topic_id": topic_id} | values)
    before = {row[0]: row[1] for row in rows}
    return [Reset(number, before.get(number), start) for number, start in starts.items()]
