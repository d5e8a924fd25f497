"""Where each partition is to be read next. This table is the truth; Kafka's own offsets are for lag displays."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from sqlalchemy import Row

from shared.bus.errors import StalePosition

__all__ = ["Log", "Partition", "Position", "Progress", "check", "create", "load", "lock", "move"]


class Partition(NamedTuple):
    """One partition of a topic."""

    topic: str
    partition: int


class Position(NamedTuple):
    """What the database knows of a partition."""

    topic_id: UUID | None
    next_offset: int
    moved_at: float = 0.0
    """When it last moved, by the database's clock; Unix time."""


@dataclass(frozen=True, slots=True)
class Log:
    """What the broker says of a partition's log: whose it is, where it starts, where it ends."""

    topic_id: UUID | None
    start: int
    end: int


@dataclass(slots=True)
class Progress:
    """How far a batch brings a partition, and what became of the records on the way."""

    next_offset: int
    applied: int = 0
    duplicate: int = 0
    ignored: int = 0
    dead: int = 0


class Fetches(Protocol):
    """A transaction."""

    async def fetch(self, sql: str, **params: Any) -> Sequence[Row[Any]]:
        """The rows of one statement."""

    async def execute(self, sql: str, **params: Any) -> int:
        """Run one statement."""


CREATE = """
    insert into positions (topic, partition, topic_id, first_offset, next_offset)
    select topic, partition, topic_id, start, start
    from unnest(cast(:topics as text[]), cast(:partitions as int[]), cast(:ids as uuid[]), cast(:starts as bigint[]))
         as l(topic, partition, topic_id, start)
    order by topic, partition
    on conflict do nothing
"""

LOAD = """
    select p.topic, p.partition, p.topic_id, p.next_offset, cast(extract(epoch from p.moved_at) as float8)
    from positions p
    join unnest(cast(:topics as text[]), cast(:partitions as int[])) as b(topic, partition)
         on p.topic = b.topic and p.partition = b.partition
    order by p.topic, p.partition
"""

LOCK = LOAD + " for update of p"

MOVE = """
    update positions as p
    set next_offset = m.next_offset, applied = p.applied + m.applied, duplicate = p.duplicate + m.duplicate,
        ignored = p.ignored + m.ignored, dead = p.dead + m.dead, moved_at = clock_timestamp()
    from unnest(cast(:topics as text[]), cast(:partitions as int[]), cast(:nexts as bigint[]),
                cast(:applied as bigint[]), cast(:duplicate as bigint[]), cast(:ignored as bigint[]),
                cast(:dead as bigint[]))
         as m(topic, partition, next_offset, applied, duplicate, ignored, dead)
    where p.topic = m.topic and p.partition = m.partition
"""


async def create(tx: Fetches, logs: Mapping[Partition, Log]) -> None:
    """Begin partitions that were never read, at the start of their log."""
    await tx.execute(
        CREATE,
        topics=[p.topic for p in logs],
        partitions=[p.partition for p in logs],
        ids=[log.topic_id for log in logs.values()],
        starts=[log.start for log in logs.values()],
    )


async def load(tx: Fetches, partitions: Iterable[Partition]) -> dict[Partition, Position]:
    """The stored positions."""
    return await _positions(tx, LOAD, partitions)


async def lock(tx: Fetches, partitions: Iterable[Partition]) -> dict[Partition, Position]:
    """The stored positions, locked in one order until the end of the transaction."""
    return await _positions(tx, LOCK, partitions)


async def _positions(tx: Fetches, statement: str, partitions: Iterable[Partition]) -> dict[Partition, Position]:
    wanted = list(partitions)
    rows = await tx.fetch(statement, topics=[p.topic for p in wanted], partitions=[p.partition for p in wanted])
    return {Partition(row[0], row[1]): Position(*row[2:]) for row in map(tuple, rows)}


async def move(tx: Fetches, progress: Mapping[Partition, Progress]) -> None:
    """Write how far each partition was brought."""
    steps = progress.values()
    await tx.execute(
        MOVE,
        topics=[p.topic for p in progress],
        partitions=[p.partition for p in progress],
        nexts=[step.next_offset for step in steps],
        applied=[step.applied for step in steps],
        duplicate=[step.duplicate for step in steps],
        ignored=[step.ignored for step in steps],
        dead=[step.dead for step in steps],
    )


def check(service: str, partition: Partition, position: Position, log: Log) -> None:
    """Raise StalePosition when a stored position cannot belong to this log."""
    if position.topic_id is not None and log.topic_id is not None and position.topic_id != log.topic_id:
        what = "was deleted and made anew since it was last read"
    elif position.next_offset > log.end:
        what = f"ends at {log.end}, before the stored position {position.next_offset}"
    else:
        return
    raise StalePosition(
        f"{partition.topic} partition {partition.partition} {what}; nothing is read until somebody decides: "
        f"`houserules positions reset {service} {partition.topic}` begins the topic again at its start"
    )
