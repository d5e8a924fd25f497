"""What people and other systems do in the demo, each through the door that is there for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from deploy.demo.week import instant

__all__ = [
    "Act",
    "Decided",
    "Posted",
    "Story",
    "answered",
    "blocked",
    "deleted",
    "hidden",
    "restored",
    "sorted_as",
    "waived",
    "wrote",
]


@dataclass(frozen=True, slots=True)
class Posted:
    """The social inbox posts a signed webhook; `times` deliveries with one `webhook-id`."""

    at: datetime
    what: str
    type: str
    data: Mapping[str, Any]
    times: int = 1


@dataclass(frozen=True, slots=True)
class Decided:
    """A member of Communications acts on an item through the API."""

    at: datetime
    what: str
    message: str
    action: str
    body: Mapping[str, Any]


Act = Posted | Decided


@dataclass(frozen=True, slots=True)
class Story:
    """One conversation: what is promised of it, under which clause, what happens, and what must be seen.

    `expected` is written from the rules, by hand: each target's due time, every event of its response target in order
    (times are London's), and at the end in brackets the states that `GET /targets` shows.
    """

    promise: str
    organisation: str
    clause: str
    acts: tuple[Act, ...]
    expected: tuple[str, ...]
    counted: bool = False
    """Whether the number of `message-received` events is part of what must be seen."""


def wrote(
    at: str, text: str, *, posted: str | None = None, message: str = "m1", private: bool = False, times: int = 1
) -> Posted:
    """A customer writes; `at` is when we hear of it, `posted` the network's stamp where that is another."""
    data = {
        "message": message,
        "visibility": "private" if private else "public",
        "posted_at": _stamp(posted or at),
        "text": text,
    }
    return Posted(instant(at), _heard(f"customer: {text!r}", at, posted, times), "message.received", data, times)


def answered(at: str, *, posted: str | None = None, reply: str = "r1", automatic: bool = False) -> Posted:
    """Staff answer, or their machine acknowledges."""
    data = {"reply": reply, "visibility": "public", "posted_at": _stamp(posted or at), "automatic": automatic}
    what = "automatic acknowledgement" if automatic else "staff answer"
    return Posted(instant(at), _heard(what, at, posted, 1), "message.replied", data)


def hidden(at: str) -> Posted:
    """The message is hidden as offensive."""
    return Posted(instant(at), "staff hide it as offensive", "message.hidden", _done(at) | {"reason": "offensive"})


def restored(at: str) -> Posted:
    """It is shown again."""
    return Posted(instant(at), "staff show it again", "message.restored", _done(at))


def deleted(at: str) -> Posted:
    """Its author takes it back."""
    data = {"message": "m1", "at": _stamp(at)}
    return Posted(instant(at), "the customer deletes it", "message.deleted_by_author", data)


def blocked(at: str) -> Posted:
    """The author is blocked at the site."""
    data = {"at": _stamp(at), "actor": "p-moderator", "reason": "abuse"}
    return Posted(instant(at), "staff block the author", "author.blocked", data)


def waived(at: str, reason: str) -> Decided:
    """Communications decide that no answer is due."""
    return Decided(instant(at), f"Communications waive it: {reason}", "m1", "waive", {"reason": reason})


def sorted_as(at: str, kind: str) -> Decided:
    """Communications correct the triage."""
    return Decided(instant(at), f"Communications class it: {kind}", "m1", "classify", {"kind": kind})


def _done(at: str) -> dict[str, Any]:
    return {"message": "m1", "at": _stamp(at), "actor": "p-moderator"}


def _stamp(text: str) -> str:
    return instant(text).isoformat().replace("+00:00", "Z")


def _heard(what: str, at: str, posted: str | None, times: int) -> str:
    stamped = f" (stamped {posted})" if posted and posted != at else ""
    return f"{what}{stamped}{' — delivered twice' if times == 2 else ''}"
