"""CSV as other systems write it: read whole, every bad cell named by line and column; written so that no cell is a formula.

RFC 4180 in UTF-8, with or without a byte order mark. The header is line 1; an empty cell is unknown.
"""

import csv
import io
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from shared.platform import sheet

__all__ = [
    "Column",
    "Fault",
    "Line",
    "Refused",
    "Table",
    "choice",
    "code",
    "day",
    "identity",
    "listed",
    "read",
    "text",
    "write",
]

MOST = 255
_CODE = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Fault:
    """One bad cell, or with an empty column a bad line. `code` is stable; `detail` never repeats the cell."""

    line: int
    column: str
    code: str
    detail: str


class Refused(Exception):
    """The table cannot be taken; every fault is in it."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(f"{len(faults)} faults")
        self.faults = faults


Read = Callable[[str], Any]
"""A cell's value. Raises ValueError with what was expected."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column: how a cell is read, and whether a new entry needs it."""

    name: str
    read: Read
    needed: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One line's values by column; None: unknown."""

    number: int
    values: Mapping[str, Any]

    @property
    def key(self) -> str:
        """The first column's."""
        found: str = next(iter(self.values.values()))
        return found


@dataclass(frozen=True, slots=True)
class Table:
    """What was read: lines by number, and what is wrong with cells of them; a bad cell counts as unknown."""

    lines: Sequence[Line]
    faults: Sequence[Fault]

    def refuse(self, faults: Iterable[Fault] = ()) -> None:
        """Raises Refused when anything is wrong, with what was found beside it; each cell is named once."""
        named: dict[tuple[int, str], Fault] = {}
        for fault in (*self.faults, *faults):
            named.setdefault((fault.line, fault.column), fault)
        if named:
            raise Refused(list(named.values()))


def text(cell: str) -> str:
    """Any text of up to 2,000 characters."""
    if len(cell) > 2_000:
        raise ValueError("text of up to 2000 characters")
    return cell


def identity(cell: str) -> str:
    """An opaque id."""
    if len(cell) > MOST:
        raise ValueError(f"an id of up to {MOST} characters")
    return cell


def code(cell: str) -> str:
    """A word in lower kebab case."""
    if not _CODE.fullmatch(cell) or len(cell) > 64:
        raise ValueError("a word in lower case, with hyphens")
    return cell


def day(cell: str) -> date:
    """`YYYY-MM-DD`."""
    try:
        if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", cell):
            raise ValueError
        return date.fromisoformat(cell)
    except ValueError:
        raise ValueError("a date as YYYY-MM-DD") from None


def choice(*allowed: str) -> Read:
    """One of these."""

    def read_choice(cell: str) -> str:
        if cell not in allowed:
            raise ValueError(f"one of {', '.join(allowed)}")
        return cell

    return read_choice


def listed(cell: str) -> list[str]:
    """Words, split at `;`."""
    return [code(word.strip()) for word in cell.split(";") if word.strip()]


def read(raw: bytes, columns: Sequence[Column]) -> Table:
    """The lines of a table, with every fault that can be seen without the register.

    Raises Refused for what is no table at all, or has other columns.
    """
    faults: list[Fault] = []
    rows = _rows(raw)
    header = _header(rows, columns)
    by_name = {column.name: column for column in columns}
    lines, seen = [], dict[str, int]()
    for number, cells in rows[1:]:
        if len(cells) != len(header):
            faults.append(Fault(number, "", "cells", f"{len(cells)} cells where the header has {len(header)}"))
            continue
        values, wrong = _values(number, dict(zip(header, cells, strict=True)), by_name)
        faults += wrong
        key = values[columns[0].name]
        if key is None:
            if not any(fault.column == columns[0].name for fault in wrong):
                faults.append(Fault(number, columns[0].name, "required", "this cell may not be empty"))
        elif key in seen:
            faults.append(Fault(number, columns[0].name, "duplicate", f"the same as in line {seen[key]}"))
        else:
            seen[key] = number
            lines.append(Line(number, values))
    return Table(lines, faults)


def _rows(raw: bytes) -> list[tuple[int, list[str]]]:
    try:
        content = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise Refused([Fault(line, "", "encoding", "the table is not in UTF-8")]) from None
    if "\0" in content:
        raise Refused([Fault(content[: content.index("\0")].count("\n") + 1, "", "encoding", "a NUL character")])
    rows: list[tuple[int, list[str]]] = []
    reader = csv.reader(io.StringIO(content, newline=""), strict=True)
    begins = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append((begins, cells))
            begins = reader.line_num + 1
    except csv.Error:
        raise Refused([Fault(begins, "", "syntax", "no CSV: a quote is not closed, or stands inside a cell")]) from None
    return rows


def _header(rows: Sequence[tuple[int, list[str]]], columns: Sequence[Column]) -> list[str]:
    known = [column.name for column in columns]
    if not rows or rows[0][0] != 1:
        raise Refused([Fault(1, "", "header", f"the first line names the columns: {','.join(known)}")])
    header = [cell.strip() for cell in rows[0][1]]
    faults = [
        Fault(1, name, "unknown-column", f"the columns are {', '.join(known)}") for name in header if name not in known
    ]
    faults += [Fault(1, name, "duplicate", "this column is there twice") for name in known if header.count(name) > 1]
    if known[0] not in header:
        faults.append(Fault(1, known[0], "required", "this column may not be missing"))
    if faults:
        raise Refused(faults)
    return header


def _values(number: int, cells: Mapping[str, str], columns: Mapping[str, Column]) -> tuple[dict[str, Any], list[Fault]]:
    values: dict[str, Any] = {}
    faults = []
    for name, column in columns.items():
        cell = sheet.plain(cells.get(name, "").strip(" "))
        values[name] = None
        if cell:
            try:
                values[name] = column.read(cell)
            except ValueError as error:
                faults.append(Fault(number, name, "invalid", f"expected {error}"))
    return values, faults


def write(columns: Sequence[Column], rows: Iterable[Mapping[str, Any]]) -> str:
    """A table that `read` reads back, and that no spreadsheet runs."""
    names = [column.name for column in columns]
    return sheet.lines([names, *([row.get(name) for name in names] for row in rows)])
