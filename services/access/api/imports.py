"""`POST /imports/…`: the register from tables. All lines or none; every bad cell is named; a dry run writes nothing."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from services.access.api.common import Keeper, bus_of, packs_of, writable
from services.access.api.roster import Roster
from services.access.domain import imports
from services.access.domain.imports import COLUMNS
from services.access.domain.table import Fault, Line, Refused, Table, read
from services.access.store import entries, people
from services.access.store.locks import lock_organisations
from services.access.store.settling import settle
from shared.bus.tx import Tx
from shared.platform.audit import audit
from shared.platform.auth import Principal
from shared.platform.idempotency import once
from shared.platform.problem import Problem
from shared.policy import Packs

__all__ = ["router", "take"]

router = APIRouter(prefix="/imports", tags=["imports"])

TABLE: dict[str, Any] = {
    "requestBody": {"required": True, "content": {"text/csv": {"schema": {"type": "string"}}}},
}
DryRun = Annotated[bool, Query(description="say what it would do, and write nothing")]


class ImportBody(BaseModel):
    """What an import did, or would do. `missing`: people whom a roster no longer names."""

    lines: int
    created: int
    changed: int
    unchanged: int
    missing: int


@router.post("/people", summary="People, their managers and stints", response_model=ImportBody, openapi_extra=TABLE)
async def import_people(
    request: Request,
    keeper: Keeper,
    dry_run: DryRun = False,
    roster: Annotated[bool, Query(description="it is everybody: who is missing becomes a case")] = False,
) -> Response:
    """What is new in it goes out as the events that HR would have published."""
    return await take(request, keeper, "people", await request.body(), dry_run=dry_run, roster=roster)


@router.post("/sites", summary="Sites", response_model=ImportBody, openapi_extra=TABLE)
async def import_sites(request: Request, keeper: Keeper, dry_run: DryRun = False) -> Response:
    """Pages, channels, business profiles and closed groups."""
    return await take(request, keeper, "sites", await request.body(), dry_run=dry_run)


@router.post("/accounts", summary="Accounts", response_model=ImportBody, openapi_extra=TABLE)
async def import_accounts(request: Request, keeper: Keeper, dry_run: DryRun = False) -> Response:
    """People's logins on networks."""
    return await take(request, keeper, "accounts", await request.body(), dry_run=dry_run)


@router.post("/grants", summary="Grants", response_model=ImportBody, openapi_extra=TABLE)
async def import_grants(request: Request, keeper: Keeper, dry_run: DryRun = False) -> Response:
    """Who has which role at which site. What somebody who has left turns out to hold is revoked at once."""
    return await take(request, keeper, "grants", await request.body(), dry_run=dry_run)


async def take(
    request: Request, keeper: Principal, kind: str, raw: bytes, *, dry_run: bool = False, roster: bool = False
) -> Response:
    """Import a table: an ImportBody. Raises a 422 problem that names every bad cell."""
    await writable(request, keeper)
    try:
        table = read(raw, COLUMNS[kind])
        async with bus_of(request).transaction() as tx:

            async def answer() -> JSONResponse:
                await lock_organisations(tx, [keeper.organisation])
                found = await _compared(tx, packs_of(request), keeper, kind, table, dry_run=dry_run, roster=roster)
                counts = {"lines": len(table.lines)} | found
                if not dry_run:
                    await audit(
                        tx,
                        organisation=keeper.organisation,
                        actor=keeper.person,
                        action=f"import-{kind}",
                        subject=kind,
                        at=tx.now,
                        after=counts,
                    )
                return JSONResponse(counts)

            return await once(tx, request, keeper, answer)
    except Refused as refused:
        raise _refusal(refused.faults) from None


