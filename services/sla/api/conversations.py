"""`GET /conversations/{id}`: the whole history of one."""

from datetime import datetime
from typing import Any, Literal

from fastapi import APIRouter, Request
from msgspec.structs import asdict
from pydantic import BaseModel

from services.sla import store
from services.sla.api.calendar import WorkingBody, counted
from services.sla.api.common import NOT_FOUND, Reader, bus_of, packs_of
from services.sla.api.targets import TargetBody, shown
from services.sla.domain import History, Standing, derive
from shared.platform.problem import Problem
from shared.policy import Rule

__all__ = ["router", "show_conversation"]

router = APIRouter()


class FactBody(BaseModel):
    """A fact of the journal: the event that told it, when it happened, ids and codes."""

    name: str
    at: datetime
    source: str
    id: str
    message: str | None = None
    author: str | None = None
    site: str | None = None
    posted_at: datetime | None = None
    kind: str | None = None
    flags: list[str] | None = None
    visibility: str | None = None
    network: str | None = None
    time_basis: str | None = None
    by: str | None = None
    action: str | None = None
    reason: str | None = None
    reply: str | None = None
    account: str | None = None
    automatic: bool | None = None
    holding: bool | None = None
    actor: str | None = None
    owner: str | None = None
    reference: str | None = None


class ExplainedTarget(TargetBody):
    """A target with the spans of time that make its deadline; without, where the policy has since come to another."""

    working: list[WorkingBody] | None = None


class ConversationBody(BaseModel):
    """A conversation's whole history: its targets by start, its facts by time."""

    conversation: str
    state: Literal["open", "answered", "monitoring", "resolved"]
    targets: list[ExplainedTarget]
    facts: list[FactBody]


@router.get(
    "/conversations/{conversation}",
    summary="A conversation's whole history",
    tags=["conversations"],
    response_model=ConversationBody,
    response_model_exclude_none=True,
    responses=NOT_FOUND,
)
async def show_conversation(request: Request, principal: Reader, conversation: str) -> dict[str, Any]:
    """Targets and facts of one conversation of the organisation."""
    key = (principal.organisation, conversation)
    async with bus_of(request).transaction() as tx:
        state = None if "\0" in conversation else await store.state_of(tx, *key)
        if state is None:
            raise Problem(404, "not-found", "There is no conversation with this id.")
        (history,) = await store.histories(tx, [key])
        targets = (await store.told(tx, [key])).get(key, {})
    by_start = sorted(targets.values(), key=lambda target: (target.started_at, target.cycle))
    rules = {target.id: target.rule for target in derive(history, packs_of(request)).targets}
    return {
        "conversation": conversation,
        "state": state,
        "targets": [shown(conversation, one) | {"working": _working(one, rules.get(one.id))} for one in by_start],
        "facts": _facts(history),
    }


def _facts(history: History) -> list[dict[str, Any]]:
    """What was said and done, with the blocks of whoever wrote here."""
    facts = sorted((*history.facts, *history.blocks), key=lambda fact: (fact.at, fact.id, fact.source))
    return [asdict(fact) | {"automatic": fact.automatic or None, "holding": fact.holding or None} for fact in facts]


def _working(target: Standing, rule: Rule | None) -> list[dict[str, Any]] | None:
    if rule is None or rule.due(target.started_at) != target.due_at:
        return None
    return counted(rule, target.started_at)
