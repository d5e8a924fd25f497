"""Tables read back what they wrote, whatever the cells hold; items and evidence are what they are."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.access.domain import Held, Owned, items_of, snapshot_of
from services.access.domain.evidence import NotEvidence, typed
from services.access.domain.table import Column, Refused, identity, listed, read, text, write
from tests.unit.access.said import at

COLUMNS = (Column("person", identity), Column("name", text), Column("roles", listed))
plain = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20).filter(
    lambda cell: cell.strip(" ") == cell and cell.strip() != ""
)


@given(st.lists(st.tuples(plain, plain), max_size=5, unique_by=lambda row: row[0]))
def test_what_is_written_is_read_back(rows: list[tuple[str, str]]) -> None:
    table = write(COLUMNS, [{"person": person, "name": name, "roles": ["a", "b-c"]} for person, name in rows])
    found = read(table.encode(), COLUMNS)
    assert [(line.values["person"], line.values["name"]) for line in found.lines] == rows
    assert not found.faults


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1))
def test_no_cell_is_a_formula(cell: str) -> None:
    table = write(COLUMNS, [{"person": "p", "name": cell}])
    (_, row) = list(csv.reader(io.StringIO(table, newline="")))
    assert row[1][:1] not in set("=+-@\t\r")


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    try:
        read(raw, COLUMNS)
    except Refused as refused:
        assert refused.faults


def test_lines_are_counted_where_they_begin() -> None:
    found = read(b'\xef\xbb\xbfperson,name\r\na,"two\r\nlines"\r\n\r\nb,x,y\r\n', COLUMNS)
    assert [line.number for line in found.lines] == [2]
    assert [(fault.line, fault.code) for fault in found.faults] == [(5, "cells")]


def _held(grant: str, site_kind: str, account_kind: str = "work", role: str = "editor") -> Held:
    return Held(
        grant=grant, person="p1", account=f"a-{grant}", account_kind=account_kind, site=f"s-{grant}",
        site_kind=site_kind, site_state="live", network="facebook", role=role, since=at("Mon 09:00"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("held", "item"),
    [
        (_held("g", "page"), ("grant", "g", "remove-role")),
        (_held("g", "channel"), ("grant", "g", "remove-role")),
        (_held("g", "closed-group"), ("membership", "g", "remove-member")),
        (_held("g", "page", "shared"), ("grant", "g", "rotate-secret")),
        (_held("g", "closed-group", "shared"), ("grant", "g", "rotate-secret")),
        (_held("g", "business-profile"), ("profile", "s-g", "close-profile")),
    ],
)
def test_what_an_item_is(held: Held, item: tuple[str, str, str]) -> None:
    (found,) = items_of([held], [])
    assert (found.kind, found.id, found.action) == item


def test_owning_a_site_is_a_duty_and_a_profile_is_one_item() -> None:
    since = at("Mon 09:00")
    owned = [
        Owned(site="s-g", person="p1", site_kind="business-profile", network=None, since=since),
        Owned(site="page", person="p1", site_kind="page", network=None, since=since),
    ]
    found = items_of([_held("g", "business-profile")], owned)
    assert [(item.kind, item.id, item.action) for item in found] == [
        ("profile", "s-g", "close-profile"),
        ("duty", "page", "transfer"),
    ]
    assert snapshot_of(found) == snapshot_of(items_of([_held("g", "business-profile")], owned[::-1]))
    assert snapshot_of(found) != snapshot_of(())


def test_a_renamed_program_is_no_evidence() -> None:
    with pytest.raises(NotEvidence):
        typed("shown.pdf", b"MZ\x90\x00")
    assert typed("SHOWN.PDF", b"%PDF-1.4") == "application/pdf"
