"""Cases: what people have to decide about leavers."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field

from services.access.api.common import DECIDERS, NOT_FOUND, Reader, bus_of, must, own_people, packs_of, writable
from services.access.domain import Case
from services.access.store import cases
from services.access.store.locks import lock_organisations
from services.access.store.settling import settle
from shared.platform.audit import audit
from shared.platform.auth import Principal, allow
from shared.platform.idempotency import json_answer, once
from shared.platform.paging import Cursor, Limit, page, read_cursor
from shared.platform.problem import Problem

__all__ = ["CaseBody", "router"]

router = APIRouter(prefix="/cases", tags=["cases"])

Decider = Annotated[Principal, Depends(allow(*DECIDERS))]
Kind = Literal[
    "leaver-unmatched",
    "leaver-disputed",
    "leaver-unannounced",
    "leavers-held",
    "reinstatement-requested",
    "scim-leaver-rejected",
]
HELD = "leavers-held"
ANSWERS: dict[int | str, dict[str, Any]] = NOT_FOUND | {
    409: NOT_FOUND[404] | {"description": "its state does not allow it"}
}


class WaitingBody(BaseModel):
    """A leaver who is held."""

    person: str
    stint: str


class CaseBody(BaseModel):
    """A case; `held` are the leavers that wait for it, `outcome` says how it closed."""

    case: str
    kind: Kind
    person: str | None
    candidates: int | None
    state: Literal["open", "closed"]
    outcome: str | None
    opened_at: datetime
    closed_at: datetime | None
    closed_by: str | None
    held: list[WaitingBody]


class CasePage(BaseModel):
    """A page of cases, the oldest first."""

    items: list[CaseBody]
    next: str | None


class Note(BaseModel):
    """Why."""

    note: Annotated[str | None, Field(max_length=2_000, pattern="^[^\\x00]*$")] = None


@router.get("", summary="Cases, the oldest first", response_model=CasePage)
async def list_cases(
    request: Request,
    reader: Reader,
    state: Annotated[Literal["open", "closed"] | None, Query()] = None,
    kind: Annotated[Kind | None, Query()] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """The organisation's; for a line manager those about their own people."""
    after = read_cursor(cursor, datetime, str)
    async with bus_of(request).transaction() as tx:
        rows = await cases.page_of(
            tx,
            reader.organisation,
            limit + 1,
            state=state,
            kind=kind,
            manager=own_people(reader),
            after=None if after is None else (after[0], after[1]),
        )
        held = {row.case: await cases.held_under(tx, reader.organisation, row.case) for row in rows if row.kind == HELD}
    return page(
        rows,
        limit,
        lambda row: (row.opened_at, row.case),
        lambda row: _body(cases.of_row(row), held.get(row.case, ())),
    )


@router.post("/{id}/release", summary="Let held leavers through", response_model=CaseBody, responses=ANSWERS)
async def release(request: Request, decider: Decider, id: str, body: Note | None = None) -> Response:
    """They have left: every removal is requested."""
    return await _decide(request, decider, id, "released", body)


@router.post("/{id}/dismiss", summary="It was checked", response_model=CaseBody, responses=ANSWERS)
async def dismiss(request: Request, decider: Decider, id: str, body: Note | None = None) -> Response:
    """Nothing follows. While leavers are held the case stays: release them, or let HR cancel their leaving."""
    return await _decide(request, decider, id, "dismissed", body)


async def _decide(request: Request, decider: Principal, id: str, outcome: str, body: Note | None) -> Response:
    await writable(request, decider)
    organisation = decider.organisation
    async with bus_of(request).transaction() as tx:

        async def carry_out() -> Any:
            await lock_organisations(tx, [organisation])
            case: Case = must(None if "\0" in id else await cases.find(tx, organisation, id), "case")
            held = await cases.held_under(tx, organisation, id)
            _check(case, outcome, held)
            closed = replace(case, state="closed", outcome=outcome, closed_at=tx.now, closed_by=decider.person)
            await cases.save(tx, organisation, [closed])
            await audit(
                tx,
                organisation=organisation,
                actor=decider.person,
                action=f"{outcome.removesuffix('d')}-case",
                subject=id,
                at=tx.now,
                reason=body.note if body else None,
                before={"state": case.state},
                after={"state": closed.state, "outcome": outcome},
            )
            if held:
                tx.measured = False
                await cases.let_go(tx, organisation, id)
                await settle(tx, packs_of(request), organisation, [person for person, _ in held])
            return json_answer(_body(closed, ()))

        return await once(tx, request, decider, carry_out)


def _check(case: Case, outcome: str, held: Sequence[tuple[str, str]]) -> None:
    if case.state != "open":
        raise Problem(409, "state", "The case is closed.", extra={"state": case.state})
    if outcome == "released" and case.kind != HELD:
        raise Problem(409, "state", "Nobody is held by this case: dismiss it.", extra={"state": case.state})
    if outcome == "dismissed" and held:
        raise Problem(409, "state", "Leavers are held by this case: release it.", extra={"state": case.state})


def _body(case: Case, held: Sequence[tuple[str, str]]) -> dict[str, Any]:
    names = ("kind", "person", "candidates", "state", "outcome", "opened_at", "closed_at", "closed_by")
    return {name: getattr(case, name) for name in names} | {
        "case": case.id,
        "held": [{"person": person, "stint": stint} for person, stint in held],
    }
