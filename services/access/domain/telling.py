"""What is told on `access`, with the clauses of the landlord's policy that each event keeps."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.access.domain.facts import SOURCE
from services.access.domain.ladder import notified_at
from services.access.domain.register import Item
from services.access.domain.revocation import HELD, Revocation
from shared.contracts import Data, Event, access, contract_of
from shared.policy import Pack

__all__ = ["Telling"]

_DUTY_OF_KIND = {"profile": "business-profile", "membership": "closed-group"}


@dataclass(slots=True)
class Telling:
    """Collects the events of one organisation in one transaction."""

    organisation: str
    pack: Pack
    now: datetime
    new_id: Callable[[], str]
    events: list[Event] = field(default_factory=list)
    _taken: int = 0
    _clauses: dict[tuple[str, ...], tuple[str, ...]] = field(default_factory=dict)

    def take(self) -> list[Event]:
        """What was told since this was asked last."""
        events, self._taken = self.events[self._taken :], len(self.events)
        return events

    def tell(self, data: Data, duties: tuple[str, ...], story: str | None = None, cause: str | None = None) -> None:
        """Say it now. `story` is what began it all, `cause` the event that led to it."""
        contract = contract_of(type(data))
        self.events.append(
            Event(
                id=self.new_id(),
                source=SOURCE,
                name=contract.name,
                organisation=self.organisation,
                key=contract.key(data, self.organisation),
                time=self.now,
                data=data,
                clauses=self.clauses(*duties),
                correlation_id=story,
                causation_id=cause,
                mode="observe" if self.pack.mode == "observe" else None,
            )
        )

    def clauses(self, *duties: str) -> tuple[str, ...]:
        """Those of the named duties; where the pack has none of them, those of its section on access."""
        clauses = self._clauses.get(duties)
        if clauses is None:
            known: Mapping[Any, Any] = self.pack.access.duties
            found = [clause for duty in duties if duty in known for clause in known[duty].clauses]
            clauses = self._clauses[duties] = tuple(dict.fromkeys(found or self.pack.access.clauses))
        return clauses

    def requested(self, one: Revocation) -> None:
        """An item of access is to go; one that is held says so instead, and this when it is released."""
        if one.state == HELD:
            self.step(access.RevocationHeld, one, "oversight")
            return
        action: Any = one.action
        role: Any = one.role
        reason: Any = one.reason
        data = access.RevokeAccess(
            revocation=one.id,
            person=one.person,
            stint=one.stint,
            item=one.said,
            grant=one.grant,
            site=one.site,
            account=one.account,
            network=one.network,
            role=role,
            action=action,
            reason=reason,
            leave_at=one.leave_at,
            known_at=one.known_at,
            deadline=one.deadline,
            owner=one.owner,
        )
        self.tell(data, ("leaver", _DUTY_OF_KIND.get(one.kind, "leaver")), one.story, one.cause)

    def step(
        self, kind: type[access.RevocationStep], one: Revocation, duty: str = "leaver", by: str | None = None
    ) -> None:
        """A step in a revocation's life."""
        left = {"leave_at": one.leave_at} if kind is access.RevocationConfirmed else {}
        data = kind(
            revocation=one.id,
            person=one.person,
            item=one.said,
            site=one.site,
            at=self.now,
            by=by,
            evidence=one.evidence if kind is access.RevocationConfirmed else None,
            **left,
        )
        self.tell(data, (duty,), one.story, one.cause)

    def overdue(self, one: Revocation, level: int) -> None:
        """A level of the ladder is reached. Clause: westward:7.11."""
        rung: Any = level
        data = access.RevocationOverdue(
            revocation=one.id,
            person=one.person,
            level=rung,
            deadline=one.levels[level - 1],
            owner=one.owner,
            notified=notified_at(level, one.owner),
        )
        self.tell(data, ("line-manager", "leaver"), one.story, one.cause)


def urgent(item: Item) -> bool:
    """An administrator's role or a shared secret."""
    return item.role == "admin" or item.action == "rotate-secret"
