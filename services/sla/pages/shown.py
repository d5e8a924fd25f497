"""Targets as a page shows them: how each stands, and how much working time is left."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from services.sla.pages import words
from shared.policy import Pack, Packs

__all__ = ["Clause", "Shown", "clauses_of", "shown"]


@dataclass(frozen=True, slots=True)
class Clause:
    """A clause by its id, and the pack's words for it."""

    id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One target. `left` is the working time to its due time, or since then if it is `overdue`; None once it ended."""

    one: Mapping[str, Any]
    kind: str
    message_kind: str
    state: str
    tone: str
    overdue: bool
    soon: bool
    left: timedelta | None


def shown(targets: Sequence[Mapping[str, Any]], packs: Packs, organisation: str, now: datetime) -> list[Shown]:
    """Targets of an organisation at an instant, in their order."""
    return [_shown(one, packs.at(organisation, one["started_at"]), now) for one in targets]


def _shown(one: Mapping[str, Any], pack: Pack, now: datetime) -> Shown:
    waiting = one["closing"] is None
    overdue = waiting and now > one["due_at"]
    soon = waiting and not overdue and any(at <= now for at in one["warn_at"])
    state, tone = words.ended(one)
    if overdue:
        state, tone = "Overdue", "bad"
    elif soon:
        state, tone = "Due soon", "warn"
    return Shown(
        one=one,
        kind=words.KINDS[one["kind"]],
        message_kind=words.MESSAGE_KINDS.get(one["message_kind"], one["message_kind"]),
        state=state,
        tone=tone,
        overdue=overdue,
        soon=soon,
        left=_between(one, pack, now) if waiting else None,
    )


def _between(one: Mapping[str, Any], pack: Pack, now: datetime) -> timedelta | None:
    """The working time between now and the due time, as the rule counts it; None where the pack has it no more."""
    rule = pack.planning_rule(one["kind"], one["started_at"])
    return None if rule is None else rule.working(min(now, one["due_at"]), max(now, one["due_at"]))


def clauses_of(one: Mapping[str, Any], packs: Packs, organisation: str) -> list[Clause]:
    """The clauses that a target keeps, in the words of the pack in force at its start."""
    told = packs.at(organisation, one["started_at"]).clauses
    return [Clause(clause, told.get(clause, "")) for clause in one["clauses"]]