async def _compared(
    tx: Tx, packs: Packs, keeper: Principal, kind: str, table: Table, *, dry_run: bool, roster: bool
) -> dict[str, int]:
    """Check, compare with the register and, unless it is a dry run, write. Raises Refused."""
    if kind == "people":
        return await Roster(tx, packs, keeper, table).take(everybody=roster, dry_run=dry_run)
    organisation, lines = keeper.organisation, table.lines
    known = await entries.known(tx, organisation, kind, (line.key for line in lines))
    faults = imports.missing_values(COLUMNS[kind], lines, known)
    faults += await CHECKS[kind](tx, organisation, lines, known)
    table.refuse(faults)
    changes = imports.compare(lines, known)
    if not dry_run:
        await _write(tx, packs, keeper, kind, (*changes.created, *changes.changed), known)
    return {
        "created": len(changes.created),
        "changed": len(changes.changed),
        "unchanged": changes.unchanged,
        "missing": 0,
    }


def _refusal(faults: Sequence[Fault]) -> Problem:
    named = [
        {"line": fault.line, "column": fault.column, "code": fault.code, "detail": fault.detail}
        for fault in sorted(faults, key=lambda fault: (fault.line, fault.column))
    ]
    return Problem(422, "invalid", "The table has lines that are wrong; nothing was imported.", extra={"errors": named})


async def _write(
    tx: Tx, packs: Packs, keeper: Principal, kind: str, lines: Sequence[Line], known: Mapping[str, Mapping[str, Any]]
) -> None:
    organisation, ids = keeper.organisation, [line.key for line in lines]
    before = await people.taken_from(tx, organisation, **{kind: ids})
    await entries.save(tx, organisation, kind, [_whole(line, known.get(line.key, {})) for line in lines])
    said = [(line.key, {name: value for name, value in line.values.items() if value is not None}) for line in lines]
    await entries.remember(tx, organisation, kind, keeper.person, said)
    after = await people.taken_from(tx, organisation, **{kind: ids})
    await settle(tx, packs, organisation, sorted({*before, *after}))


def _whole(line: Line, entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """A line, with what the register has where the line knows nothing."""
    return {name: entry.get(name) if value is None else value for name, value in line.values.items()}


Known = Mapping[str, Mapping[str, Any]]


async def _check_sites(tx: Tx, organisation: str, lines: Sequence[Line], known: Known) -> list[Fault]:
    """A site stays what it is while access to it is being taken: another kind of site has other items of access."""
    turned = [
        line for line in lines if line.key in known and line.values["kind"] not in (None, known[line.key]["kind"])
    ]
    busy = await entries.being_emptied(tx, organisation, (line.key for line in turned))
    detail = "access to this site is being taken: its kind changes when that is confirmed"
    return [Fault(line.number, "kind", "in-revocation", detail) for line in turned if line.key in busy]


async def _check_accounts(tx: Tx, organisation: str, lines: Sequence[Line], known: Known) -> list[Fault]:
    """The person is known, and an account does not change hands while access is being taken from it."""
    named = [line.values["person"] for line in lines if line.values["person"] is not None]
    faults = imports.unknown_ids(lines, "person", await people.profiles(tx, organisation, named))
    handed = [
        line for line in lines if line.key in known and line.values["person"] not in (None, known[line.key]["person"])
    ]
    busy = await entries.in_revocation(tx, organisation, (line.key for line in handed))
    detail = "access is being taken from this account: it changes hands when that is confirmed"
    return faults + [Fault(line.number, "person", "in-revocation", detail) for line in handed if line.key in busy]


async def _check_grants(tx: Tx, organisation: str, lines: Sequence[Line], known: Known) -> list[Fault]:
    """Account and site are known, and stay what they were."""
    faults = []
    for column, kind in (("account", "accounts"), ("site", "sites")):
        named = [line.values[column] for line in lines if line.values[column] is not None]
        faults += imports.unknown_ids(lines, column, await entries.known(tx, organisation, kind, named))
        faults += [
            Fault(line.number, column, "immutable", "a grant keeps its account and its site: make another grant")
            for line in lines
            if line.key in known and line.values[column] not in (None, known[line.key][column])
        ]
    return faults


CHECKS: Mapping[str, Callable[[Tx, str, Sequence[Line], Known], Awaitable[list[Fault]]]] = {
    "sites": _check_sites,
    "accounts": _check_accounts,
    "grants": _check_grants,
}
