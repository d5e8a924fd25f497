"""Takedowns: what has to go, who sees to it, and how it ended."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, StringConstraints
from sqlalchemy import Row

from services.consent.api.landlords import (
    CONFLICT,
    Id,
    Reader,
    Staff,
    bus_of,
    invalid,
    pack_of,
    packs_of,
    unknown,
    writable,
)
from services.consent.deciding import conclude, open_docket
from services.consent.domain.images import Image
from services.consent.domain.takedowns import MAY, Act, State, closing
from services.consent.domain.telling import tell
from services.consent.store import images, takedowns
from shared.bus import Tx
from shared.platform.audit import audit
from shared.platform.auth import Principal
from shared.platform.idempotency import once
from shared.platform.ids import uuid7
from shared.platform.paging import Cursor, Limit, page, read_cursor
from shared.platform.problem import Problem
from shared.policy import Pack, Packs

__all__ = ["Doing", "claim", "list_takedowns", "not_possible", "open_takedowns", "router", "verify"]

Code = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern="^[a-z0-9]+(-[a-z0-9]+)*$")]
Evidence = Annotated[str, StringConstraints(min_length=1, max_length=2000, pattern="^[^\\x00]+$")]


class TakedownBody(BaseModel):
    """A takedown as it stands. `reason` is why it was asked for, `closing` why it was not possible."""

    takedown: str
    image: str
    use: str
    channel: str
    deadline: datetime
    reason: str
    state: State
    requested_at: datetime
    claimed_by: str | None
    claimed_at: datetime | None
    closed_by: str | None
    closed_at: datetime | None
    closing: str | None
    evidence: str | None


class TakedownPage(BaseModel):
    """A page of takedowns, the first due first."""

    items: list[TakedownBody]
    next: str | None


class Doing(BaseModel):
    """What is said of an act; `reason` is a code, which a takedown that is not possible needs."""

    reason: Code | None = None
    evidence: Evidence | None = None


router = APIRouter(prefix="/takedowns", tags=["takedowns"])


@router.get("", summary="Takedowns, the first due first", response_model=TakedownPage)
async def list_takedowns(
    request: Request,
    reader: Reader,
    state: Annotated[Literal["requested", "claimed", "confirmed", "not-possible"] | None, Query()] = None,
    image: Annotated[Id | None, Query()] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """The organisation's takedowns."""
    after = read_cursor(cursor, datetime, UUID)
    async with bus_of(request).transaction() as tx:
        rows = await takedowns.listed(
            tx, reader.organisation, limit + 1, state=state, image=image, after=(after[0], after[1]) if after else None
        )
    return page(rows, limit, lambda row: (row.deadline, row.takedown), _shown)


async def open_takedowns(
    request: Request, reader: Principal, most: int, image: str | None = None
) -> tuple[list[dict[str, Any]], int]:
    """Those that somebody still has to see to, the first due first, and how many more there are."""
    async with bus_of(request).transaction() as tx:
        rows, in_all = await takedowns.open_ones(tx, reader.organisation, most, image)
    return [_shown(row) for row in rows], in_all - len(rows)


def _shown(row: Row[Any]) -> dict[str, Any]:
    return {name: row._mapping[name] for name in TakedownBody.model_fields} | {"takedown": str(row.takedown)}


@router.post("/{id}/claim", summary="See to it", response_model=TakedownBody, responses=CONFLICT)
async def claim(request: Request, staff: Staff, id: UUID, body: Doing | None = None) -> Response:
    """Somebody takes it on."""
    return await _act(request, staff, id, "claim", body or Doing())


@router.post("/{id}/verify", summary="Say that it is gone", response_model=TakedownBody, responses=CONFLICT)
async def verify(request: Request, staff: Staff, id: UUID, body: Doing | None = None) -> Response:
    """The use was looked for and is gone; tells takedown-confirmed."""
    return await _act(request, staff, id, "verify", body or Doing())


@router.post("/{id}/not-possible", summary="Say why it cannot go", response_model=TakedownBody, responses=CONFLICT)
async def not_possible(request: Request, staff: Staff, id: UUID, body: Doing | None = None) -> Response:
    """What is printed cannot be called back; tells takedown-not-possible."""
    if body is None or body.reason is None:
        raise invalid(("/body/reason", "say why, as a code such as `printed`"))
    return await _act(request, staff, id, "not-possible", body)


async def _act(request: Request, staff: Principal, id: UUID, act: Act, body: Doing) -> Response:
    packs = packs_of(request)
    await writable(request)
    async with bus_of(request).transaction() as tx:
        pack = pack_of(request, staff, tx.now)
        return await once(tx, request, staff, lambda: _done(tx, packs, pack, staff, id, act, body))


async def _done(tx: Tx, packs: Packs, pack: Pack, staff: Principal, id: UUID, act: Act, body: Doing) -> JSONResponse:
    """Lock the image of the takedown, check its state, keep and tell what was done."""
    organisation = staff.organisation
    row = await takedowns.find(tx, organisation, id)
    if row is None:
        raise unknown("takedown")
    found = await images.lock(tx, [(organisation, row.image)])
    row = await takedowns.find(tx, organisation, id)
    assert row is not None
    allowed, state = MAY[act]
    if row.state not in allowed:
        raise Problem(409, "state", f"The takedown is {row.state}.", extra={"state": row.state})
    await takedowns.act(
        tx, organisation, id, state=state, person=staff.person, closing=body.reason, evidence=body.evidence
    )
    if state != "claimed":
        data = closing(takedowns.standing_of(row), state, body.reason if state == "not-possible" else None)
        tx.emit(
            tell(pack, data, id=uuid7(), now=tx.now, codes={row.reason}, story=found[organisation, row.image].story)
        )
    if state == "confirmed":
        await _gone(tx, packs, found[organisation, row.image], row)
    await audit(
        tx,
        organisation=organisation,
        actor=staff.person,
        action=f"takedown-{act}",
        subject=str(id),
        at=tx.now,
        reason=body.reason,
        before={"state": row.state},
        after={"state": state},
    )
    after = await takedowns.find(tx, organisation, id)
    assert after is not None
    return JSONResponse(TakedownBody.model_validate(_shown(after)).model_dump(mode="json"))


async def _gone(tx: Tx, packs: Packs, image: Image, row: Row[Any]) -> None:
    """What was seen to be gone is no use any more."""
    placement = image.placements.get((row.use, row.content_hash))
    if placement is None or placement.state != "live" or placement.since != row.since:
        return
    docket = await open_docket(tx, packs, [image])
    image.end(placement, max(placement.at, tx.now))
    docket.judge(image)
    await conclude(tx, [image], docket)
