"""CSV that goes out."""

import csv
import io
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.platform.sheet import lines


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, ""),
        ("page", "page"),
        (7, "7"),
        (["a", "b"], "a;b"),
        (datetime(2026, 3, 9, 10, tzinfo=timezone(timedelta(hours=1))), "2026-03-09T09:00:00Z"),
        ("=1+1", "'=1+1"),
        ("+44", "'+44"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("'=1", "''=1"),
        ("'tis", "'tis"),
        ("a=b", "a=b"),
        (["=1", "b"], "'=1;b"),
    ],
)
def test_a_cell(value: Any, cell: str) -> None:
    assert next(csv.reader(io.StringIO(lines([[value]]), newline=""))) == [cell]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), min_size=2, max_size=2))
def test_no_cell_is_a_formula_and_nothing_is_lost(row: list[str]) -> None:
    (cells,) = csv.reader(io.StringIO(lines([row]), newline=""))
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in cells)
    assert [
        cell[1:] if cell.lstrip("'")[:1] in tuple("=+-@\t\r") and cell[:1] == "'" else cell for cell in cells
    ] == row
