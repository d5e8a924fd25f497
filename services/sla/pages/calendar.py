"""When would an answer be due? The same arithmetic as the deadlines', with its working."""

from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import Query, Request, Response

from services.sla.api import calendar
from services.sla.api.common import READERS, wrong
from services.sla.pages import words
from services.sla.pages.house import PAGES, Planning, kinds_of, now_of, pack_of
from shared.platform.pages import Visitor
from shared.platform.problem import Problem

__all__ = ["router"]

router = PAGES.router()

MINUTE = "%Y-%m-%dT%H:%M"
"""As `datetime-local` has it: without an offset, in the organisation's zone."""


@router.get("/page/calendar")
async def due(
    request: Request,
    visitor: Planning,
    rule: Annotated[str, Query(max_length=40)] = "",
    start: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    """The form, and under it the answer."""
    kinds = kinds_of(request, visitor)
    rule = rule if rule in kinds else kinds[0]
    zone = pack_of(request, visitor).tz
    planned: dict[str, Any] | None = None
    problem: Problem | None = None
    if start:
        try:
            planned = await _planned(request, visitor, rule, start, zone)
        except Problem as fault:
            problem = fault
    return PAGES.render(
        request,
        visitor,
        "calendar.html",
        status=problem.status if problem else 200,
        kinds={one: words.KINDS[one] for one in kinds},
        rule=rule,
        start=start or now_of(request).astimezone(zone).strftime(MINUTE),
        planned=planned,
        problem=problem,
        reads=bool(visitor.principal.roles & set(READERS)),
    )


async def _planned(request: Request, visitor: Visitor, rule: str, start: str, zone: ZoneInfo) -> dict[str, Any]:
    """What the door answers. Raises a problem that says what is wrong with the start."""
    try:
        instant = datetime.fromisoformat(start)
    except ValueError as error:
        raise wrong("start", "a date and a time, as 2026-03-20T16:30") from error
    begin = instant if instant.tzinfo else instant.replace(tzinfo=zone)
    return await calendar.plan(request, visitor.principal, visitor.principal.organisation, rule, begin)  # type: ignore[arg-type] # one of the policy's
