"""`GET /exports/…`: the register as the tables that imports take."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response

from services.access.api.common import Keeper, bus_of, packs_of
from services.access.domain.imports import COLUMNS
from services.access.domain.table import write
from services.access.store import entries, people
from shared.bus.tx import Tx

__all__ = ["router"]

router = APIRouter(prefix="/exports", tags=["imports"])

TABLE: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": {"schema": {"type": "string"}}}}}
EVERYBODY = 2**31 - 1
INSTANT = timedelta(microseconds=1)


@router.get("/people", summary="People and their latest stints", responses=TABLE, response_class=Response)
async def export_people(request: Request, keeper: Keeper) -> Response:
    """One line a person, with the stint that is, or was last, in force."""
    async with bus_of(request).transaction() as tx:
        zone = packs_of(request).at(keeper.organisation, tx.now).tz
        rows = await _people(tx, keeper.organisation, zone)
    return _table("people", rows)


@router.get("/sites", summary="Sites", responses=TABLE, response_class=Response)
async def export_sites(request: Request, keeper: Keeper) -> Response:
    """Every site."""
    return await _entries(request, keeper.organisation, "sites")


@router.get("/accounts", summary="Accounts", responses=TABLE, response_class=Response)
async def export_accounts(request: Request, keeper: Keeper) -> Response:
    """Every account."""
    return await _entries(request, keeper.organisation, "accounts")


@router.get("/grants", summary="Grants in force", responses=TABLE, response_class=Response)
async def export_grants(request: Request, keeper: Keeper) -> Response:
    """Every grant that was not confirmed gone."""
    return await _entries(request, keeper.organisation, "grants")


async def _entries(request: Request, organisation: str, kind: str) -> Response:
    async with bus_of(request).transaction() as tx:
        rows = [dict(row._mapping) for row in await entries.all_of(tx, organisation, kind)]
    return _table(kind, rows)


async def _people(tx: Tx, organisation: str, zone: ZoneInfo) -> list[Mapping[str, Any]]:
    found = await people.page_of(tx, organisation, EVERYBODY)
    stints: dict[str, Any] = defaultdict(lambda: None)
    for row in await people.stints_of(tx, organisation, [one.person for one in found]):
        if stints[row.person] is None or row.begins <= tx.now:
            stints[row.person] = row
    return [
        dict(one._mapping)
        | {
            "stint": stint and stint.stint,
            "starts_on": stint and stint.starts_on,
            "leave_on": stint and stint.leave_at and _last_day(stint.leave_at, zone),
        }
        for one in found
        for stint in [stints[one.person]]
    ]


def _last_day(leave_at: datetime, zone: ZoneInfo) -> Any:
    """The local day whose end, or within which, a stint ends."""
    try:
        return (leave_at - INSTANT).astimezone(zone).date()
    except OverflowError:
        return leave_at.date()


def _table(kind: str, rows: list[Mapping[str, Any]] | list[dict[str, Any]]) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{kind}.csv"'}
    return Response(write(COLUMNS[kind], rows), media_type="text/csv", headers=headers)
