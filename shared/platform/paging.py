"""Lists are paged by cursor: `{"items": [...], "next": cursor | null}`."""

import base64
import binascii
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

import msgspec
from fastapi import Query

from shared.platform.problem import Problem

__all__ = ["Cursor", "Limit", "page", "read_cursor"]

Row = TypeVar("Row")

Limit = Annotated[int, Query(ge=1, le=500, description="how many at the most")]
Cursor = Annotated[str | None, Query(max_length=2000, description="the `next` of the page before")]


def read_cursor(cursor: str | None, *types: type) -> tuple[Any, ...] | None:
    """The sort key that a cursor stands for, as `types`. Raises a 400 problem for anything that we did not write."""
    if cursor is None:
        return None
    try:
        raw = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        found = msgspec.json.decode(raw, type=tuple[types])  # type: ignore[valid-type] # built at run time
        return tuple(_storable(part) for part in found)
    except (binascii.Error, ValueError, OverflowError, msgspec.DecodeError) as error:
        raise Problem(400, "bad-cursor", "This cursor is not one of ours; leave it out to begin anew.") from error


def _storable(part: Any) -> Any:
    """A part as PostgreSQL can be asked for it: no NUL, instants with a zone and within the calendar when in UTC."""
    if isinstance(part, str) and "\0" in part:
        raise ValueError("NUL")
    if isinstance(part, datetime):
        if part.tzinfo is None:
            raise ValueError("an instant without a zone")
        return part.astimezone(UTC)
    return part


def page(
    rows: Sequence[Row], limit: int, key: Callable[[Row], tuple[Any, ...]], show: Callable[[Row], Any]
) -> dict[str, Any]:
    """A page from up to `limit + 1` rows: the one too many says that there is a next."""
    shown = rows[:limit]
    more = len(rows) > limit
    cursor = base64.urlsafe_b64encode(msgspec.json.encode(key(shown[-1]))).rstrip(b"=").decode() if more else None
    return {"items": [show(row) for row in shown], "next": cursor}
