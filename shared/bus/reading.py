"""From what Kafka gives to what a handler is given: every record decoded and judged before the database is asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from shared.bus.codec import Wire, read
from shared.bus.deadletters import DeadLetter, Raw
from shared.bus.errors import Permanent
from shared.bus.positions import Partition
from shared.bus.records import Record, Subscription
from shared.bus.topics import Topics

__all__ = ["Entry", "Portion", "Work", "decode_portion", "divide"]

Entry = Record | DeadLetter | None
"""What one record is: to be applied, dead, or ignored."""


@dataclass(slots=True)
class Portion:
    """A stretch of one partition's log, from `start` to before `end`. Offsets without a record are control records."""

    partition: Partition
    start: int
    end: int
    raws: Sequence[Raw]
    entries: list[Entry] = field(default_factory=list)

    def behind(self, offset: int) -> "Portion":
        """What is left from `offset` on."""
        if offset <= self.start:
            return self
        first = next((i for i, raw in enumerate(self.raws) if raw.offset >= offset), len(self.raws))
        return Portion(self.partition, offset, max(offset, self.end), self.raws[first:], self.entries[first:])

    def single(self, index: int) -> "Portion":
        """One record by itself, with the control records before it; the last one takes those behind it too."""
        start = self.start if index == 0 else self.raws[index - 1].offset + 1
        end = self.end if index == len(self.raws) - 1 else self.raws[index].offset + 1
        return Portion(self.partition, start, end, self.raws[index : index + 1], self.entries[index : index + 1])


@dataclass(slots=True)
class Work:
    """What one transaction does: portions of partitions of one logical topic."""

    subscription: Subscription
    portions: list[Portion]


def decode_portion(portion: Portion, topics: Topics, subscription: Subscription) -> None:
    """Judge every record of a portion."""
    topic, number = portion.partition
    names = subscription.names
    entries = portion.entries
    for raw in portion.raws:
        entry: Entry
        try:
            event = read(topic, Wire(raw.key, raw.headers, raw.value), topics, names)
            entry = None if event is None else Record(event, topic, number, raw.offset, raw.timestamp)
        except Permanent as fault:
            cause = type(fault.__cause__ or fault)
            entry = DeadLetter(raw, fault.code, fault.detail, cause.__qualname__, topics.logical(topic)[1])
        entries.append(entry)


def divide(portions: Sequence[Portion], subscriptions: Mapping[str, Subscription]) -> list[Work]:
    """Portions by logical topic, each with its subscription."""
    by_topic: dict[str, Work] = {}
    for portion in portions:
        subscription = subscriptions[portion.partition.topic]
        work = by_topic.setdefault(subscription.logical_topic, Work(subscription, []))
        work.portions.append(portion)
    return list(by_topic.values())
