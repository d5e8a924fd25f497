"""`GET /calendar/due`: what would the deadline be."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime, BaseModel, Field

from services.sla.api.common import NOT_FOUND, Planner, Text, packs_of, utc
from shared.contracts.fields import TargetKind
from shared.platform.problem import Problem
from shared.policy import Rule

__all__ = ["WorkingBody", "counted", "plan", "router"]

router = APIRouter()


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
    packs = packs_of(request)
    if organisation != principal.organisation:
        raise Problem(403, "forbidden", "The token is of another organisation.")
    if organisation not in packs.organisations:
        raise Problem(404, "not-found", "The organisation has no policy here.")
    begin = utc("start", start)
    found = packs.at(organisation, begin).planning_rule(rule, begin)
    if found is None:
        raise Problem(404, "not-found", "The organisation's policy has no rule of this kind.")
    return _planned(found, begin)


def _planned(rule: Rule, start: datetime) -> dict[str, Any]:
    due_at = rule.due(start)
    return {
        "rule": rule.kind,
        "start": start,
        "due_at": due_at,
        "warn_at": rule.warn_at(start, due_at),
        "working": counted(rule, start),
    }


def counted(rule: Rule, start: datetime) -> list[dict[str, Any]]:
    """The spans that count up to the due time of what starts then, as `WorkingBody` has them."""
    return [
        {"from": each.from_, "until": each.until, "seconds": each.seconds, "why": each.why}
        for each in rule.explain(start)
    ]
