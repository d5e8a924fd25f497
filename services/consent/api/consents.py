"""Consents: recorded with their form, listed, shown, withdrawn. Withdrawing is as easy as giving."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse

from services.consent.api.bodies import ConsentBody, ConsentPage, Record, State, Withdraw, consent_body
from services.consent.api.landlords import (
    CONFLICT,
    NOT_FOUND,
    Id,
    Staff,
    bus_of,
    invalid,
    pack_of,
    packs_of,
    unknown,
    writable,
)
from services.consent.api.recording import kept, tell_record, withdrawn
from services.consent.api.upload import MULTIPART, Filed, read_upload
from services.consent.deciding import look_ahead
from services.consent.store import people, records
from services.consent.store.forms import Forms
from shared.bus import Tx
from shared.platform.audit import audit
from shared.platform.auth import Principal
from shared.platform.http import ERRORS
from shared.platform.idempotency import once
from shared.platform.ids import uuid7
from shared.platform.paging import Cursor, Limit, page, read_cursor
from shared.platform.problem import Problem
from shared.policy import Pack, Packs

__all__ = ["ending_soon", "file_record", "list_consents", "router", "withdraw_consent"]

FILES: dict[int | str, dict[str, Any]] = {
    413: ERRORS[400] | {"description": "the form is over the cap"},
    415: ERRORS[400] | {"description": "the form is no PDF, PNG, JPEG, HEIC or TIFF"},
}
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)

router = APIRouter(prefix="/consents", tags=["consents"])


@router.post(
    "",
    status_code=201,
    summary="Record what somebody said, with the signed form",
    response_model=ConsentBody,
    responses=FILES,
    openapi_extra=MULTIPART,
)
async def record_consent(request: Request, staff: Staff) -> Response:
    """A record that does not count is kept as well, and its state says so (westward:4.10, 10.4)."""
    record, filed = await read_upload(request, request.app.state.form_bytes)
    return await file_record(request, staff, record, filed)


async def file_record(request: Request, staff: Principal, record: Record, filed: Filed | None) -> Response:
    """Keep a record and its form, and tell of it."""
    consent = uuid7()
    forms: Forms = request.app.state.forms
    packs = packs_of(request)
    await writable(request)
    used = False
    try:
        async with bus_of(request).transaction() as tx:
            pack = pack_of(request, staff, tx.now)
            values = kept(record, filed, pack, staff, consent, tx.now)

            async def act() -> JSONResponse:
                nonlocal used
                if filed is not None:
                    await asyncio.to_thread(forms.keep, staff.organisation, consent, filed[0])
                answer = await _add(tx, packs, pack, staff, values)
                used = True
                return answer

            return await once(tx, request, staff, act)
    finally:
        if filed is not None and not used:
            await asyncio.to_thread(forms.forget, staff.organisation, consent)


async def _add(tx: Tx, packs: Packs, pack: Pack, staff: Principal, values: Mapping[str, Any]) -> JSONResponse:
    keys = await people.lock(tx, [(staff.organisation, values["person"])])
    await records.add(tx, values)
    tell_record(tx, pack, values)
    await look_ahead(tx, packs, keys)
    await records.recheck(tx, keys)
    await _audit(
        tx, staff, "record-consent", values["consent"], {"state": values["state"], "form": values["form_hash"]}
    )
    shown = await _shown(tx, staff.organisation, UUID(values["consent"]))
    return JSONResponse(shown, 201, headers={"Location": f"/consents/{values['consent']}"})


async def _shown(tx: Tx, organisation: str, consent: UUID) -> dict[str, Any]:
    row = await records.find(tx, organisation, consent)
    if row is None:
        raise unknown("consent")
    return ConsentBody.model_validate(consent_body(row)).model_dump(mode="json")


async def _audit(tx: Tx, staff: Principal, action: str, subject: str, after: Mapping[str, Any] | None = None) -> None:
    await audit(
        tx,
        organisation=staff.organisation,
        actor=staff.person,
        action=action,
        subject=subject,
        at=tx.now,
        after=after,
    )


@router.get("", summary="Records, the oldest first", response_model=ConsentPage)
async def list_consents(
    request: Request,
    staff: Staff,
    subject: Annotated[Id | None, Query(description="a person")] = None,
    state: Annotated[State | None, Query()] = None,
    expiring: Annotated[
        int | None, Query(ge=0, le=3660, description="in force, and ending within so many days")
    ] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """The organisation's records."""
    after = read_cursor(cursor, UUID)
    async with bus_of(request).transaction() as tx:
        rows = await records.listed(
            tx,
            staff.organisation,
            limit + 1,
            person=subject,
            state=state,
            ends_before=None if expiring is None else tx.now + timedelta(days=expiring),
            after=after[0] if after else None,
        )
    return page(rows, limit, lambda row: (row.consent,), consent_body)


async def ending_soon(request: Request, staff: Principal, days: int, most: int) -> tuple[list[dict[str, Any]], int]:
    """Records in force that end within so many days, the soonest first, and how many more there are."""
    async with bus_of(request).transaction() as tx:
        rows, in_all = await records.ending(tx, staff.organisation, tx.now + timedelta(days=days), most)
    return [consent_body(row) for row in rows], in_all - len(rows)


@router.get("/{consent}", summary="One record", response_model=ConsentBody, responses=NOT_FOUND)
async def show_consent(request: Request, staff: Staff, consent: UUID) -> dict[str, Any]:
    """With its withdrawals; without the form."""
    async with bus_of(request).transaction() as tx:
        return await _shown(tx, staff.organisation, consent)


@router.post(
    "/{consent}/withdraw",
    summary="Take a consent back, whole or for some channels",
    response_model=ConsentBody,
    responses=CONFLICT,
)
async def withdraw_consent(request: Request, staff: Staff, consent: UUID, body: Withdraw | None = None) -> Response:
    """Holds from receipt; live uses are asked to go (wheatley:legal-and-regulatory-framework)."""
    wish = body or Withdraw()
    packs = packs_of(request)
    await writable(request)
    if wish.at is not None and wish.at < EARLIEST:
        raise invalid(("/body/at", f"an instant from {EARLIEST.year} on"))
    async with bus_of(request).transaction() as tx:
        pack = pack_of(request, staff, tx.now)
        return await once(tx, request, staff, lambda: _withdraw(tx, packs, pack, staff, consent, wish))


async def _withdraw(tx: Tx, packs: Packs, pack: Pack, staff: Principal, consent: UUID, wish: Withdraw) -> JSONResponse:
    found = await records.find(tx, staff.organisation, consent)
    if found is None:
        raise unknown("consent")
    keys = await people.lock(tx, [(staff.organisation, found.person)])
    row = await records.find(tx, staff.organisation, consent)
    assert row is not None
    if row.outcome != "given" or row.state == "withdrawn":
        raise Problem(409, "state", f"The record is {row.shown_state}.", extra={"state": row.shown_state})
    taken = withdrawn(row, wish, pack, staff, tx.now)
    await records.withdraw(tx, taken.values)
    if taken.whole:
        await records.set_states(tx, [(staff.organisation, str(consent), "withdrawn", row.days_told)])
    tx.emit(taken.event)
    await look_ahead(tx, packs, keys)
    await records.recheck(tx, keys)
    await _audit(tx, staff, "withdraw-consent", str(consent), {"channels": taken.values["channels"]})
    return JSONResponse(await _shown(tx, staff.organisation, consent))
