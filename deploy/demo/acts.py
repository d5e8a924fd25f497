"""A story, and what every act in it has in common."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from deploy.demo.doors import Doors
from deploy.demo.week import instant

__all__ = ["Act", "Cast", "Promise", "Story", "Told", "stamp"]


class Promise(StrEnum):
    """What the landlords promise; the table has a part for each."""

    ANSWERS = "Every question is answered in time"
    LEAVERS = "Who leaves loses all access"
    FACES = "Nobody is shown without a form"


class Cast:
    """The names that a story's social inbox uses: its conversation, author and message ids."""

    def __init__(self, organisation: str, number: int) -> None:
        self.organisation = organisation
        self.conversation = f"{organisation}-thread-{number}"
        self.author = f"{organisation}-customer-{number}"
        self.site = f"{organisation}-facebook"

    def message(self, name: str) -> str:
        """The sender's id of a message."""
        return f"{self.conversation}-{name}"


class Act(Protocol):
    """Something that a person or another system does, through the door that is there for it."""

    @property
    def at(self) -> datetime:
        """When, by policy time."""

    @property
    def what(self) -> str:
        """In words."""

    async def play(self, doors: Doors, cast: Cast) -> list[str]:
        """Do it; what the answer said that belongs to the evidence."""


KAFKA = frozenset({"westward"})
"""Whose systems have Kafka; the others' post to the event door."""


@dataclass(frozen=True, slots=True)
class Told:
    """A system of the landlord's, HR's or the image library, publishes an event."""

    at: datetime
    what: str
    event: str
    data: Mapping[str, Any]

    async def play(self, doors: Doors, cast: Cast) -> list[str]:
        """Send it once."""
        tell = doors.write if cast.organisation in KAFKA else doors.send
        await tell(cast.organisation, self.event, self.at, self.data)
        return []


@dataclass(frozen=True, slots=True)
class Story:
    """One story: what is promised, under which clause, what happens, and what must be seen.

    `expected` is written from the rules, by hand: every event that tells of the story, in order (times are London's),
    and at the end in brackets what a door shows. An event that does not name `clause` is told with those it names.
    """

    promise: str
    organisation: str
    clause: str
    acts: tuple[Act, ...]
    expected: tuple[str, ...]
    counted: bool = False
    """Whether the number of `message-received` events is part of what must be seen."""
    part: Promise = Promise.ANSWERS
    about: tuple[str, ...] = ()
    """The people and images that it is about, the first of them foremost; of a conversation none."""


def stamp(text: str) -> str:
    """`Mon 12:30` → RFC 3339."""
    return instant(text).isoformat().replace("+00:00", "Z")
