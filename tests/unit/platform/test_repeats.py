"""What counts as the same request again, and which cursors are ours."""

from datetime import UTC, datetime

import msgspec
import pytest

from shared.platform.idempotency import _digest
from shared.platform.paging import page, read_cursor
from shared.platform.problem import Problem

JSON = "application/json"


def form(boundary: str, content: str = "by hand") -> tuple[str, bytes]:
    """A form with a file, as a client sends it: content type and body."""
    body = f'--{boundary}\r\ncontent-disposition: form-data; name="form"; filename="f"\r\n\r\n{content}\r\n--{boundary}--\r\n'
    return f'multipart/form-data; boundary="{boundary}"', body.encode()


def test_the_same_form_with_another_boundary_is_the_same_request() -> None:
    assert _digest("", *form("a1b2c3")) == _digest("", *form("d4e5f6"))
    assert _digest("", *form("a1b2c3")) != _digest("", *form("a1b2c3", "by somebody else"))


def test_another_query_is_another_request() -> None:
    assert _digest("dry_run=true", JSON, b"{}") != _digest("", JSON, b"{}")
    assert _digest("a", JSON, b"b") != _digest("", JSON, b"ab")


def cursor_of(*parts: object) -> str:
    """A cursor that stands for these parts."""
    return str(page([parts, parts], 1, lambda row: row, lambda row: row)["next"])


def test_a_cursor_of_ours_is_read_again_in_utc() -> None:
    at = datetime(2026, 3, 23, 9, tzinfo=UTC)
    assert read_cursor(cursor_of(at, "m1"), datetime, str) == (at, "m1")


@pytest.mark.parametrize(
    "parts",
    [("9999-12-31T23:59:59-12:00", "m"), ("0001-01-01T00:00:00+12:00", "m"), ("2026-03-23T09:00:00", "m"),
     ("2026-03-23T09:00:00Z", "m\0"), ("2026-03-23T09:00:00Z", 7), ("2026-03-23T09:00:00Z",)],
    ids=["beyond the calendar", "before the calendar", "without a zone", "NUL", "another type", "too short"],
)  # fmt: skip
def test_what_postgresql_could_not_be_asked_for_is_no_cursor_of_ours(parts: tuple[object, ...]) -> None:
    with pytest.raises(Problem) as refused:
        read_cursor(cursor_of(*parts), datetime, str)
    assert (refused.value.status, refused.value.code) == (400, "bad-cursor")


def test_what_is_no_cursor_at_all_is_refused() -> None:
    for text in ("é", "!", "bm8", msgspec.json.encode({}).decode()):
        with pytest.raises(Problem):
            read_cursor(text, str)
