"""One conversation between a customer and a landlord, and what the bus says of its deadlines, in words."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from shared.platform.ids import uuid7
from tests.e2e.listener import Heard
from tests.e2e.world import World, eventually, instant, words

__all__ = ["COMPLAINT", "OFFENSIVE", "QUERY", "Conversation"]

QUERY = "When will my boiler be mended?"
COMPLAINT = "I want to make a complaint: the repair was never done."
OFFENSIVE = "fuck off you idiots"


@dataclass(slots=True)
class Conversation:
    """`given` what is said and done, `told` gives the sla events since the last time, in order."""

    world: World
    organisation: str
    external: str = field(default_factory=lambda: f"thread-{uuid7()}")
    """The sender's id of the conversation."""
    at_site: str = ""
    _told: int = 0

    @property
    def site(self) -> str:
        """Where it is held."""
        return self.at_site or f"{self.organisation}-page"

    def message(self, name: str) -> str:
        """The sender's id of a message."""
        return f"{self.external}-{name}"

    async def wrote(
        self, posted: str, text: str = QUERY, *, heard: str = "", message: str = "m1", visibility: str = "public"
    ) -> None:
        """The customer writes, and we hear of it then, or later."""
        self.world.stand_at(heard or posted)
        await self.world.post(
            self.organisation,
            "message.received",
            conversation=self.external,
            message=self.message(message),
            site=self.site,
            network="facebook",
            visibility=visibility,
            posted_at=instant(posted).isoformat(),
            text=text,
            author={"id": f"{self.external}-customer", "name": "A Customer"},
        )

    async def answered(self, posted: str, *, heard: str = "", reply: str = "r1", visibility: str = "public") -> None:
        """Staff answer, and we hear of it then, or later."""
        self.world.stand_at(heard or posted)
        await self.world.post(
            self.organisation,
            "message.replied",
            conversation=self.external,
            reply=self.message(reply),
            site=self.site,
            visibility=visibility,
            posted_at=instant(posted).isoformat(),
        )

    async def moderated(self, what: str, at: str, reason: str, *, message: str = "m1") -> None:
        """Staff hide, remove or restore a message, on the network."""
        self.world.stand_at(at)
        await self.world.post(
            self.organisation,
            f"message.{what}",
            conversation=self.external,
            message=self.message(message),
            at=instant(at).isoformat(),
            actor="p-moderator",
            reason=reason,
        )

    async def decided(self, action: str, *, message: str = "m1", **body: Any) -> httpx.Response:
        """Communications act on a message through the API."""
        item = await self.item(message)
        return await self.world.act("intake", f"/items/{item['message']}/{action}", self.organisation, **body)

    async def item(self, message: str = "m1") -> dict[str, Any]:
        """The message as the inbox shows it."""
        return await self.world.item(self.organisation, self.message(message))

    async def shown(self) -> dict[str, Any]:
        """The conversation as sla shows it."""
        item = await self.item()
        answer = await self.world.ask("sla", f"/conversations/{item['conversation']}", self.organisation)
        shown: dict[str, Any] = answer.raise_for_status().json()
        return shown

    async def events(self) -> list[Heard]:
        """All that the bus says of it."""
        return await self.world.listener.about(self.organisation, (await self.item())["conversation"])

    async def heard(self, name: str) -> None:
        """Wait until the bus says it."""

        async def said() -> bool:
            return any(event.name == name for event in await self.events())

        await eventually(said, name)

    async def told(self, clause: str) -> list[str]:
        """What sla has said since the last time, when all is done; whatever does not name the clause says so."""
        await self.world.settle()
        said = [event for event in await self.events() if event.name in SAID]
        fresh, self._told = said[self._told :], len(said)
        return [SAID[event.name](event.data) + _without(clause, event) for event in fresh]

    async def later(self, local: str, clause: str) -> list[str]:
        """What sla says when policy time goes on to then."""
        self.world.stand_at(local)
        return await self.told(clause)


def _without(clause: str, event: Heard) -> str:
    named = str(event.event.get("clauses") or "").split(",")
    return "" if clause in named else f" (clauses: {', '.join(named)})"


def _breach(data: Mapping[str, Any]) -> str:
    seen = f"breach: due {words(data['due_at'])}, noticed {words(data['noticed_at'])}"
    return seen + (f", settled {words(data['settled_at'])}" if data.get("settled_at") else "")


SAID: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "sla-started": lambda d: f"started: due {words(d['due_at'])}, warn {[words(at) for at in d['warn_at']]}",
    "sla-warning": lambda d: f"warning: {d['remaining_s'] / 60:g} minutes from {words(d['at'])}",
    "sla-breach": _breach,
    "sla-met": lambda d: f"met: {words(d['settled_at'])} after {d['working_s'] / 60:g} working minutes",
    "sla-late-answer": lambda d: f"late answer: {words(d['settled_at'])} after {d['working_s'] / 60:g} working minutes",
    "sla-breach-retracted": lambda d: f"retracted: {d['reason']}",
    "sla-exempted": lambda d: f"exempted: {d['reason']}",
    "sla-waived": lambda d: f"waived: {d['reason']}",
    "sla-voided": lambda d: f"voided: {d['reason']}",
    "sla-withdrawn": lambda d: f"withdrawn: {d['reason']}",
    "sla-recalculated": lambda d: f"moved: due {words(d['due_at'])}",
}
