"""CSV that goes out (RFC 4180, UTF-8): written so that no spreadsheet takes a cell for a formula."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

__all__ = ["MEDIA_TYPE", "lines", "plain"]

MEDIA_TYPE = "text/csv; charset=utf-8; header=present"
_FORMULA = re.compile(r"'*[=+\-@\t\r]")


def lines(rows: Iterable[Sequence[Any]]) -> str:
    """Rows as lines: unknown is empty, a list is joined by `;`, an instant is in UTC.

    A cell that begins with = + - @ tab or CR gets an apostrophe before it, as does one that begins with an apostrophe
    and goes on so: it can be taken off again without doubt.
    """
    out = io.StringIO(newline="")
    csv.writer(out).writerows([_cell(value) for value in row] for row in rows)
    return out.getvalue()


def plain(cell: str) -> str:
    """What `lines` wrote a cell for: without the apostrophe before what would be taken for a formula."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    text = ";".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
    return f"'{text}" if _FORMULA.match(text) else text
