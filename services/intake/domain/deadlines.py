"""How long each conversation still has, as sla tells it. Clauses: westward:3.6, wheatley:responding-to-customers."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal

from shared.contracts import sla
from shared.contracts.event import Data
from shared.contracts.fields import TargetKind

__all__ = ["STATES", "Deadline", "State", "deadline", "newest"]

State = Literal["open", "breached", "met", "answered-late", "exempted", "waived", "voided", "withdrawn"]
"""`open` and `breached` still wait for something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """A target of sla's at one of its revisions, which grow with each change."""

    organisation: str
    target: str
    conversation: str
    message: str
    kind: TargetKind
    revision: int
    state: State
    started_at: datetime
    due_at: datetime


def deadline(organisation: str, name: str, data: Data) -> Deadline:
    """What an event of STATES says of its target."""
    assert isinstance(data, sla.Target)
    return Deadline(
        organisation=organisation,
        target=data.target,
        conversation=data.conversation,
        message=data.message,
        kind=data.kind,
        revision=data.revision,
        state=STATES[name](data),
        started_at=data.started_at,
        due_at=data.due_at,
    )


def newest(told: Iterable[Deadline]) -> list[Deadline]:
    """Of each target the highest revision, sorted by key, whatever the order in which they were told."""
    best: dict[tuple[str, str], Deadline] = {}
    for one in told:
        known = best.get((one.organisation, one.target))
        if known is None or one.revision > known.revision:
            best[one.organisation, one.target] = one
    return [best[key] for key in sorted(best)]


def _always(state: State) -> Callable[[Any], State]:
    return lambda _: state


def _retracted(data: sla.SlaBreachRetracted) -> State:
    """An older message took the cycle over; else what settled it follows as the next revision."""
    return "withdrawn" if data.reason == "opened-earlier" else "open"


STATES: Mapping[str, Callable[[Any], State]] = MappingProxyType(
    {
        "sla-started": _always("open"),
        "sla-warning": _always("open"),
        "sla-recalculated": _always("open"),
        "sla-breach": _always("breached"),
        "sla-breach-retracted": _retracted,
        "sla-met": _always("met"),
        "sla-late-answer": _always("answered-late"),
        "sla-exempted": _always("exempted"),
        "sla-waived": _always("waived"),
        "sla-voided": _always("voided"),
        "sla-withdrawn": _always("withdrawn"),
    }
)
"""The events of `sla` that intake hears, and what each says of its target."""
