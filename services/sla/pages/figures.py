"""The figures of any period, broken down, and as a table to check them by. Clauses: westward:11.2,
wheatley:risk-management-mitigation."""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Annotated, Any

from fastapi import Query, Request, Response

from services.sla.api import reports
from services.sla.api.common import wrong
from services.sla.pages import words
from services.sla.pages.house import PAGES, Blank, Seeing
from shared.platform.pages import Visitor
from shared.platform.problem import Problem

__all__ = ["router"]

router = PAGES.router()

From = Annotated[str, Query(alias="from", max_length=20)]
Until = Annotated[str, Query(max_length=20)]
BREAKDOWNS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "months": ("month", "By month"),
        "sites": ("site", "By site"),
        "owners": ("owner", "By owner"),
        "message_kinds": ("message_kind", "By kind of message"),
        "kinds": ("kind", "By kind of duty"),
    }
)
"""The lists of a report, and what each line of them is about."""
NAMES: Mapping[str, Mapping[str, str]] = MappingProxyType({"kind": words.KINDS, "message_kind": words.MESSAGE_KINDS})


@router.get("/page/figures")
async def figures(
    request: Request,
    visitor: Seeing,
    from_: From = "",
    until: Until = "",
    site: Blank = "",
    kind: str = "",
    owner: Blank = "",
) -> Response:
    """How the promise was kept in a period."""
    narrowed = _narrowed(site, kind, owner)
    problem: Problem | None = None
    try:
        period = _period(request, visitor, from_, until)
    except Problem as fault:
        problem, period = fault, _period(request, visitor, "", "")
    report = await reports.count_responses(request, visitor.principal, period, **narrowed)
    return PAGES.render(
        request,
        visitor,
        "figures.html",
        status=problem.status if problem else 200,
        problem=problem,
        report=report,
        tables=[_table(report, listed) for listed in BREAKDOWNS],
        busiest=sorted(report["hours"], key=lambda line: (-line["opened"], line["hour"]))[:5],
        typed={"from": from_ or str(period.begins), "until": until or str(period.ends)} | _typed(site, kind, owner),
        wrong={fault.pointer.removeprefix("/query/"): fault.detail for fault in problem.errors} if problem else {},
        kinds=words.KINDS,
        message_kinds=words.MESSAGE_KINDS,
        measures=words.MEASURES,
    )


@router.get("/page/figures.csv")
async def table(
    request: Request,
    visitor: Seeing,
    from_: From = "",
    until: Until = "",
    site: Blank = "",
    kind: str = "",
    owner: Blank = "",
) -> Response:
    """The targets of a period, one line each."""
    period = _period(request, visitor, from_, until)
    return await reports.table_of(request, visitor.principal, period, **_narrowed(site, kind, owner))


def _period(request: Request, visitor: Visitor, begins: str, ends: str) -> reports.Period:
    """Raises a 422 problem that names the field."""
    return reports.period_of(request, visitor.principal, _day("from", begins), _day("until", ends))


def _day(name: str, text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise wrong(name, "a date as YYYY-MM-DD") from error


def _narrowed(site: str, kind: str, owner: str) -> dict[str, str | None]:
    known = kind if kind in words.KINDS or kind in words.MESSAGE_KINDS else None
    return {"site": site or None, "kind": known, "owner": owner or None}


def _typed(site: str, kind: str, owner: str) -> dict[str, str]:
    return {"site": site, "kind": kind, "owner": owner}


def _table(report: Mapping[str, Any], listed: str) -> dict[str, Any]:
    key, title = BREAKDOWNS[listed]
    names = NAMES.get(key, {})
    lines = [line | {"name": names.get(line[key], line[key]) or "nobody"} for line in report[listed]]
    return {"title": title, "id": listed, "lines": lines}
