"""Deliveries as a sender writes them, and the thread that they are told to."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from services.intake.domain import conversation
from services.intake.domain.conversation import Classification, Conversation, Thread
from services.intake.domain.ids import Pseudonyms
from services.intake.domain.reading import Reading, read
from shared.contracts import Data

__all__ = ["IDS", "NOW", "at", "body", "message", "reading", "tell", "thread"]

NOW = datetime(2026, 3, 27, 16, 30, tzinfo=UTC)
IDS = Pseudonyms(b"k" * 32, "westward-inbox")


def at(minutes: float) -> datetime:
    """Minutes after the beginning of the story."""
    return NOW + timedelta(minutes=minutes)


def body(kind: str, timestamp: datetime | None = NOW, **data: Any) -> bytes:
    """A delivery's bytes."""
    return msgspec.json.encode({"type": kind, "timestamp": timestamp, "data": data})


def message(kind: str = "message.received", timestamp: datetime | None = NOW, **changes: Any) -> bytes:
    """A customer's message, complete."""
    return body(
        kind,
        timestamp,
        **{
            "conversation": "c-1",
            "message": "m-1",
            "site": "facebook",
            "network": "facebook",
            "visibility": "public",
            "posted_at": NOW,
            "text": "When will my repair be done?",
            "author": {"id": "tenant-7", "name": "Ann Example", "handle": "@ann"},
        }
        | changes,
    )


def reading(raw: bytes, received_at: datetime = NOW) -> Reading:
    """What a delivery says."""
    return read(raw, IDS, received_at)


def thread() -> Thread:
    """A conversation of which nothing is known."""
    return Thread(Conversation(conversation=IDS.id("conversation", "c-1")))


def by_words(text: str, when: datetime) -> Classification:
    """A triage of three words."""
    lowered = text.lower()
    if "disgrace" in lowered:
        return Classification("complaint", ("negative",), ("disgrace",))
    if "idiot" in lowered:
        return Classification("offensive", (), ("idiot",))
    if "phone" in lowered:
        return Classification("feedback", ("personal-data",), ("phone",))
    return Classification("query", (), ("question",)) if "?" in lowered else Classification("unclassified")


def tell(known: Thread, raw: bytes, received_at: datetime = NOW) -> list[Data]:
    """Tell a thread what a delivery says; the events that follow."""
    fact = reading(raw, received_at).fact
    return conversation.FACTS[type(fact)](known, fact, by_words)
