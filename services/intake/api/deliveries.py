"""Deliveries that could not be read, and their second chance. Nothing of what was sent is shown."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel

from services.intake.store import deliveries
from shared.bus.tx import Bus
from shared.platform.audit import audit
from shared.platform.auth import Principal, allow
from shared.platform.paging import Cursor, Limit, page, read_cursor
from shared.platform.problem import Problem
from shared.policy import Packs

__all__ = ["router"]

Keeper = Annotated[Principal, Depends(allow("ops", "communications", "head-of-communications"))]
Place = Annotated[int, Path(ge=1, le=2**63 - 1)]
State = Literal["pending", "done", "failed"]

ABSENT: dict[int | str, dict[str, Any]] = {404: {"description": "no such delivery"}}
STATES: dict[int | str, dict[str, Any]] = ABSENT | {409: {"description": "it has not failed"}}


class Shown(BaseModel):
    """A delivery without its content. `error` is the code, and where in the body the fault lies."""

    id: str
    organisation: str
    source: str
    state: State
    received_at: datetime
    accepted_at: datetime
    settled_at: datetime | None
    attempts: int
    code: str | None
    error: str | None


class ShownPage(BaseModel):
    """A page of deliveries, newest first."""

    items: list[Shown]
    next: str | None


class Retried(BaseModel):
    """How many are read again."""

    retried: int


router = APIRouter(prefix="/deliveries", tags=["deliveries"])


def _organisations(request: Request, keeper: Principal) -> Sequence[str]:
    """Ops see every organisation's, others their own."""
    packs: Packs = request.app.state.packs
    if keeper.organisation and keeper.roles - {"ops"}:
        return [keeper.organisation]
    return sorted(packs.organisations)


def _shown(row: Any) -> dict[str, Any]:
    names = ("organisation", "source", "state", "received_at", "accepted_at", "settled_at", "attempts", "code")
    error = None if row.code is None else f"{row.code}: {row.detail}"
    return {name: getattr(row, name) for name in names} | {"id": str(row.place), "error": error}


@router.get("", summary="Deliveries, newest first", response_model=ShownPage)
async def list_deliveries(
    request: Request,
    keeper: Keeper,
    failed: Annotated[str | None, Query(max_length=5, description="only those that failed, unless it is false")] = None,
    state: Annotated[State | None, Query()] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """`?failed` lists those that wait for somebody to look."""
    bus: Bus = request.app.state.bus
    key = read_cursor(cursor, int)
    only_failed = failed is not None and failed.lower() not in ("false", "0", "no")
    if key is not None and abs(key[0]) >= 2**63:
        raise Problem(400, "bad-cursor", "This cursor is not one of ours; leave it out to begin anew.")
    async with bus.transaction() as tx:
        rows = await deliveries.page(
            tx, _organisations(request, keeper), "failed" if only_failed else state, key[0] if key else None, limit
        )
    return page(rows, limit, lambda row: (row.place,), _shown)


@router.get("/{id}", summary="One delivery", response_model=Shown, responses=ABSENT)
async def show_delivery(request: Request, keeper: Keeper, id: Place) -> dict[str, Any]:
    """What became of it, and why."""
    bus: Bus = request.app.state.bus
    async with bus.transaction() as tx:
        row = await deliveries.find(tx, _organisations(request, keeper), id)
    if row is None:
        raise _unknown()
    return _shown(row)


@router.post("/{id}/retry", summary="Read a failed delivery again", response_model=Shown, responses=STATES)
async def retry_delivery(request: Request, keeper: Keeper, id: Place) -> dict[str, Any]:
    """It is read as soon as the worker comes to it; its order of arrival stays."""
    bus: Bus = request.app.state.bus
    async with bus.transaction() as tx:
        row = await deliveries.find(tx, _organisations(request, keeper), id)
        if row is None:
            raise _unknown()
        if row.state != "failed":
            raise Problem(409, "state", f"The delivery is {row.state}, not failed.", extra={"state": row.state})
        await deliveries.retry(tx, row.organisation, id)
        await audit(
            tx,
            organisation=row.organisation,
            actor=keeper.person,
            action="retry-delivery",
            subject=str(id),
            at=tx.now,
            before={"state": "failed", "code": row.code},
            after={"state": "pending"},
        )
        again = await deliveries.find(tx, [row.organisation], id)
    request.app.state.wake_worker.set()
    return _shown(again)


@router.post("/retry", summary="Read every failed delivery again")
async def retry_deliveries(request: Request, keeper: Keeper) -> Retried:
    """All that the caller may see."""
    bus: Bus = request.app.state.bus
    organisations = _organisations(request, keeper)
    async with bus.transaction() as tx:
        retried = await deliveries.retry_all(tx, organisations)
        for organisation in organisations:
            await audit(
                tx,
                organisation=organisation,
                actor=keeper.person,
                action="retry-deliveries",
                subject="failed",
                at=tx.now,
            )
    request.app.state.wake_worker.set()
    return Retried(retried=retried)


def _unknown() -> Problem:
    return Problem(404, "not-found", "There is no delivery with this id.")
