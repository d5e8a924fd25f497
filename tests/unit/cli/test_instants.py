"""Instants, dates and spans as people type them."""

from datetime import UTC, date, datetime, timedelta

import pytest

from shared.cli.failure import Misuse
from shared.cli.instants import parse_date, parse_instant, parse_span, rfc3339

NOW = datetime(2026, 3, 27, 16, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("now", "2026-03-27T16:30:00Z"),
        ("-10m", "2026-03-27T16:20:00Z"),
        ("+1d2h", "2026-03-28T18:30:00Z"),
        ("2026-03-27T16:30:00Z", "2026-03-27T16:30:00Z"),
        ("2026-03-30T12:30:00+01:00", "2026-03-30T11:30:00Z"),
        ("2026-03-30T12:30 Europe/London", "2026-03-30T11:30:00Z"),
        ("2026-03-30 12:30:01 Europe/London", "2026-03-30T11:30:01Z"),
        ("2026-03-30T12:30[Europe/London]", "2026-03-30T11:30:00Z"),
        ("2026-03-27T16:30 UTC", "2026-03-27T16:30:00Z"),
    ],
)
def test_instants(text: str, expected: str) -> None:
    assert rfc3339(parse_instant(text, NOW)) == expected


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("2026-03-27T16:30", "no offset and no zone"),
        ("2026-03-27", "no offset and no zone"),
        ("2026-03-27T16:30 Europe/Lodnon", "no time zone 'Europe/Lodnon'"),
        ("2026-03-27T16:30 ../../etc/passwd", "is not an instant"),
        ("2026-02-30T16:30:00Z", "is not an instant"),
        ("soon", "is not an instant"),
        ("", "is not an instant"),
        ("+soon", "is not a span"),
        ("+99999999w", "beyond the calendar"),
        ("0001-01-01T00:00:00+14:00", "is not an instant"),
    ],
)
def test_what_is_no_instant(text: str, says: str) -> None:
    with pytest.raises(Misuse, match=says):
        parse_instant(text, NOW)


def test_spans() -> None:
    assert parse_span("1w2d3h4m5s") == timedelta(days=9, hours=3, minutes=4, seconds=5)
    for text in ("", "5", "h", "1.5h", "-1h", "1h 30m"):
        with pytest.raises(Misuse, match="is not a span"):
            parse_span(text)


def test_dates() -> None:
    assert parse_date("today", NOW) == date(2026, 3, 27)
    assert parse_date("tomorrow", NOW) == date(2026, 3, 28)
    assert parse_date("+2w", NOW) == date(2026, 4, 10)
    assert parse_date("2026-12-24", NOW) == date(2026, 12, 24)
    with pytest.raises(Misuse, match="is not a date"):
        parse_date("24/12/2026", NOW)
