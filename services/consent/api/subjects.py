"""Subjects: who may be shown. Names are kept here and go nowhere else."""

from collections.abc import Iterable
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, StringConstraints
from sqlalchemy import Row

from services.consent.api.landlords import (
    NOT_FOUND,
    Day,
    Id,
    PathId,
    Staff,
    bus_of,
    pack_of,
    packs_of,
    unknown,
    writable,
)
from services.consent.deciding import look_ahead
from services.consent.store import people, records
from shared.bus import Tx
from shared.platform.audit import audit
from shared.platform.auth import Principal
from shared.platform.idempotency import once
from shared.policy import Packs

__all__ = ["Subject", "names_of", "put_subject", "router", "show_subject"]

Kind = Literal["staff", "non-staff", "child", "contractor", "volunteer", "board-member", "tenant", "unknown"]
Name = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern="^[^\\x00]+$")]
Relationship = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern="^[^\\x00]+$")]


class Guardian(BaseModel):
    """Who answers for a child."""

    person: Id
    relationship: Relationship


class Subject(BaseModel):
    """Somebody who may be shown. What is missing is not known: of somebody who was noted before it stays as it was."""

    person: Id
    kind: Kind
    name: Name | None = None
    born_on: Day | None = None
    guardian: Guardian | None = None


router = APIRouter(prefix="/subjects", tags=["subjects"])


@router.post(
    "",
    status_code=201,
    summary="Note somebody, or what is now known of them",
    response_model=Subject,
    responses={200: {"model": Subject, "description": "the subject was known and was changed"}},
)
async def put_subject(request: Request, staff: Staff, body: Subject) -> Response:
    """201 for a new subject, 200 for one that was known; a birth date may change what was decided."""
    packs = packs_of(request)
    await writable(request)
    async with bus_of(request).transaction() as tx:
        pack_of(request, staff, tx.now)
        return await once(tx, request, staff, lambda: _put(tx, packs, staff, body))


async def _put(tx: Tx, packs: Packs, staff: Principal, body: Subject) -> JSONResponse:
    organisation = staff.organisation
    keys = await people.lock(tx, [(organisation, body.person)])
    before = await people.subject_of(tx, organisation, body.person)
    await people.put_subject(
        tx,
        organisation,
        body.person,
        kind=body.kind,
        name=body.name,
        born_on=body.born_on,
        guardian=body.guardian.person if body.guardian else None,
        relationship=body.guardian.relationship if body.guardian else None,
    )
    after = await people.subject_of(tx, organisation, body.person)
    assert after is not None
    await look_ahead(tx, packs, keys)
    await records.recheck(tx, keys)
    await audit(
        tx,
        organisation=organisation,
        actor=staff.person,
        action="put-subject",
        subject=body.person,
        at=tx.now,
        before={"kind": before.kind} if before else None,
        after={"kind": body.kind, "birth_date_changed": after.born_on != (before.born_on if before else None)},
    )
    location = f"/subjects/{quote(body.person, safe='')}"
    shown = Subject.model_validate(_shown(after)).model_dump(mode="json")
    return JSONResponse(shown, 200 if before else 201, headers={"Location": location})


@router.get("/{person:path}", summary="One subject", response_model=Subject, responses=NOT_FOUND)
async def show_subject(request: Request, staff: Staff, person: PathId) -> dict[str, Any]:
    """With the name; noted in the audit trail."""
    async with bus_of(request).transaction() as tx:
        row = await people.subject_of(tx, staff.organisation, person)
        if row is None:
            raise unknown("subject")
        await audit(
            tx, organisation=staff.organisation, actor=staff.person, action="read-subject", subject=person, at=tx.now
        )
    return _shown(row)


async def names_of(request: Request, staff: Principal, shown: Iterable[str | None]) -> dict[str, str]:
    """The names of those of these people who have one, for whom they are shown to; noted in the audit trail as one act."""
    wanted = sorted({person for person in shown if person is not None})
    if not wanted:
        return {}
    async with bus_of(request).transaction() as tx:
        names = await people.names(tx, staff.organisation, wanted)
        if names:
            await audit(
                tx,
                organisation=staff.organisation,
                actor=staff.person,
                action="read-names",
                subject="subjects",
                at=tx.now,
                after={"people": sorted(names)},
            )
    return names


def _shown(row: Row[Any]) -> dict[str, Any]:
    guardian = {"person": row.guardian, "relationship": row.relationship} if row.guardian else None
    return {"person": row.person, "kind": row.kind, "name": row.name, "born_on": row.born_on, "guardian": guardian}
