"""The doors to what a person does about an item. No connector acts on a network yet: somebody did it there, and says so.

Each emits its event in the transaction that keeps it, and answers the item as it then is. The state that forbids an act
is named by the 409.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Request, Response

from services.intake.api import bodies
from services.intake.api.acting import Doing, act
from services.intake.api.bodies import Id, Item
from services.intake.api.items import NOT_FOUND, Staff
from services.intake.domain import acts
from services.intake.domain.conversation import Item as Known
from services.intake.domain.conversation import Thread
from shared.bus.tx import Tx
from shared.contracts import Data
from shared.platform.ids import uuid7
from shared.platform.problem import Fault, Problem
from shared.policy import Packs

__all__ = [
    "classify_item",
    "explain_removal",
    "hide_item",
    "post_removal_notice",
    "reassign_conversation",
    "refer_complaint",
    "remove_item",
    "reply_to_item",
    "resolve_conversation",
    "restore_item",
    "router",
    "send_holding_update",
    "take_private",
    "waive_item",
]

FORBIDDEN: dict[int | str, dict[str, Any]] = {409: {"description": "the item's state forbids it; `state` names it"}}
Plain = Annotated[bodies.Act | None, Body()]

router = APIRouter(prefix="/items/{id}", tags=["inbox"], responses=NOT_FOUND | FORBIDDEN)


@router.post("/classify", summary="Say what a message is; it wins over every rule", response_model=Item)
async def classify_item(request: Request, staff: Staff, id: Id, body: bodies.Classify) -> Response:
    """Emits message-classified, when it changes anything."""
    flags = None if body.flags is None else tuple(dict.fromkeys(body.flags))

    def do(thread: Thread, item: Known, tx: Tx) -> list[Data]:
        return acts.classify(thread, item, body.kind, flags, tx.now)

    return await act(request, staff, id, Doing("classify", do, body.reason, body.note))


@router.post("/waive", summary="Say that nobody will answer, and why", response_model=Item)
async def waive_item(request: Request, staff: Staff, id: Id, body: bodies.Waive) -> Response:
    """Emits conversation-waived, for a reason that the organisation's policy allows."""
    packs: Packs = request.app.state.packs

    def do(thread: Thread, item: Known, tx: Tx) -> list[Data]:
        assert item.wrote is not None
        waiver = packs.at(staff.organisation, item.wrote.posted_at).waiver
        if body.reason not in waiver.reasons:
            detail = f"allowed here: {', '.join(waiver.reasons) or 'none'}"
            raise Problem(
                422, "waiver-not-allowed", "The policy does not allow this waiver.", [Fault("/body/reason", detail)]
            )
        return acts.waive(thread, item, body.reason, staff.person, tx.now)

    return await act(request, staff, id, Doing("waive", do, body.reason, body.note))


@router.post("/hide", summary="Say that a message was hidden on its network", response_model=Item)
async def hide_item(
    request: Request, staff: Staff, id: Id, body: Annotated[bodies.Moderate | None, Body()] = None
) -> Response:
    """Emits message-moderated. As offensive, it ends what else is owed to the message, where the policy says so."""
    said = body or bodies.Moderate()

    def do(thread: Thread, item: Known, tx: Tx) -> list[Data]:
        return acts.hide(thread, item, said.reason, staff.person, tx.now)

    return await act(request, staff, id, Doing("hide", do, said.reason, said.note))


@router.post("/remove", summary="Say that a message was removed from its network", response_model=Item)
async def remove_item(
    request: Request, staff: Staff, id: Id, body: Annotated[bodies.Moderate | None, Body()] = None
) -> Response:
    """Emits message-moderated. As offensive, it ends what else is owed to the message, where the policy says so."""
    said = body or bodies.Moderate()

    def do(thread: Thread, item: Known, tx: Tx) -> list[Data]:
        return acts.remove(thread, item, said.reason, staff.person, tx.now)

    return await act(request, staff, id, Doing("remove", do, said.reason, said.note))


@router.post("/restore", summary="Say that a hidden or removed message can be seen again", response_model=Item)
async def restore_item(
    request: Request, staff: Staff, id: Id, body: Annotated[bodies.Restore | None, Body()] = None
) -> Response:
    """Emits message-moderated. The message counts as received now, where something had settled it."""
    said = body or bodies.Restore()

    def do(thread: Thread, item: Known, tx: Tx) -> list[Data]:
        return acts.restore(thread, item, said.reason, staff.person, tx.now)

    return await act(request, staff, id, Doing("restore", do, said.reason, said.note))


