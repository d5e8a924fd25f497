"""What each kind of field takes and refuses."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from shared.contracts import Invalid, Undecodable, decode_data, encode_data
from shared.contracts.fields import Limit
from shared.contracts.messages import MessageDeleted
from shared.contracts.people import StaffLeft
from shared.contracts.sla import ClosureAnnounced, SlaStarted
from tests.contract.samples import data, raw

LONDON = ZoneInfo("Europe/London")
NOON = datetime(2026, 3, 27, 12, tzinfo=UTC)


def _refused(name: str, **changes: Any) -> str:
    with pytest.raises(Invalid) as caught:
        decode_data(name, raw(data(name, **changes)))
    return caught.value.detail


def _taken(name: str, **changes: Any) -> Any:
    return decode_data(name, raw(data(name, **changes)))


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("2026-03-27T16:00:00Z", datetime(2026, 3, 27, 16, tzinfo=UTC)),
        ("2026-03-30T12:00:00+01:00", datetime(2026, 3, 30, 11, tzinfo=UTC)),
        ("2026-03-27T11:30:00.5-04:30", datetime(2026, 3, 27, 16, 0, 0, 500_000, tzinfo=UTC)),
    ],
)
def test_an_instant_is_utc_whatever_its_offset(written: str, instant: datetime) -> None:
    read = _taken("message-deleted", at=written)
    assert read.at == instant
    assert read.at.tzinfo is UTC
    assert raw(instant.isoformat().replace("+00:00", "Z")) in encode_data(read)


def test_instants_in_a_list_are_utc_too() -> None:
    read = _taken("sla-started", warn_at=["2026-03-30T12:00:00+01:00"])
    assert isinstance(read, SlaStarted)
    assert read.warn_at == (datetime(2026, 3, 30, 11, tzinfo=UTC),)
    assert read.warn_at[0].tzinfo is UTC


@pytest.mark.parametrize(
    "wrong",
    [
        "2026-03-27T16:00:00",
        "2026-03-27",
        "16:00",
        "27/03/2026 16:00",
        "2026-02-30T16:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        1774627200,
        "",
        True,
    ],
)
def test_what_is_no_instant_with_an_offset_is_refused(wrong: Any) -> None:
    assert "at`" in _refused("message-deleted", at=wrong)


def test_an_event_cannot_be_made_with_a_naive_instant() -> None:
    with pytest.raises(TypeError, match="`at` needs an offset"):
        MessageDeleted(conversation="conv-1", message="msg-1", at=datetime(2026, 3, 27, 16))


def test_an_event_made_in_another_zone_is_written_in_utc() -> None:
    there = datetime(2026, 3, 30, 12, tzinfo=LONDON)
    made = MessageDeleted(conversation="conv-1", message="msg-1", at=there)
    assert encode_data(made) == b'{"conversation":"conv-1","message":"msg-1","at":"2026-03-30T11:00:00Z"}'


@pytest.mark.parametrize("wrong", ["2026-03-27T00:00:00Z", "2026-13-01", "27.3.2026", 20260327, "2026-W13"])
def test_what_is_no_date_is_refused(wrong: Any) -> None:
    assert "`$.starts_on`" in _refused("staff-joined", starts_on=wrong)


@pytest.mark.parametrize("fine", ["p", "x" * 255, "é" * 255, "Ünicode 身分", "a/b c:d", " "])
def test_an_id_is_opaque(fine: str) -> None:
    assert _taken("leave-cancelled", person=fine).person == fine


@pytest.mark.parametrize("wrong", ["", "x" * 256, "p\0", "\0", 1001, 10.5, True, ["p-1"], {"id": "p-1"}])
def test_what_is_no_id_is_refused(wrong: Any) -> None:
    assert "`$.person`" in _refused("leave-cancelled", person=wrong)


def test_nul_is_found_wherever_an_id_is_and_nowhere_else() -> None:
    assert "`$.item.id`" in _refused("revoke-access", item={"kind": "grant", "id": "g\0"})
    assert "`$.people[...].person`" in _refused("image-uploaded", people=[{"kind": "staff", "person": "p\0"}])
    assert _taken("leave-cancelled", person="p", unknown="\0").person == "p"
    assert _taken("leave-cancelled", person="\\u0000").person == "\\u0000"
    with pytest.raises(Invalid, match="`\\$.message`"):
        encode_data(MessageDeleted(conversation="conv-1", message="msg\0", at=NOON))


@pytest.mark.parametrize(
    "wrong", ["Facebook", "face_book", "-x", "x-", "x--y", "", "facebook\n", "Face book", "x" * 65]
)
def test_what_is_no_code_is_refused(wrong: str) -> None:
    assert "`$.network`" in _refused("message-received", network=wrong)


@pytest.mark.parametrize("wrong", ["sha256:", "sha256:XYZ", "sha256:AB12", "md5:ab12", "ab12", "sha256:ab12\n"])
def test_what_is_no_content_hash_is_refused(wrong: str) -> None:
    assert "`$.content_hash`" in _refused("image-uploaded", content_hash=wrong)


@pytest.mark.parametrize("wrong", ["phash:f0e4c2d7a1b3596", "phash:F0E4C2D7A1B35968", "f0e4c2d7a1b35968"])
def test_what_is_no_perceptual_hash_is_refused(wrong: str) -> None:
    assert "`$.perceptual_hash`" in _refused("image-uploaded", perceptual_hash=wrong)


CHANNELS = ["internal", "website", "social:facebook", "press", "print", "partner", "archive"]


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_use_names_a_channel(channel: str) -> None:
    assert _taken("image-published", channel=channel).channel == channel


@pytest.mark.parametrize("wrong", ["social", "social:", "social:Face", "tv", "internal ", "website\n", ""])
def test_a_use_names_one_channel_only(wrong: str) -> None:
    assert "`$.channel`" in _refused("image-published", channel=wrong)


def test_a_consent_may_cover_every_network() -> None:
    assert _taken("consent-given", channels=[*CHANNELS, "social"]).channels == (*CHANNELS, "social")


@pytest.mark.parametrize("wrong", ["2026-14", "2026-W00", "2026-W54", "W14", "2026-W14\n"])
def test_what_is_no_week_is_refused(wrong: str) -> None:
    assert "`$.week`" in _refused("content-cadence-missed", week=wrong)


@pytest.mark.parametrize("wrong", [-1, 1.5, "3", True, 2**63])
def test_what_is_no_count_is_refused(wrong: Any) -> None:
    assert "`$.posts`" in _refused("content-cadence-missed", posts=wrong)


@pytest.mark.parametrize("wrong", [0, 4, "1", 1.5])
def test_a_level_is_one_of_three(wrong: Any) -> None:
    assert "`$.level`" in _refused("revocation-overdue", level=wrong)


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"{",
        b"nope",
        b'{"person":"p-1"} {}',
        b'{"person":7',
        b'{"person":"\xff"}',
        b'{"person":"\\ud800"}',
        b'{"x":' + b"[" * 100_000,
        b"\0",
    ],
    ids=range(9),
)
def test_what_is_not_json_is_undecodable(broken: bytes) -> None:
    with pytest.raises(Undecodable):
        decode_data("leave-cancelled", broken)


@pytest.mark.parametrize("other", [b"[]", b'"p-1001"', b"7", b"null", b"true"])
def test_json_that_is_no_object_is_invalid(other: bytes) -> None:
    with pytest.raises(Invalid):
        decode_data("leave-cancelled", other)


def test_a_leaver_has_one_date_at_most() -> None:
    one = {"leave_at": "2026-03-27T17:00:00Z"}
    other = {"leave_on": "2026-03-27"}
    assert "`leave_at` and `leave_on`" in _refused("staff-left", **one, **other)
    assert _taken("staff-left", leave_at=None, **other).leave_on == date(2026, 3, 27)
    assert _taken("staff-left", leave_at=None).leave_at is None
    with pytest.raises(ValueError, match="exclude each other"):
        StaffLeft(person="p-1001", leave_at=NOON, leave_on=date(2026, 3, 27))


def test_a_changed_leave_date_is_one_of_two() -> None:
    assert "`leave_at` and `leave_on`" in _refused("leave-date-changed", leave_on="2026-03-27")
    assert "`leave_at` or `leave_on`" in _refused("leave-date-changed", leave_at=None)


def test_a_period_goes_by_its_own_name_on_the_wire() -> None:
    read = _taken("closure-announced")
    assert isinstance(read, ClosureAnnounced)
    assert read.from_ == datetime(2026, 4, 2, 16, tzinfo=UTC)
    assert b'"from":"2026-04-02T16:00:00Z"' in encode_data(read)
    assert "`$.from`" in _refused("closure-announced", **{"from": "2026-04-02"})


def test_a_limit_is_an_instant_or_a_whole_local_day() -> None:
    read = _taken("image-uploaded")
    first, last = read.uses[0].live_from, read.uses[0].live_until
    assert first.begins(LONDON) == first.ends(LONDON) == datetime(2026, 3, 26, 9, tzinfo=UTC)
    assert last.begins(LONDON) == datetime(2026, 6, 29, 23, tzinfo=UTC)
    assert last.ends(LONDON) == datetime(2026, 6, 30, 23, tzinfo=UTC)
    assert last.ends(LONDON).utcoffset() == timedelta(0)
    assert last == Limit(date(2026, 6, 30)) != Limit(NOON)
    with pytest.raises(TypeError):
        Limit(datetime(2026, 3, 27))


def test_nothing_of_ours_is_written_that_a_reader_would_refuse() -> None:
    for wrong in ("", "x" * 256, "c\0", "\ud800"):
        with pytest.raises(Invalid):
            encode_data(MessageDeleted(conversation=wrong, message="msg-1", at=NOON))
