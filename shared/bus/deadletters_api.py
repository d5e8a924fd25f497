"""The dead letters' doors, for ops: list, look, send again, close. A record's body is never shown."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field
from sqlalchemy import Row

from shared.bus import deadletters
from shared.bus.tx import Bus
from shared.platform.auth import Principal, allow
from shared.platform.paging import Cursor, Limit, page, read_cursor
from shared.platform.problem import Problem

__all__ = ["router"]

State = Literal["open", "redriven", "closed"]
Ops = Annotated[Principal, Depends(allow("ops"))]

ABSENT: dict[int | str, dict[str, Any]] = {404: {"description": "no such dead letter"}}
STATES: dict[int | str, dict[str, Any]] = ABSENT | {
    409: {"description": "it was sent again or closed already, or its topic would refuse it"}
}
SETTLED: dict[int | str, dict[str, Any]] = ABSENT | {409: {"description": "it was sent again or closed already"}}


class Summary(BaseModel):
    """A dead letter in a list."""

    id: str
    group: str
    topic: str
    partition: int
    offset: int
    code: str
    at: datetime
    state: State


class Letter(Summary):
    """A dead letter by itself: why, and which event it was."""

    organisation: str | None
    message: str
    error_class: str
    timestamp: datetime
    key: str | None
    attributes: dict[str, str]
    bytes: int
    redriven_at: datetime | None
    redriven_by: str | None
    closed_at: datetime | None
    closed_by: str | None
    closed_reason: str | None


class Closing(BaseModel):
    """Why nothing more is to be done about one: 1 to 500 characters, not all of them blank, for the audit."""

    reason: Annotated[str, Field(min_length=1, max_length=500, pattern="^[^\\x00]*[^\\s\\x00][^\\x00]*$")]


class Page(BaseModel):
    """A page of dead letters."""

    items: list[Summary]
    next: str | None


def _summary(row: Row[Any]) -> dict[str, Any]:
    return {
        "id": row.id,
        "group": row.consumer_group,
        "topic": row.topic,
        "partition": row.partition,
        "offset": row.log_offset,
        "code": row.code,
        "at": row.at,
        "state": row.state,
    }


def _letter(row: Row[Any]) -> dict[str, Any]:
    return _summary(row) | {
        "organisation": row.organisation,
        "message": row.message,
        "error_class": row.error_class,
        "timestamp": row.log_timestamp,
        "key": None if row.key is None else row.key.decode(errors="replace")[:255],
        "attributes": deadletters.attributes_of(row.headers),
        "bytes": row.size,
        "redriven_at": row.redriven_at,
        "redriven_by": row.redriven_by,
        "closed_at": row.closed_at,
        "closed_by": row.closed_by,
        "closed_reason": row.closed_reason,
    }


def router(bus: Bus) -> APIRouter:
    """The routes of one service's dead letters."""
    routes = APIRouter(prefix="/dead-letters", tags=["dead letters"])
    routes.get("", summary="Dead letters, oldest first", response_model=Page)(_list(bus))
    routes.get("/{id}", summary="One dead letter, without its body", response_model=Letter, responses=ABSENT)(
        _show(bus)
    )
    routes.post(
        "/{id}/redrive", summary="Send it again, the same bytes and id", response_model=Letter, responses=STATES
    )(_redrive(bus))
    routes.post(
        "/{id}/close",
        summary="Close it, with a reason: it can never be read",
        response_model=Letter,
        responses=SETTLED,
    )(_close(bus))
    return routes


def _list(bus: Bus) -> Callable[..., Awaitable[dict[str, Any]]]:
    async def list_dead_letters(
        principal: Ops,
        state: Annotated[State | None, Query()] = None,
        topic: Annotated[str | None, Query(max_length=249, pattern="^[^\\x00]*$")] = None,
        limit: Limit = 100,
        cursor: Cursor = None,
    ) -> dict[str, Any]:
        key = read_cursor(cursor, str)
        async with bus.transaction() as tx:
            rows = await deadletters.listed(
                tx, state=state, topic=topic, after=key[0] if key else None, limit=limit + 1
            )
        return page(rows, limit, lambda row: (row.id,), _summary)

    return list_dead_letters


def _show(bus: Bus) -> Callable[..., Awaitable[dict[str, Any]]]:
    async def show_dead_letter(principal: Ops, id: str) -> dict[str, Any]:
        async with bus.transaction() as tx:
            return await _found(tx, id)

    return show_dead_letter


def _redrive(bus: Bus) -> Callable[..., Awaitable[dict[str, Any]]]:
    async def redrive_dead_letter(principal: Ops, id: str) -> dict[str, Any]:
        async with bus.transaction() as tx:
            letter = await _found(tx, id)
            if not await deadletters.redrive(tx, [id], principal.person):
                settled = letter["state"] != "open"
                reason = f"is {letter['state']} already" if settled else "is too large for the topic that it came from"
                raise Problem(409, "conflict", f"This dead letter {reason}.")
            return await _found(tx, id)

    return redrive_dead_letter


def _close(bus: Bus) -> Callable[..., Awaitable[dict[str, Any]]]:
    async def close_dead_letter(principal: Ops, id: str, closing: Closing) -> dict[str, Any]:
        async with bus.transaction() as tx:
            letter = await _found(tx, id)
            if not await deadletters.close(tx, id, principal.person, closing.reason):
                raise Problem(409, "conflict", f"This dead letter is {letter['state']} already.")
            return await _found(tx, id)

    return close_dead_letter


async def _found(tx: Any, letter_id: str) -> dict[str, Any]:
    row = None if "\0" in letter_id else await deadletters.find(tx, letter_id)
    if row is None:
        raise Problem(404, "not-found", "There is no dead letter with this id.")
    return _letter(row)
