"""From what happened to an event of the bus."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

import msgspec

from services.intake.domain.conversation import Thread
from shared.contracts import Data, Event, event_of
from shared.platform.ids import uuid7

__all__ = ["SOURCE", "happened_at", "in_story", "tell"]

SOURCE = "/houserules/intake"
TIMES = ("edited_at", "at", "posted_at")


def tell(data: Data, organisation: str, *, mode: str | None) -> Event:
    """The event of `data`, with an id of its own."""
    return event_of(data, id=uuid7(), source=SOURCE, organisation=organisation, time=happened_at(data), mode=mode)


def in_story(
    thread: Thread, data: Iterable[Data], organisation: str, *, mode: str | None, clauses: tuple[str, ...] = ()
) -> list[Event]:
    """The events of a conversation: the first one ever begins its story, the others carry that one's id."""
    events = []
    for one in data:
        story = thread.conversation.story
        event = msgspec.structs.replace(tell(one, organisation, mode=mode), correlation_id=story, clauses=clauses)
        if story is None:
            thread.conversation = replace(thread.conversation, story=event.id)
        events.append(event)
    return events


def happened_at(data: Data) -> datetime:
    """When it happened: the newest act that the data tells of."""
    found: datetime | None = next((at for name in TIMES if (at := getattr(data, name, None)) is not None), None)
    if found is None:
        raise ValueError(f"{type(data).__name__} says no time")
    return found