@router.post("/reply", summary="Say that an answer was given", response_model=Item)
async def reply_to_item(
    request: Request, staff: Staff, id: Id, body: Annotated[bodies.Said | None, Body()] = None
) -> Response:
    """Emits message-replied: what waited until then is answered at once. `text` stays here."""
    said = body or bodies.Said()

    def do(thread: Thread, item: Known, tx: Tx) -> list[Data]:
        return acts.reply(thread, item, uuid7(), said.text, said.visibility, said.at, tx.now)

    return await act(request, staff, id, Doing("reply", do, note=said.note))


@router.post("/take-private", summary="Say that a conversation went on in private", response_model=Item)
async def take_private(request: Request, staff: Staff, id: Id, body: Plain = None) -> Response:
    """Emits conversation-moved-private."""

    def do(thread: Thread, item: Known, tx: Tx) -> list[Data]:
        return acts.take_private(thread, item, staff.person, tx.now)

    return await act(request, staff, id, Doing("take-private", do, note=_note(body)))


@router.post("/resolve", summary="Say that what the customer asked for is done", response_model=Item)
async def resolve_conversation(request: Request, staff: Staff, id: Id, body: Plain = None) -> Response:
    """Emits conversation-resolved. An answer that is still owed stays owed."""

    def do(thread: Thread, item: Known, tx: Tx) -> list[Data]:
        return acts.resolve(thread, item, staff.person, tx.now)

    return await act(request, staff, id, Doing("resolve", do, note=_note(body)))


@router.post("/holding-update", summary="Say that the customer knows it takes longer", response_model=Item)
async def send_holding_update(request: Request, staff: Staff, id: Id, body: Plain = None) -> Response:
    """Emits holding-update-sent; each one begins a new period for resolving."""

    def do(thread: Thread, item: Known, tx: Tx) -> list[Data]:
        return acts.holding_update(thread, item, staff.person, tx.now)

    return await act(request, staff, id, Doing("holding-update", do, note=_note(body)))


@router.post("/reassign", summary="Say who follows a conversation up", response_model=Item)
async def reassign_conversation(request: Request, staff: Staff, id: Id, body: bodies.Reassign) -> Response:
    """Emits conversation-reassigned. The clock goes on."""

    def do(thread: Thread, item: Known, tx: Tx) -> list[Data]:
        return acts.reassign(thread, item, body.owner, staff.person, tx.now)

    return await act(request, staff, id, Doing("reassign", do, note=body.note))


@router.post("/removal-notice", summary="Say that a removal was made known, and why", response_model=Item)
async def post_removal_notice(request: Request, staff: Staff, id: Id, body: Plain = None) -> Response:
    """Emits removal-notice-posted, once for each removal."""

    def do(thread: Thread, item: Known, tx: Tx) -> list[Data]:
        return acts.post_removal_notice(thread, item, staff.person, tx.now)

    return await act(request, staff, id, Doing("removal-notice", do, note=_note(body)))


@router.post("/explain-removal", summary="Say that a removal was explained to the customer", response_model=Item)
async def explain_removal(request: Request, staff: Staff, id: Id, body: Plain = None) -> Response:
    """Emits removal-explained, once for each removal."""

    def do(thread: Thread, item: Known, tx: Tx) -> list[Data]:
        return acts.explain_removal(thread, item, staff.person, tx.now)

    return await act(request, staff, id, Doing("explain-removal", do, note=_note(body)))


@router.post("/refer-complaint", summary="Say where the complaints process has it", response_model=Item)
async def refer_complaint(request: Request, staff: Staff, id: Id, body: bodies.Refer) -> Response:
    """Emits complaint-referred; it settles nothing. Another reference corrects the one before."""

    def do(thread: Thread, item: Known, tx: Tx) -> list[Data]:
        return acts.refer_complaint(thread, item, body.reference, tx.now)

    return await act(request, staff, id, Doing("refer-complaint", do, note=body.note))


def _note(body: bodies.Act | None) -> str | None:
    return None if body is None else body.note
