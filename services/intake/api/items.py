"""The inbox as it is read: a list by age or by the time that is left, and one item with all that belongs to it."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request

from services.intake.api.bodies import Id, Item, ItemPage, Order, Plain, State, item_body, item_summary
from services.intake.store import deadlines, items
from services.intake.store.items import NEVER, Wish
from shared.bus.tx import Bus, Tx
from shared.contracts.fields import MessageKind
from shared.platform.auth import Principal, allow
from shared.platform.paging import Cursor, Limit, page, read_cursor
from shared.platform.problem import Problem

__all__ = ["NOT_FOUND", "Staff", "router", "shown", "unknown"]

Staff = Annotated[Principal, Depends(allow("communications", "head-of-communications"))]
NOT_FOUND: dict[int | str, dict[str, Any]] = {404: {"description": "no such item in this organisation"}}

router = APIRouter(prefix="/items", tags=["inbox"])


@router.get("", summary="The inbox, newest first or by the time that is left", response_model=ItemPage)
async def list_items(
    request: Request,
    staff: Staff,
    state: Annotated[State | None, Query()] = None,
    kind: Annotated[MessageKind | None, Query()] = None,
    site: Plain = None,
    external: Plain = None,
    order: Annotated[Order, Query()] = "newest",
    limit: Limit = 50,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """Items of the caller's organisation. `external` is the sender's own id of a message.

    `order=due` lists what is open or still owed something, least time left first and without a deadline last; with a
    `state`, the items of that state.
    """
    bus: Bus = request.app.state.bus
    wish = Wish(state=state, kind=kind, site=site, external=external)
    async with bus.transaction() as tx:
        if order == "due":
            after = read_cursor(cursor, datetime, datetime, str)
            rows = await items.by_due(tx, staff.organisation, wish, after, limit)
            return page(rows, limit, lambda row: (row.due_at or NEVER, row.posted_at, row.message), item_summary)
        before = read_cursor(cursor, datetime, str)
        rows = await items.newest(tx, staff.organisation, wish, before, limit)
        return page(rows, limit, lambda row: (row.posted_at, row.message), item_summary)


@router.get("/{id}", summary="One item with its texts, answers, targets and notes", responses=NOT_FOUND)
async def show_item(request: Request, staff: Staff, id: Id) -> Item:
    """`id` is the `message` of the bus."""
    bus: Bus = request.app.state.bus
    async with bus.transaction() as tx:
        return await shown(tx, staff.organisation, id)


async def shown(tx: Tx, organisation: str, message: str) -> Item:
    """An item as the doors show it. Raises a 404 problem."""
    row = await items.find(tx, organisation, message)
    if row is None:
        raise unknown()
    return item_body(
        row,
        revisions=await items.revisions(tx, organisation, message),
        replies=await items.replies(tx, organisation, row.conversation),
        moderations=await items.moderations(tx, organisation, message),
        targets=await deadlines.of_conversation(tx, organisation, row.conversation),
        notes=await items.notes(tx, organisation, message),
    )


def unknown() -> Problem:
    """There is nothing to see, whoever else may have it."""
    return Problem(404, "not-found", "There is no item with this id.")
