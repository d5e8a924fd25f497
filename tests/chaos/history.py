"""The history of a run, as its own clients wrote it down: what was offered, what was answered, what was then seen.

Times are seconds of the machine's clock since 1970. Nothing here is what a service says of itself, but for what its
database holds in the end: the ids that it applied, and its positions.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

__all__ = [
    "Answered",
    "Applied",
    "Effect",
    "Emitted",
    "Expected",
    "History",
    "Offered",
    "Outcome",
    "Spent",
    "Struck",
    "Taken",
]

Outcome = Literal["ok", "fail", "info"]
"""As in Jepsen: it happened; it did not happen; nobody knows."""


class Effect(NamedTuple):
    """One thing that is to be said once: on which topic, for whom, by what name, and of what."""

    topic: str
    organisation: str
    name: str
    of: str


class Applied(NamedTuple):
    """An id that a service's consumer has taken in."""

    service: str
    organisation: str
    source: str
    id: str


@dataclass(frozen=True, slots=True)
class Expected:
    """An effect of a fact. One that is not `required` may be seen or not; none is seen before `not_before`."""

    effect: Effect
    required: bool = True
    not_before: float = 0.0


@dataclass(frozen=True, slots=True)
class Offered:
    """A client begins to send a fact.

    On each topic its effects come in their order here, and after those of the facts of its lane that were answered ok
    before it was offered. `applied` is what consumers take in of the fact itself, where a client wrote it to Kafka.
    """

    fact: str
    lane: str
    expected: tuple[Expected, ...]
    at: float
    applied: tuple[Applied, ...] = ()


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of one attempt to send a fact, begun at `since`. `status` is a door's, `again` whether it said when to
    come again."""

    fact: str
    outcome: Outcome
    at: float
    status: int | None = None
    again: bool = False
    since: float = 0.0


@dataclass(frozen=True, slots=True)
class Emitted:
    """A record on Kafka, as the clients' own consumer read it. `at` is the record's timestamp.

    `event` is the id of the event, `source` who says so; `content` is a digest of the record but for that time.
    """

    effect: Effect
    event: str
    source: str
    topic: str
    partition: int
    offset: int
    at: float
    content: str


@dataclass(frozen=True, slots=True)
class Taken:
    """A consumer's position in one partition, its counts, and where the log ends."""

    service: str
    topic: str
    partition: int
    first: int
    next: int
    counted: int
    """Applied, duplicate, ignored and dead together."""
    dead: int
    end: int


@dataclass(frozen=True, slots=True)
class Struck:
    """A fault. `services` are those whose work it interrupts, `detail` what was proved of the moment."""

    kind: str
    at: float
    until: float
    services: tuple[str, ...]
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Spent:
    """Kafka is away from `since` to `until`, until the doors' budget is spent: how many events of intake's may wait in all.

    `unsent` waited in the outbox at the beginning, `unread` deliveries had been accepted and not yet become any.
    """

    since: float
    until: float
    budget: int
    unsent: int
    unread: int


@dataclass(frozen=True, slots=True)
class History:
    """All of it. `emitted` is the logs, read from where they began to where they ended, after all was quiet.

    `live` is what the consumer that ran beside saw of the same records: (topic, partition, offset) and content.
    """

    offered: tuple[Offered, ...]
    answered: tuple[Answered, ...]
    emitted: tuple[Emitted, ...]
    applied: frozenset[Applied] = frozenset()
    taken: tuple[Taken, ...] = ()
    struck: tuple[Struck, ...] = ()
    live: tuple[tuple[tuple[str, int, int], str], ...] = ()
    spent: tuple[Spent, ...] = ()
    calm: float = 0.0
    """From when on no fault was struck any more, and every process had got over the last one; 0 if that never was."""
    unquiet: str = ""
    """What was still under way when all was read, though it had had its time."""
