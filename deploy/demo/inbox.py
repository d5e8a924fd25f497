"""Acts of the social inbox, and of Communications at what came in."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from deploy.demo.acts import Cast, stamp
from deploy.demo.doors import Doors
from deploy.demo.week import instant

__all__ = ["answered", "blocked", "deleted", "hidden", "restored", "sorted_as", "waived", "wrote"]


@dataclass(frozen=True, slots=True)
class Posted:
    """The social inbox posts a signed webhook; `times` deliveries with one `webhook-id`."""

    at: datetime
    what: str
    type: str
    data: Mapping[str, Any]
    times: int = 1

    async def play(self, doors: Doors, cast: Cast) -> list[str]:
        """Deliver it."""
        await doors.deliver(cast.organisation, self.type, self.at, self._named(cast), self.times)
        return []

    def _named(self, cast: Cast) -> dict[str, Any]:
        """The data with the names filled in."""
        if self.type == "author.blocked":
            return {"author": cast.author, "site": cast.site, **self.data}
        data = {"conversation": cast.conversation, **self.data}
        if self.type in ("message.received", "message.replied"):
            data |= {"site": cast.site, "network": "facebook"}
        if self.type == "message.received":
            data["author"] = {"id": cast.author}
        return data | {name: cast.message(data[name]) for name in ("message", "reply") if name in data}


@dataclass(frozen=True, slots=True)
class Decided:
    """A member of Communications acts on an item through the API."""

    at: datetime
    what: str
    message: str
    action: str
    body: Mapping[str, Any]

    async def play(self, doors: Doors, cast: Cast) -> list[str]:
        """Act; what is refused is told."""
        items = (await doors.ask("intake", "/items", cast.organisation, external=cast.message(self.message)))["items"]
        if not items:
            return [f"{self.action}: the inbox does not have the message"]
        path = f"/items/{items[0]['message']}/{self.action}"
        answer = await doors.post("intake", path, cast.organisation, json=dict(self.body))
        return [f"{self.action} refused: {answer.status_code}"] if answer.is_error else []


def wrote(
    at: str, text: str, *, posted: str | None = None, message: str = "m1", private: bool = False, times: int = 1
) -> Posted:
    """A customer writes; `at` is when we hear of it, `posted` the network's stamp where that is another."""
    data = {
        "message": message,
        "visibility": "private" if private else "public",
        "posted_at": stamp(posted or at),
        "text": text,
    }
    return Posted(instant(at), _heard(f"customer: {text!r}", at, posted, times), "message.received", data, times)


def answered(at: str, *, posted: str | None = None, reply: str = "r1", automatic: bool = False) -> Posted:
    """Staff answer, or their machine acknowledges."""
    data = {"reply": reply, "visibility": "public", "posted_at": stamp(posted or at), "automatic": automatic}
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
    data = {"message": "m1", "at": stamp(at)}
    return Posted(instant(at), "the customer deletes it", "message.deleted_by_author", data)


def blocked(at: str) -> Posted:
    """The author is blocked at the site."""
    data = {"at": stamp(at), "actor": "p-moderator", "reason": "abuse"}
    return Posted(instant(at), "staff block the author", "author.blocked", data)


def waived(at: str, reason: str) -> Decided:
    """Communications decide that no answer is due."""
    return Decided(instant(at), f"Communications waive it: {reason}", "m1", "waive", {"reason": reason})


def sorted_as(at: str, kind: str) -> Decided:
    """Communications correct the triage."""
    return Decided(instant(at), f"Communications class it: {kind}", "m1", "classify", {"kind": kind})


def _done(at: str) -> dict[str, Any]:
    return {"message": "m1", "at": stamp(at), "actor": "p-moderator"}


def _heard(what: str, at: str, posted: str | None, times: int) -> str:
    stamped = f" (stamped {posted})" if posted and posted != at else ""
    return f"{what}{stamped}{' — delivered twice' if times == 2 else ''}"
