"""The inbox: look at items, say what one is, say that nobody will answer it."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse

from services.intake.api.bodies import Classify, Id, Item, ItemPage, Plain, State, Waive, item_body, item_summary
from services.intake.domain import acts, conversation
from services.intake.domain.acts import Forbidden
from services.intake.domain.conversation import Thread
from services.intake.domain.telling import in_story
from services.intake.store import inbox, items
from services.intake.store.items import Wish
from services.intake.store.saving import save
from shared.bus.tx import Bus, Tx
from shared.contracts import Data
from shared.contracts.fields import MessageKind
from shared.platform.audit import audit
from shared.platform.auth import Principal, allow
from shared.platform.idempotency import once
from shared.platform.paging import Cursor, Limit, page, read_cursor
from shared.platform.problem import Fault, Problem
from shared.policy import Packs

__all__ = ["router"]

Staff = Annotated[Principal, Depends(allow("communications", "head-of-communications"))]
Act = Callable[[Thread, conversation.Item, Tx], list[Data]]

NOT_FOUND: dict[int | str, dict[str, Any]] = {404: {"description": "no such item in this organisation"}}
ACTS: dict[int | str, dict[str, Any]] = NOT_FOUND | {409: {"description": "the item's state forbids it"}}

router = APIRouter(prefix="/items", tags=["inbox"])


@router.get("", summary="The inbox, newest first", response_model=ItemPage)
async def list_items(
    request: Request,
    staff: Staff,
    state: Annotated[State | None, Query()] = None,
    kind: Annotated[MessageKind | None, Query()] = None,
    site: Plain = None,
    external: Plain = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """Items of the caller's organisation. `external` is the sender's own id of a message."""
    bus: Bus = request.app.state.bus
    wish = Wish(state=state, kind=kind, site=site, external=external)
    async with bus.transaction() as tx:
        rows = await items.page(tx, staff.organisation, wish, _before(cursor), limit)
    return page(rows, limit, lambda row: (row.posted_at, row.message), item_summary)


def _before(cursor: str | None) -> tuple[datetime, str] | None:
    key = read_cursor(cursor, datetime, str)
    if key is None:
        return None
    if key[0].tzinfo is None or "\x00" in key[1]:
        raise Problem(400, "bad-cursor", "This cursor is not one of ours; leave it out to begin anew.")
    return key[0], key[1]


@router.get("/{id}", summary="One item with its texts, answers and notes", responses=NOT_FOUND)
async def show_item(request: Request, staff: Staff, id: Id) -> Item:
    """`id` is the `message` of the bus."""
    bus: Bus = request.app.state.bus
    async with bus.transaction() as tx:
        return await _shown(tx, staff.organisation, id)


@router.post(
    "/{id}/classify", summary="Say what a message is; it wins over every rule", response_model=Item, responses=ACTS
)
async def classify_item(request: Request, staff: Staff, id: Id, body: Classify) -> Response:
    """Emits message-classified, when it changes anything."""
    flags = None if body.flags is None else tuple(dict.fromkeys(body.flags))

    def act(thread: Thread, item: conversation.Item, tx: Tx) -> list[Data]:
        return acts.classify(thread, item, body.kind, flags, tx.now)

    return await _act(request, staff, id, "classify", act, body.reason, body.note)


@router.post("/{id}/waive", summary="Say that nobody will answer, and why", response_model=Item, responses=ACTS)
async def waive_item(request: Request, staff: Staff, id: Id, body: Waive) -> Response:
    """Emits conversation-waived, for a reason that the organisation's policy allows."""
    packs: Packs = request.app.state.packs

    def act(thread: Thread, item: conversation.Item, tx: Tx) -> list[Data]:
        assert item.wrote is not None
        waiver = packs.at(staff.organisation, item.wrote.posted_at).waiver
        if body.reason not in waiver.reasons:
            detail = f"allowed here: {', '.join(waiver.reasons) or 'none'}"
            raise Problem(
                422, "waiver-not-allowed", "The policy does not allow this waiver.", [Fault("/body/reason", detail)]
            )
        return acts.waive(thread, item, body.reason, staff.person, tx.now)

    return await _act(request, staff, id, "waive", act, body.reason, body.note)


async def _act(
    request: Request, staff: Principal, message: str, name: str, act: Act, reason: str | None, note: str | None
) -> Response:
    """Lock the item's conversation, act, keep and tell what changed, with an audit entry, in one transaction."""
    bus: Bus = request.app.state.bus

    async with bus.transaction() as tx:

        async def acting() -> JSONResponse:
            await _change(request, staff, tx, message, name, act, reason)
            await items.note(
                tx,
                organisation=staff.organisation,
                message=message,
                at=tx.now,
                actor=staff.person,
                action=name,
                note=note,
            )
            return JSONResponse((await _shown(tx, staff.organisation, message)).model_dump(mode="json"))

        return await once(tx, request, staff, acting)


async def _change(
    request: Request, staff: Principal, tx: Tx, message: str, name: str, act: Act, reason: str | None
) -> None:
    organisation = staff.organisation
    key = (organisation, message)
    home = (await inbox.homes(tx, [key])).get(key)
    if home is None:
        raise _unknown()
    threads = await inbox.lock(tx, [(organisation, home)])
    await inbox.load_items(tx, threads, [key])
    thread = threads[organisation, home]
    item = thread.items[message]
    if item.wrote is None:
        raise _unknown()
    try:
        told = act(thread, item, tx)
    except Forbidden as refusal:
        raise Problem(
            409, "state", f"The item is {refusal.state}: this cannot be done.", extra={"state": refusal.state}
        ) from None
    packs: Packs = request.app.state.packs
    pack = packs.at(organisation, item.wrote.posted_at)
    clauses = tuple(pack.waiver.clauses) if name == "waive" else ()
    mode = "observe" if packs.at(organisation, tx.now).mode == "observe" else None
    tx.emit(*in_story(thread, told, organisation, mode=mode, clauses=clauses))
    await save(tx, threads)
    await audit(
        tx,
        organisation=organisation,
        actor=staff.person,
        action=name,
        subject=message,
        at=tx.now,
        reason=reason,
        before=_facts(item),
        after=_facts(thread.items[message]),
    )


def _facts(item: conversation.Item) -> dict[str, Any]:
    """What an audit entry keeps of an item: codes, no words."""
    known = item.classification
    return {"kind": known.kind, "flags": list(known.flags), "classified_by": item.by, "state": item.state}


async def _shown(tx: Tx, organisation: str, message: str) -> Item:
    row = await items.find(tx, organisation, message)
    if row is None:
        raise _unknown()
    return item_body(
        row,
        await items.revisions(tx, organisation, message),
        await items.replies(tx, organisation, row.conversation),
        await items.notes(tx, organisation, message),
    )


def _unknown() -> Problem:
    return Problem(404, "not-found", "There is no item with this id.")
