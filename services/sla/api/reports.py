"""`GET /reports/response`: the figures of a period, or with `Accept: text/csv` the targets that they are made of."""

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, BeforeValidator, Field
from sqlalchemy import Row

from services.sla import store
from services.sla.api.common import EARLIEST, LATEST, Reader, Text, bus_of, packs_of, wrong
from services.sla.domain import Cell, Figures, report
from shared.contracts.fields import MessageKind, TargetKind
from shared.platform import sheet
from shared.platform.auth import Principal

__all__ = ["Period", "count_responses", "period_of", "router", "shown_figures", "table_of"]

router = APIRouter()

LONGEST = timedelta(days=1096)
"""Three years, one of them a leap year: as long as conversations are kept."""
AT_A_TIME = 1000
COLUMNS = (
    "conversation", "target", "cycle", "kind", "message", "message_kind", "site", "owner", "started_at", "due_at",
    "settled_at", "noticed_at", "state", "closing", "reason", "retracted", "working_s", "elapsed_s", "policy", "clauses",
)  # fmt: skip


def _day(value: Any) -> Any:
    """Pydantic would take a number for a date too."""
    if isinstance(value, str) and not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        raise ValueError("a date as YYYY-MM-DD")
    return value


Day = Annotated[date, BeforeValidator(_day)]
From = Annotated[Day | None, Query(alias="from", description="local date of the first start; first of this month")]
Until = Annotated[Day | None, Query(description="local date before which the last one started; tomorrow")]
Kind = Annotated[Literal[TargetKind, MessageKind] | None, Query(description="what is owed, or the kind of its message")]


class FiguresBody(BaseModel):
    """How targets stand. `open` to `withdrawn` but for the three parts of `breached` add up to `opened`."""

    opened: int
    open: int
    met: int
    breached: int
    answered_late: int
    closed_late: int
    overdue: int
    waived: int
    exempted: int
    voided: int
    withdrawn: int
    retracted: int
    share_met: float | None = Field(description="met, of those met or breached")
    median_s: int | None = Field(description="working time to the answer")
    p90_s: int | None = Field(description="working time within which nine of ten answers came")


class MonthBody(FiguresBody):
    """A local month's."""

    month: str


class KindBody(FiguresBody):
    """Of one kind of duty."""

    kind: str


class MessageKindBody(FiguresBody):
    """Of one kind of message."""

    message_kind: str


class SiteBody(FiguresBody):
    """A site's."""

    site: str


class OwnerBody(FiguresBody):
    """An owner's; null: nobody's."""

    owner: str | None


class HourBody(BaseModel):
    """How many started in an hour of the local day."""

    hour: int
    opened: int


class ResponseReport(BaseModel):
    """The figures of the targets that started in a period of local dates, the first included, the last not."""

    from_: date = Field(alias="from")
    until: date
    zone: str
    total: FiguresBody
    months: list[MonthBody]
    kinds: list[KindBody]
    message_kinds: list[MessageKindBody]
    sites: list[SiteBody]
    owners: list[OwnerBody]
    hours: list[HourBody]


@dataclass(frozen=True, slots=True)
class Period:
    """Local dates, half-open, in the organisation's zone."""

    begins: date
    ends: date
    zone: ZoneInfo

    def wanted(self, organisation: str, **narrowed: str | None) -> store.Wanted:
        """What to count."""
        begins, ends = (datetime.combine(day, time(), self.zone).astimezone(UTC) for day in (self.begins, self.ends))
        return store.Wanted(organisation=organisation, begins=begins, ends=ends, **narrowed)


@router.get(
    "/reports/response",
    summary="How the promise to answer was kept",
    tags=["reports"],
    response_model=ResponseReport,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
)
async def report_responses(
    request: Request,
    principal: Reader,
    from_: From = None,
    until: Until = None,
    site: Annotated[Text | None, Query()] = None,
    kind: Kind = None,
    owner: Annotated[Text | None, Query()] = None,
    accept: Annotated[str, Header(include_in_schema=False)] = "",
) -> Response:
    """The figures in all, by month, duty, message, site and owner, and the hours at which it begins; or its rows."""
    period = period_of(request, principal, from_, until)
    narrowed = {"site": site, "kind": kind, "owner": owner}
    if _prefers_table(accept):
        answer = await table_of(request, principal, period, **narrowed)
    else:
        body = ResponseReport.model_validate(await count_responses(request, principal, period, **narrowed))
        answer = JSONResponse(body.model_dump(mode="json", by_alias=True))
    answer.headers["Vary"] = "Accept"
    return answer


