"""`GET /targets`: what is owed, and how it ended."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from msgspec.structs import asdict
from pydantic import AwareDatetime, BaseModel
from sqlalchemy import Row

from services.sla import store
from services.sla.api.common import Reader, Text, bus_of, utc
from services.sla.domain import Standing
from shared.contracts.fields import TargetKind
from shared.platform.auth import Principal
from shared.platform.paging import Cursor, Limit, page, read_cursor

__all__ = ["State", "TargetBody", "count_waiting", "list_targets", "router", "shown"]

router = APIRouter()

State = Literal["open", "met", "breached", "waived", "exempted", "voided", "withdrawn"]


class TargetBody(BaseModel):
    """A target, in the bus's words. `settled_at` and `reason` tell what closed it, in time or late.

    `working_s` and `elapsed_s` are how long that took; `retracted` is how often a breach of it was taken back.
    """

    conversation: str
    target: str
    revision: int
    cycle: int
    kind: TargetKind
    message: str
    message_kind: str
    site: str
    started_at: datetime
    due_at: datetime
    warn_at: list[datetime]
    policy: str
    clauses: list[str]
    state: State
    closing: str | None = None
    reason: str | None = None
    settled_at: datetime | None = None
    noticed_at: datetime | None = None
    working_s: int | None = None
    elapsed_s: int | None = None
    retracted: int = 0
    owner: str | None = None


class TargetPage(BaseModel):
    """A page of targets, the first due first."""

    items: list[TargetBody]
    next: str | None


@router.get("/targets", summary="Targets, the first due first", tags=["targets"], response_model=TargetPage)
async def list_targets(
    request: Request,
    principal: Reader,
    state: Annotated[State | None, Query()] = None,
    waiting: Annotated[bool | None, Query(description="still to be settled, in time or late")] = None,
    site: Annotated[Text | None, Query()] = None,
    kind: Annotated[TargetKind | None, Query()] = None,
    before: Annotated[AwareDatetime | None, Query(description="due before this instant")] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """The organisation's targets, by due time."""
    after = read_cursor(cursor, datetime, UUID)
    async with bus_of(request).transaction() as tx:
        rows = await store.list_targets(
            tx,
            principal.organisation,
            limit + 1,
            state=state,
            waiting=waiting,
            site=site,
            kind=kind,
            before=None if before is None else utc("before", before),
            after=None if after is None else (utc("cursor", after[0]), after[1]),
        )
    return page(rows, limit, lambda row: (row.due_at, row.target), _row)


async def count_waiting(request: Request, principal: Principal) -> tuple[int, int]:
    """How many targets of the organisation are still to be settled, and how many of those are overdue."""
    async with bus_of(request).transaction() as tx:
        row = await store.count_waiting(tx, principal.organisation)
    return row.waiting, row.overdue


def _row(row: Row[Any]) -> dict[str, Any]:
    return shown(row.conversation, store.standing_of(row))


def shown(conversation: str, standing: Standing) -> dict[str, Any]:
    """A target of a conversation, in the bus's words."""
    elapsed = None if standing.settled_at is None else standing.settled_at - standing.started_at
    return asdict(standing) | {
        "target": standing.id,
        "conversation": conversation,
        "elapsed_s": None if elapsed is None else int(elapsed.total_seconds()),
    }
