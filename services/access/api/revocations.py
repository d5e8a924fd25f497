"""Revocations, and what people do about them: claim, confirm with evidence, waive, reopen."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel

from services.access.api.common import (
    BEHOLDERS,
    MAY,
    NOT_FOUND,
    READERS,
    Reader,
    Text,
    bus_of,
    must,
    own_people,
    packs_of,
    writable,
)
from services.access.api.form import FORM, Form, read_form, until_of
from services.access.domain import Forbidden, Refused, Revocation, Telling, revocation
from services.access.domain.evidence import ending_of
from services.access.store import entries, evidence, revocations
from services.access.store.locks import lock_organisations
from services.access.store.settling import settle, telling_of
from shared.bus.tx import Tx
from shared.contracts import access
from shared.platform.audit import audit
from shared.platform.auth import Principal, allow
from shared.platform.idempotency import json_answer, once
from shared.platform.paging import Cursor, Limit, page, read_cursor
from shared.platform.problem import Fault, Problem

__all__ = ["RevocationBody", "body_of", "counts", "router"]

router = APIRouter(prefix="/revocations", tags=["revocations"])

Claimer = Annotated[Principal, Depends(allow(*MAY["claim"]))]
Confirmer = Annotated[Principal, Depends(allow(*MAY["confirm"]))]
Beholder = Annotated[Principal, Depends(allow(*BEHOLDERS))]
Head = Annotated[Principal, Depends(allow(*MAY["waive"]))]
State = Literal[
    "planned",
    "requested",
    "dispatched",
    "assigned",
    "claimed",
    "verifying",
    "confirmed",
    "failed",
    "held-last-admin",
    "cancelled",
    "waived",
    "reopened",
]
ANSWERS: dict[int | str, dict[str, Any]] = NOT_FOUND | {
    409: NOT_FOUND[404] | {"description": "its state does not allow it"}
}
WITH_FILE: dict[int | str, dict[str, Any]] = ANSWERS | {
    413: NOT_FOUND[404] | {"description": "the file is too large"},
    415: NOT_FOUND[404] | {"description": "the file is no evidence, or not what its name says"},
}


class ItemBody(BaseModel):
    """An access item."""

    kind: str
    id: str


class RevocationBody(BaseModel):
    """A revocation in the bus's words; `level` is how far up the ladder it has gone."""

    revocation: str
    person: str
    stint: str
    item: ItemBody
    grant: str | None
    site: str | None
    account: str | None
    network: str | None
    role: str | None
    action: str
    reason: str
    leave_at: datetime | None
    known_at: datetime
    deadline: datetime
    owner: str
    policy: str
    state: State
    level: int
    overdue: bool
    claimed_by: str | None
    claimed_at: datetime | None
    confirmed_by: str | None
    confirmed_at: datetime | None
    evidence: str | None
    waived_until: datetime | None


class RevocationPage(BaseModel):
    """A page of revocations, the first due first."""

    items: list[RevocationBody]
    next: str | None


SAME = (
    "person", "stint", "grant", "site", "account", "network", "role", "action", "reason", "leave_at", "known_at",
    "deadline", "owner", "policy", "state", "level", "claimed_by", "claimed_at", "confirmed_by", "confirmed_at",
    "evidence", "waived_until",
)  # fmt: skip


def body_of(one: Revocation, now: datetime) -> dict[str, Any]:
    """What is shown of a revocation."""
    return {name: getattr(one, name) for name in SAME} | {
        "revocation": one.id,
        "item": {"kind": one.kind, "id": one.item},
        "overdue": one.to_go(now) and one.deadline <= now,
    }


