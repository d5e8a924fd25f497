"""Data goes to stdout, what is only for the eye to stderr."""

import sys
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["heading", "json_line", "json_value", "plain", "say", "table"]


def say(sentence: str) -> None:
    """Progress, on stderr."""
    print(sentence, file=sys.stderr, flush=True)


def json_value(value: Any) -> None:
    """One JSON value, for people and programs."""
    import msgspec

    print(msgspec.json.format(msgspec.json.encode(value), indent=2).decode(), flush=True)


def json_line(value: Any) -> None:
    """One JSON value on one line."""
    import msgspec

    print(msgspec.json.encode(value).decode(), flush=True)


def plain(text: str) -> str:
    """Without control characters: what is shown was written by others."""
    return "".join(character if character.isprintable() else "�" for character in text)


def heading(title: str, rows: Sequence[Any]) -> None:
    """What the rows below are; nothing where there are none."""
    if rows:
        print(f"\n{title}", flush=True)


def table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
    """Columns as wide as their widest cell; a header only where there are rows."""
    if not rows:
        return
    lines = [[column.upper() for column in columns]]
    lines += [["" if row.get(column) is None else plain(str(row[column])) for column in columns] for row in rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(columns))]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip(), flush=True)
