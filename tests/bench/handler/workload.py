"""Conversations as intake publishes them: questions, most of them answered, at two landlords."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.consumer import AIOKafkaConsumer

from services.sla.domain import FACTS, Fact, History, Key, refold
from shared.bus import Topics, encode, ensure_topics
from shared.contracts import Event, contract_of
from shared.contracts import messages as said
from shared.platform.ids import uuid7
from shared.policy import Packs

__all__ = ["NOW", "Counts", "conversations", "ends", "expected", "publish"]

BEGAN = datetime(2026, 3, 10, 10, tzinfo=UTC)
SPAN = timedelta(minutes=5)
NOW = BEGAN + SPAN
"""Policy time of every round: all was said within the last five minutes, so that what is told does not depend on who had
which messages together."""
ORGANISATIONS = ("westward", "wheatley")
SHAPES = (
    (70, ("received", "replied")),
    (15, ("received", "classified", "replied")),
    (10, ("received", "received", "replied")),
    (5, ("received",)),
)
"""What happens in a conversation, and in how many of a hundred."""


def conversations(count: int, seed: int = 20260310) -> list[Event]:
    """So many events, conversations among one another, each in its order."""
    random = Random(seed)
    weights, shapes = zip(*((weight, shape) for weight, shape in SHAPES), strict=True)
    slots: list[tuple[float, Event]] = []
    number = 0
    while len(slots) < count:
        shape = random.choices(shapes, weights)[0][: count - len(slots)]
        begun = random.random()
        places = sorted(begun + random.random() * 0.05 for _ in shape)
        slots += zip(places, _conversation(random, number, shape), strict=True)
        number += 1
    slots.sort(key=lambda slot: slot[0])
    return [event for _, event in slots]


def _conversation(random: Random, number: int, shape: tuple[str, ...]) -> list[Event]:
    organisation = ORGANISATIONS[number % 2]
    conversation = f"facebook:{random.getrandbits(60):x}"
    author = f"{random.getrandbits(128):032x}"
    times = sorted(BEGAN + SPAN * random.random() for _ in shape)
    events: list[Event] = []
    for turn, (what, at) in enumerate(zip(shape, times, strict=True)):
        data = _DATA[what](conversation, f"{conversation}:{turn}", author, at)
        events.append(_event(random, organisation, conversation, data, at, events[0].id if events else None))
    return events


def _event(random: Random, organisation: str, conversation: str, data: Any, at: datetime, story: str | None) -> Event:
    milliseconds = int(at.timestamp() * 1000)
    number = (milliseconds << 80 | 7 << 76 | random.getrandbits(74)) & ~(3 << 62) | 2 << 62
    text = f"{number:032x}"
    return Event(
        id="-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:])),
        source="/houserules/intake",
        name=contract_of(type(data)).name,
        organisation=organisation,
        key=conversation,
        time=at,
        data=data,
        correlation_id=story,
        causation_id=story,
    )


def _received(conversation: str, message: str, author: str, at: datetime) -> said.MessageReceived:
    return said.MessageReceived(
        conversation=conversation,
        message=message,
        site="facebook:page",
        network="facebook",
        visibility="public",
        posted_at=at,
        received_at=at + timedelta(seconds=1),
        time_basis="platform",
        kind="query",
        author=author,
    )


def _classified(conversation: str, message: str, author: str, at: datetime) -> said.MessageClassified:
    return said.MessageClassified(
        conversation=conversation, message=f"{conversation}:0", kind="query", by="person", at=at
    )


def _replied(conversation: str, message: str, author: str, at: datetime) -> said.MessageReplied:
    return said.MessageReplied(
        conversation=conversation,
        reply=message,
        site="facebook:page",
        visibility="public",
        posted_at=at,
        account="page",
        automatic=False,
    )


_DATA = {"received": _received, "classified": _classified, "replied": _replied}


@dataclass(frozen=True, slots=True)
class Counts:
    """What these events come to."""

    facts: int
    authors: int
    conversations: int
    targets: int

    @property
    def rows(self) -> dict[str, int]:
        """By table; the inbox has a row an event."""
        return {
            "inbox": self.facts,
            "facts": self.facts,
            "authors": self.authors,
            "conversations": self.conversations,
            "targets": self.targets,
        }


def expected(events: list[Event], packs: Packs) -> Counts:
    """By the domain alone, without a database."""
    facts: dict[Key, list[Fact]] = {}
    for event in events:
        facts.setdefault((event.organisation, event.key), []).append(FACTS[event.name](event, event.data))
    histories = [History(o, c, tuple(found)) for (o, c), found in facts.items()]
    authors = {(o, fact.author) for (o, _), found in facts.items() for fact in found if fact.author is not None}
    changes = refold(histories, {}, packs, NOW, uuid7)
    return Counts(len(events), len(authors), len(facts), len(changes.targets))


async def publish(bootstrap: str, topics: Topics, events: list[Event]) -> None:
    """Make the topic and write the events to it, acknowledged, in this order."""
    name = topics.shared("messages")
    await ensure_topics(bootstrap, [spec for spec in topics.specs() if spec.name == name])
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", linger_ms=20, max_batch_size=256 * 1024)
    await producer.start()
    try:
        for event in events:
            wire = encode(event)
            await producer.send(name, wire.body, wire.key, headers=list(wire.headers))
        await producer.flush()
    finally:
        await producer.stop()


async def ends(bootstrap: str, topics: Topics) -> list[int]:
    """Where each partition of `messages` ends."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap)
    await consumer.start()
    try:
        partitions = [TopicPartition(topics.shared("messages"), number) for number in range(topics.partitions)]
        found = await consumer.end_offsets(partitions)
        return [found[one] for one in partitions]
    finally:
        await consumer.stop()