@router.get("", summary="Revocations, the first due first", response_model=RevocationPage)
async def list_revocations(
    request: Request,
    reader: Reader,
    state: Annotated[State | None, Query()] = None,
    overdue: Annotated[bool | None, Query(description="to go now, and its deadline is reached")] = None,
    open: Annotated[
        bool | None, Query(description="to go now, and not known to be gone: not what is waived or planned for later")
    ] = None,
    person: Annotated[Text | None, Query()] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """The organisation's; for a line manager those that they answer for."""
    after = read_cursor(cursor, datetime, str)
    async with bus_of(request).transaction() as tx:
        rows = await revocations.page_of(
            tx,
            reader.organisation,
            limit + 1,
            state=state,
            person=person,
            owner=own_people(reader),
            overdue=overdue,
            is_open=open,
            after=None if after is None else (after[0], after[1]),
        )
    return page(
        rows, limit, lambda row: (row.deadline, row.revocation), lambda row: body_of(revocations.of_row(row), tx.now)
    )


async def counts(request: Request, reader: Principal) -> Mapping[str, int]:
    """How many are open, overdue, held and planned; for a line manager of those that they answer for."""
    async with bus_of(request).transaction() as tx:
        return await revocations.counts(tx, reader.organisation, own_people(reader))


@router.get("/{id}", summary="One revocation", response_model=RevocationBody, responses=NOT_FOUND)
async def show_revocation(request: Request, reader: Reader, id: str) -> dict[str, Any]:
    """One of the organisation's; for a line manager one that they answer for."""
    async with bus_of(request).transaction() as tx:
        one = await _find(tx, reader, id)
    return body_of(one, tx.now)


@router.get(
    "/{id}/evidence",
    summary="What was shown when it was confirmed",
    response_class=Response,
    responses=NOT_FOUND | {200: {"content": {"application/octet-stream": {}}}},
)
async def show_evidence(request: Request, beholder: Beholder, id: str) -> Response:
    """The file, to be saved: no browser opens it here."""
    async with bus_of(request).transaction() as tx:
        one = await _find(tx, beholder, id)
        kept = must(one.evidence and await evidence.find(tx, beholder.organisation, one.evidence), "evidence")
    headers = {"Content-Disposition": f'attachment; filename="{id}.{ending_of(kept.media_type)}"'}
    headers |= {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
    return Response(kept.content, media_type=kept.media_type, headers=headers)


@dataclass(slots=True)
class _Act:
    """One act on one revocation: what it asks for and what it leads to."""

    tx: Tx
    telling: Telling
    actor: Principal
    form: Form
    evidence: str | None
    """The hash of the file that came with it."""
    zone: Any
    waive_at_most: Any

    async def claim(self, one: Revocation) -> Revocation:
        """Clause: westward:6.4."""
        claimed = revocation.claim(one, self.actor.person, self.tx.now)
        self.telling.step(access.RevocationClaimed, claimed, by=self.actor.person)
        return claimed

    async def confirm(self, one: Revocation) -> Revocation:
        """Clauses: westward:6.4, 6.8."""
        if self.evidence is None:
            raise Problem(
                422, "invalid", "A confirmation needs evidence.", [Fault("/evidence", "a file that shows it")]
            )
        confirmed = revocation.confirm(one, self.actor.person, self.evidence, self.tx.now)
        if one.state not in ("claimed", "verifying"):
            self.telling.step(access.RevocationClaimed, confirmed, by=self.actor.person)
        self.telling.step(access.RevocationConfirmed, confirmed, by=self.actor.person)
        await entries.end_access(self.tx, self.actor.organisation, confirmed, self.actor.person)
        return confirmed

    async def reopen(self, one: Revocation) -> Revocation:
        """Clause: westward:6.4."""
        again = revocation.reopen(one)
        if one.state == "confirmed":
            await entries.begin_again(self.tx, self.actor.organisation, one, self.actor.person)
            self.telling.step(access.AccessReappeared, again, by=self.actor.person)
        return again

    async def waive(self, one: Revocation) -> Revocation:
        """Never a leaver's administrator role; for so long as the pack allows, and with a reason."""
        until = until_of(self.form, self.zone)
        if not self.form.reason:
            raise Problem(422, "invalid", "A waiver needs a reason.", [Fault("/reason", "why the access may stand")])
        if one.role == "admin":
            raise Problem(422, "not-waivable", "An administrator's role is never waived.")
        if not self.tx.now < until <= self.tx.now + self.waive_at_most:
            detail = f"an instant or a day ahead, within {self.waive_at_most.days} days"
            raise Problem(422, "invalid", "The waiver ends too late or too early.", [Fault("/until", detail)])
        waived = revocation.waive(one, until)
        self.telling.step(access.RevocationWaived, waived, by=self.actor.person)
        return waived


Verb = Callable[[_Act, Revocation], Awaitable[Revocation]]


@router.post(
    "/{id}/claim", summary="It is gone", response_model=RevocationBody, responses=WITH_FILE, openapi_extra=FORM
)
async def claim(request: Request, actor: Claimer, id: str) -> Response:
    """Somebody says that the access was removed."""
    return await _act(request, actor, id, "claim", _Act.claim)


@router.post(
    "/{id}/confirm",
    summary="It was seen to be gone",
    response_model=RevocationBody,
    responses=WITH_FILE,
    openapi_extra=FORM,
)
async def confirm(request: Request, actor: Confirmer, id: str) -> Response:
    """With evidence; by somebody other than the leaver and, for an administrator, other than who removed it."""
    return await _act(request, actor, id, "confirm", _Act.confirm)


@router.post(
    "/{id}/waive", summary="Let it stand", response_model=RevocationBody, responses=WITH_FILE, openapi_extra=FORM
)
async def waive(request: Request, actor: Head, id: str) -> Response:
    """For a time, with a reason."""
    return await _act(request, actor, id, "waive", _Act.waive)


@router.post(
    "/{id}/reopen",
    summary="It is there after all",
    response_model=RevocationBody,
    responses=WITH_FILE,
    openapi_extra=FORM,
)
async def reopen(request: Request, actor: Confirmer, id: str) -> Response:
    """A claim or a confirmation was wrong, or a waiver ends early."""
    return await _act(request, actor, id, "reopen", _Act.reopen)


async def _act(request: Request, actor: Principal, id: str, name: str, verb: Verb) -> Response:
    await writable(request, actor)
    form = await read_form(request)
    packs = packs_of(request)
    async with bus_of(request).transaction() as tx:

        async def carry_out() -> Any:
            await lock_organisations(tx, [actor.organisation])
            before = await _find(tx, actor, id, MAY[name])
            telling = telling_of(tx, packs, actor.organisation)
            pack = telling.pack
            shown = await evidence.keep(tx, actor.organisation, actor.person, *form.file) if form.file else None
            act = _Act(tx, telling, actor, form, shown, pack.tz, pack.access.waive_at_most.fixed)
            after = await _allowed(verb(act, before))
            await revocations.save(tx, actor.organisation, [after])
            await audit(
                tx,
                organisation=actor.organisation,
                actor=actor.person,
                action=f"{name}-revocation",
                subject=id,
                at=tx.now,
                reason=form.reason or form.note,
                before=_trace(before),
                after=_trace(after) | ({"evidence": shown} if shown else {}),
            )
            await settle(tx, packs, actor.organisation, [after.person], telling=telling)
            return json_answer(body_of(after, tx.now))

        return await once(tx, request, actor, carry_out)


async def _allowed(act: Awaitable[Revocation]) -> Revocation:
    try:
        return await act
    except Forbidden as why:
        raise Problem(403, "forbidden", str(why)) from None
    except Refused as why:
        raise Problem(409, "state", why.detail, extra={"state": why.state}) from None


async def _find(tx: Tx, reader: Principal, id: str, entitled: Collection[str] = READERS) -> Revocation:
    """One of the organisation; for a line manager one that they answer for. Raises a 404 problem."""
    found: Revocation = must(None if "\0" in id else await revocations.find(tx, reader.organisation, id), "revocation")
    if own_people(reader, entitled) not in (None, found.owner):
        must(None, "revocation")
    return found


def _trace(one: Revocation) -> dict[str, Any]:
    names = ("state", "claimed_by", "confirmed_by", "evidence", "waived_until")
    return {name: value for name in names if (value := getattr(one, name)) is not None}