def period_of(request: Request, principal: Principal, begins: date | None, ends: date | None) -> Period:
    """The period asked for; by default this month so far. A 422 problem for one that is none, or too long."""
    now = bus_of(request).clock.policy()
    zone = packs_of(request).at(principal.organisation, now).tz
    today = now.astimezone(zone).date()
    period = Period(begins or today.replace(day=1), ends or today + timedelta(days=1), zone)
    for name, day in (("from", period.begins), ("until", period.ends)):
        if not EARLIEST.date() <= day < LATEST.date():
            raise wrong(name, f"a date from {EARLIEST.year} up to {LATEST.year}")
    if period.ends <= period.begins:
        raise wrong("until", "a date after `from`")
    if period.ends - period.begins > LONGEST:
        raise wrong("until", f"a date within {LONGEST.days} days of `from`")
    return period


async def count_responses(
    request: Request, principal: Principal, period: Period, **narrowed: str | None
) -> dict[str, Any]:
    """The figures, as `ResponseReport` has them."""
    async with bus_of(request).transaction() as tx:
        cells = await store.count_cells(tx, period.wanted(principal.organisation, **narrowed), period.zone.key)
    found = report(cells)
    return {
        "from": period.begins,
        "until": period.ends,
        "zone": period.zone.key,
        "total": shown_figures(found.total),
        "months": _broken_down(found.months),
        "kinds": _broken_down(found.kinds),
        "message_kinds": _broken_down(found.message_kinds),
        "sites": _broken_down(found.sites),
        "owners": _broken_down(found.owners),
        "hours": [{"hour": int(cell.value or 0), "opened": cell.figures.opened} for cell in found.hours],
    }


async def table_of(request: Request, principal: Principal, period: Period, **narrowed: str | None) -> Response:
    """One line a target, by start, in portions: no transaction waits for whoever reads slowly."""
    wanted = period.wanted(principal.organisation, **narrowed)
    first = await _portion(request, wanted, None)

    async def lines() -> AsyncIterator[str]:
        yield sheet.lines([COLUMNS])
        rows = first
        while rows:
            yield sheet.lines(_line(row) for row in rows)
            rows = await _portion(request, wanted, rows[-1]) if len(rows) == AT_A_TIME else []

    name = f"response-{period.begins}-{period.ends}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(lines(), media_type=sheet.MEDIA_TYPE, headers=headers)


async def _portion(request: Request, wanted: store.Wanted, last: Row[Any] | None) -> Sequence[Row[Any]]:
    after = None if last is None else (last.started_at, last.target)
    async with bus_of(request).transaction() as tx:
        return await store.list_started(tx, wanted, after, AT_A_TIME)


def _line(row: Row[Any]) -> list[Any]:
    known = row._mapping
    return [known[column] for column in COLUMNS]


def shown_figures(figures: Figures) -> dict[str, Any]:
    """Figures as `FiguresBody` has them."""
    return asdict(figures) | {"share_met": figures.share_met}


def _broken_down(cells: Sequence[Cell]) -> list[dict[str, Any]]:
    return [{cell.by: cell.value} | shown_figures(cell.figures) for cell in cells]


def _prefers_table(accept: str) -> bool:
    """Whether CSV is asked for, and not less than JSON (RFC 9110, 12.5.1); wildcards are content with JSON."""
    asked: dict[str, float] = {}
    for part in accept.lower().split(","):
        media, *parameters = (piece.strip() for piece in part.split(";"))
        weight = next((one[2:] for one in parameters if one.startswith("q=")), "1")
        asked[media] = float(weight) if re.fullmatch(r"[01](\.[0-9]{0,3})?", weight) else 0.0
    return asked.get("text/csv", 0.0) > 0 and asked.get("text/csv", 0.0) >= asked.get("application/json", 0.0)
