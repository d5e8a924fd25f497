"""Instants that no calendar reaches back to are refused, so that they are one dead letter and no crash."""

import pytest

from shared.contracts import Invalid, decode_data


@pytest.mark.parametrize(
    ("posted_at", "sound"),
    [
        pytest.param("0001-01-01T00:00:00Z", False, id="another language's zero time"),
        pytest.param("0001-01-01T00:00:00+14:00", False, id="before the calendar in UTC"),
        pytest.param("1899-12-31T23:59:59Z", False, id="before 1900"),
        pytest.param("1970-01-01T00:00:00Z", True, id="the epoch"),
    ],
)
def test_the_first_year_is_1900(posted_at: str, sound: bool) -> None:
    raw = b'{"conversation":"c","message":"m","site":"s","network":"facebook","visibility":"public","kind":"query",'
    raw += f'"time_basis":"platform","received_at":"2026-03-27T16:30:00Z","posted_at":"{posted_at}"}}'.encode()
    if sound:
        decode_data("message-received", raw)
    else:
        with pytest.raises(Invalid, match="out of range"):
            decode_data("message-received", raw)
