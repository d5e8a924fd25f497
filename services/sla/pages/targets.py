"""The page of sla: what is still to be done, by time left, and how this month and the last went."""

from datetime import date, timedelta
from typing import Annotated, Any

from fastapi import Query, Request, Response

from services.sla.api import reports, targets
from services.sla.api.common import packs_of
from services.sla.domain import Figures
from services.sla.pages import words
from services.sla.pages.house import PAGES, Blank, Seeing, kinds_of, now_of, pack_of
from services.sla.pages.shown import shown
from shared.platform.auth import Principal

__all__ = ["router"]

router = PAGES.router()

MOST = 50
WAITING = "waiting"


@router.get("/")
async def waiting(
    request: Request,
    visitor: Seeing,
    state: str = WAITING,
    site: Blank = "",
    kind: str = "",
    cursor: Annotated[str | None, Query(max_length=2000)] = None,
) -> Response:
    """Targets, and the figures of two months."""
    who = visitor.principal
    state = state if state in words.STATES else WAITING
    kinds = kinds_of(request, visitor)
    found = await targets.list_targets(
        request,
        who,
        waiting=True if state == WAITING else None,
        state=None if state == WAITING else state,  # type: ignore[arg-type] # one of the words
        site=site or None,
        kind=kind if kind in kinds else None,  # type: ignore[arg-type] # one of the policy's
        limit=MOST,
        cursor=cursor,
    )
    this, last = _months(now_of(request).astimezone(pack_of(request, visitor).tz).date())
    report = await _two_months(request, who, last)
    undone, overdue = await targets.count_waiting(request, who)
    return PAGES.render(
        request,
        visitor,
        "targets.html",
        rows=shown(found["items"], packs_of(request), who.organisation, now_of(request)),
        next=found["next"],
        first=cursor is None,
        chosen={"state": state, "site": site, "kind": kind},
        states=words.STATES,
        kinds={one: words.KINDS[one] for one in kinds},
        sites=[line["site"] for line in report["sites"]],
        waiting=undone,
        overdue=overdue,
        months=[_month(report, month) for month in (this, last)],
        measures=words.MEASURES,
    )


def _months(today: date) -> tuple[date, date]:
    """The first of this month and of the last."""
    this = today.replace(day=1)
    return this, (this - timedelta(days=1)).replace(day=1)


async def _two_months(request: Request, who: Principal, last: date) -> dict[str, Any]:
    return await reports.count_responses(request, who, reports.period_of(request, who, last, None))


def _month(report: dict[str, Any], first: date) -> dict[str, Any]:
    """A month's figures, with its own dates; all nothing for one in which none began."""
    name = f"{first:%Y-%m}"
    until = (first + timedelta(days=31)).replace(day=1)
    nothing = reports.shown_figures(Figures())
    known = next((line for line in report["months"] if line["month"] == name), nothing)
    return known | {"label": f"{first:%B %Y}", "from": first.isoformat(), "until": until.isoformat()}
