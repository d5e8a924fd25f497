"""What a handler is given: the decoded records of one logical topic, in offset order within each partition."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, overload

import msgspec

from shared.contracts.event import Data, Event

if TYPE_CHECKING:
    from shared.bus.tx import Tx

__all__ = ["Batch", "Handler", "Record", "Subscription"]


class Record(msgspec.Struct, frozen=True):
    """One event and where it was read."""

    event: Event
    topic: str
    partition: int
    offset: int
    timestamp_ms: int

    @property
    def organisation(self) -> str:
        """The event's organisation."""
        return self.event.organisation

    @property
    def key(self) -> str:
        """The entity that the event is about."""
        return self.event.key

    @property
    def name(self) -> str:
        """The event's name without prefix and version, `message-received`."""
        return self.event.name

    @property
    def data(self) -> Data:
        """The event's data, of the class that its contract names."""
        return self.event.data

    @property
    def timestamp(self) -> datetime:
        """When Kafka took it: machine time."""
        return datetime.fromtimestamp(self.timestamp_ms / 1000, UTC)


class Batch(Sequence[Record]):
    """Records of one logical topic, in offset order within each partition; each id once, none applied before."""

    __slots__ = ("_records", "logical_topic")

    def __init__(self, logical_topic: str, records: Sequence[Record]) -> None:
        self.logical_topic = logical_topic
        self._records = records

    @overload
    def __getitem__(self, index: int) -> Record: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Record]: ...
    def __getitem__(self, index: int | slice) -> Record | Sequence[Record]:
        return self._records[index]

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[Record]:
        return iter(self._records)

    @property
    def keys(self) -> list[tuple[str, str]]:
        """The (organisation, key) pairs of the batch, each once, sorted: the order in which rows are locked."""
        return sorted({(record.event.organisation, record.event.key) for record in self._records})


Handler = Callable[[Batch, "Tx"], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a service does with one logical topic.

    `topics` are the real topics that carry it (`Topics.sources`), `names` the events that the handler knows: other
    known names are counted as ignored, unknown ones too on a shared topic; on an inbound topic they are dead letters.
    """

    logical_topic: str
    topics: tuple[str, ...]
    handler: Handler
    names: frozenset[str]
