"""sla's doors: they read and plan. People act in intake, and sla hears of it on the bus."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy import Row

from services.sla import store
from services.sla.domain import History, Standing
from shared.bus import Bus
from shared.contracts.fields import TargetKind
from shared.platform.auth import Principal, allow
from shared.platform.http import ERRORS
from shared.platform.paging import Cursor, Limit, page, read_cursor
from shared.platform.problem import Fault, Problem
from shared.policy import Packs, Rule

__all__ = ["router"]

router = APIRouter()

Reader = Annotated[Principal, Depends(allow("communications", "head-of-communications", "dpo"))]
Planner = Annotated[Principal, Depends(allow("communications", "head-of-communications", "line-manager", "dpo"))]
State = Literal["open", "met", "breached", "waived", "exempted", "voided", "withdrawn"]
Text = Annotated[str, Query(min_length=1, max_length=255, pattern="^[^\\x00]*$")]
NOT_FOUND: dict[int | str, dict[str, Any]] = {404: ERRORS[400] | {"description": "there is no such thing here"}}
EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


class TargetBody(BaseModel):
    """A target, in the bus's words. `settled_at` and `reason` tell what closed it, in time or late."""

    conversation: str
    target: str
    revision: int
    cycle: int
    kind: TargetKind
    message: str
    message_kind: str
    site: str
    started_at: datetime
    due_at: datetime
    warn_at: list[datetime]
    policy: str
    clauses: list[str]
    state: State
    closing: str | None = None
    reason: str | None = None
    settled_at: datetime | None = None
    noticed_at: datetime | None = None
    owner: str | None = None


class TargetPage(BaseModel):
    """A page of targets, the first due first."""

    items: list[TargetBody]
    next: str | None


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


class ConversationBody(BaseModel):
    """A conversation's whole history: its targets by start, its facts by time."""

    conversation: str
    state: Literal["open", "answered", "monitoring", "resolved"]
    targets: list[TargetBody]
    facts: list[FactBody]


class WorkingBody(BaseModel):
    """A span of time that counted, and why."""

    from_: datetime = Field(alias="from")
    until: datetime
    seconds: float
    why: str


class DueBody(BaseModel):
    """What a deadline would be, with its working."""

    rule: TargetKind
    start: datetime
    due_at: datetime
    warn_at: list[datetime]
    working: list[WorkingBody]


@router.get("/targets", summary="Targets, the first due first", tags=["targets"], response_model=TargetPage)
async def list_targets(
    request: Request,
    principal: Reader,
    state: Annotated[State | None, Query()] = None,
    site: Annotated[Text | None, Query()] = None,
    before: Annotated[AwareDatetime | None, Query(description="due before this instant")] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """The organisation's targets, by due time."""
    after = read_cursor(cursor, datetime, UUID)
    if after is not None and after[0].tzinfo is None:
        raise Problem(400, "bad-cursor", "This cursor is not one of ours; leave it out to begin anew.")
    async with _bus(request).transaction() as tx:
        rows = await store.list_targets(
            tx,
            principal.organisation,
            limit + 1,
            state=state,
            site=site,
            before=None if before is None else _utc("before", before),
            after=None if after is None else (_utc("cursor", after[0]), after[1]),
        )
    return page(rows, limit, lambda row: (row.due_at, row.target), _row)


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
    async with _bus(request).transaction() as tx:
        state = None if "\0" in conversation else await store.state_of(tx, *key)
        if state is None:
            raise Problem(404, "not-found", "There is no conversation with this id.")
        (history,) = await store.histories(tx, [key])
        targets = (await store.told(tx, [key])).get(key, {})
    by_start = sorted(targets.values(), key=lambda target: (target.started_at, target.cycle))
    return {
        "conversation": conversation,
        "state": state,
        "targets": [_target(conversation, target) for target in by_start],
        "facts": _facts(history),
    }


@router.get(
    "/calendar/due",
    summary="What would the deadline be, and how is it counted",
    tags=["calendar"],
    response_model=DueBody,
    responses=NOT_FOUND,
)
async def plan(
    request: Request,
    principal: Planner,
    organisation: Text,
    rule: Annotated[TargetKind, Query(description="a target kind")],
    start: Annotated[AwareDatetime, Query(description="an instant, RFC 3339 with an offset")],
) -> dict[str, Any]:
    """The deadline of something that starts then, under the policy in force then."""
    packs: Packs = request.app.state.packs
    if organisation != principal.organisation:
        raise Problem(403, "forbidden", "The token is of another organisation.")
    if organisation not in packs.organisations:
        raise Problem(404, "not-found", "The organisation has no policy here.")
    begin = _utc("start", start)
    found = packs.at(organisation, begin).planning_rule(rule, begin)
    if found is None:
        raise Problem(404, "not-found", "The organisation's policy has no rule of this kind.")
    return _planned(found, begin)


def _bus(request: Request) -> Bus:
    bus: Bus = request.app.state.bus
    return bus


def _utc(name: str, instant: datetime) -> datetime:
    """In UTC. A 422 problem for what no calendar here reaches."""
    if not EARLIEST <= instant < LATEST:
        raise Problem(
            422,
            "invalid",
            "The request has fields that are wrong; errors names each.",
            [Fault(f"/query/{name}", f"an instant from {EARLIEST.year} up to {LATEST.year}")],
        )
    return instant.astimezone(UTC)


def _row(row: Row[Any]) -> dict[str, Any]:
    return _target(row.conversation, store.standing_of(row))


def _target(conversation: str, standing: Standing) -> dict[str, Any]:
    return asdict(standing) | {"target": standing.id, "conversation": conversation}


def _facts(history: History) -> list[dict[str, Any]]:
    """What was said and done, with the blocks of whoever wrote here."""
    facts = sorted((*history.facts, *history.blocks), key=lambda fact: (fact.at, fact.id, fact.source))
    return [asdict(fact) | {"automatic": fact.automatic or None, "holding": fact.holding or None} for fact in facts]


def _planned(rule: Rule, start: datetime) -> dict[str, Any]:
    due_at = rule.due(start)
    return {
        "rule": rule.kind,
        "start": start,
        "due_at": due_at,
        "warn_at": rule.warn_at(start, due_at),
        "working": [
            {"from": each.from_, "until": each.until, "seconds": each.seconds, "why": each.why}
            for each in rule.explain(start)
        ],
    }
