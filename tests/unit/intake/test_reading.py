"""Every type of the generic body becomes its fact: with our ids, and with one settled time."""

import uuid
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from services.intake.domain import facts
from services.intake.domain.ids import Pseudonyms
from services.intake.domain.reading import READERS, Malformed
from tests.unit.intake.said import IDS, NOW, at, body, message, reading

CONVERSATION = IDS.id("conversation", "c-1")
MESSAGE = IDS.id("message", "m-1")
OF: dict[str, Any] = {"conversation": "c-1", "message": "m-1"}

ROWS: list[tuple[str, dict[str, Any], facts.Fact]] = [
    (
        "message.replied",
        {"conversation": "c-1", "reply": "r-1", "site": "facebook", "visibility": "private", "posted_at": at(1),
         "account": "acc-1", "automatic": True, "holding": True, "text": "We are on it."},
        facts.StaffReplied(
            conversation=CONVERSATION, reply=IDS.id("reply", "r-1"), site="facebook", visibility="private",
            posted_at=at(1), account="acc-1", automatic=True, holding=True, text="We are on it.",
        ),
    ),
    (
        "message.replied",
        {"conversation": "c-1", "reply": 5, "site": "facebook", "visibility": "public"},
        facts.StaffReplied(
            conversation=CONVERSATION, reply=IDS.id("reply", "5"), site="facebook", visibility="public", posted_at=NOW
        ),
    ),
    *(
        (
            f"message.{action}",
            OF | {"at": at(2), "actor": "p-9", "reason": "spam"},
            facts.MessageModerated(
                conversation=CONVERSATION, message=MESSAGE, external="m-1", action=action,
                at=at(2), reason="spam", actor="p-9",
            ),
        )
        for action in ("hidden", "removed", "restored")
    ),
    (
        "message.hidden",
        OF,
        facts.MessageModerated(conversation=CONVERSATION, message=MESSAGE, external="m-1", action="hidden", at=NOW),
    ),
    (
        "message.deleted_by_author",
        OF | {"reason": "whatever they like"},
        facts.AuthorDeleted(conversation=CONVERSATION, message=MESSAGE, external="m-1", at=NOW),
    ),
    (
        "author.blocked",
        {"author": "tenant-7", "site": "facebook", "at": at(3), "actor": "p-9", "reason": "persistent-abuse"},
        facts.AuthorBlocked(
            author=IDS.author("tenant-7"), site="facebook", at=at(3), actor="p-9", reason="persistent-abuse"
        ),
    ),
    (
        "author.unblocked",
        {"author": {"id": "tenant-7"}, "site": "facebook"},
        facts.AuthorBlocked(
            author=IDS.author("tenant-7"), site="facebook", at=NOW, actor="westward-inbox", reason="other", lifted=True
        ),
    ),
    (
        "conversation.moved_private",
        {"conversation": "c-1", "at": at(4), "actor": "p-9"},
        facts.MovedPrivate(conversation=CONVERSATION, at=at(4), actor="p-9"),
    ),
    (
        "post.published",
        {"post": 77, "site": "facebook", "category": "human-interest", "at": at(0), "text": "A new garden",
         "images": ["i-1", 2], "closure": "xmas"},
        facts.PostPublished(
            post=IDS.id("post", "77"), external="77", site="facebook", category="human-interest", at=NOW,
            images=("i-1", "2"), closure="xmas", text="A new garden",
        ),
    ),
    (
        "reach.reported",
        {"site": "facebook", "followers": 12, "reach": 3, "engagement": 2, "referrals": 1},
        facts.ReachReported(site="facebook", at=NOW, followers=12, reach=3, engagement=2, referrals=1),
    ),
    ("site.heartbeat", {"site": "facebook"}, facts.SiteSeen(site="facebook", at=NOW)),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "data", "fact"), ROWS, ids=[f"{n}-{row[0]}" for n, row in enumerate(ROWS)])
def test_each_type_becomes_its_fact(kind: str, data: dict[str, Any], fact: facts.Fact) -> None:
    assert reading(body(kind, **data)).fact == fact


def test_every_documented_type_is_read() -> None:
    assert set(READERS) == {row[0] for row in ROWS} | {"message.received", "message.edited"}


def test_a_message_keeps_its_words_beside_our_ids() -> None:
    fact = reading(
        message(in_reply_to=12, media=[{"url": "https://example.org/a.jpg"}], permalink="https://e.org/1")
    ).fact
    assert fact == facts.CustomerWrote(
        conversation=CONVERSATION,
        message=MESSAGE,
        external="m-1",
        site="facebook",
        network="facebook",
        visibility="public",
        posted_at=NOW,
        time_basis="platform",
        received_at=NOW,
        sent_at=NOW,
        author=IDS.author("tenant-7"),
        text="When will my repair be done?",
        author_external="tenant-7",
        author_name="Ann Example",
        author_handle="@ann",
        in_reply_to="12",
        permalink="https://e.org/1",
        media='[{"url":"https://example.org/a.jpg"}]',
    )


def test_an_edit_says_when_and_may_name_nobody() -> None:
    fact = reading(message("message.edited", edited_at=at(1), author=None), at(2)).fact
    assert isinstance(fact, facts.CustomerWrote)
    assert (fact.edited, fact.edited_at, fact.author) == (True, at(1), None)


ZERO = datetime(1, 1, 1, tzinfo=UTC)
EAST = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))


@pytest.mark.parametrize(
    ("posted_at", "timestamp", "expected", "basis", "clamped"),
    [
        pytest.param(at(-60), at(-1), at(-60), "platform", False, id="the platform's time"),
        pytest.param(at(5), at(0), at(5), "platform", False, id="five minutes ahead is within"),
        pytest.param(at(5.01), at(0), at(0), "receipt", True, id="further ahead is clamped to receipt"),
        pytest.param(None, at(-3), at(-3), "delivery", False, id="the sending time stands in"),
        pytest.param(None, at(9), at(0), "receipt", True, id="a sending time ahead is clamped, too"),
        pytest.param(None, None, at(0), "receipt", False, id="nothing said: receipt"),
        pytest.param(ZERO, at(-3), at(-3), "delivery", True, id="a zero time is none: the sending time stands in"),
        pytest.param(ZERO, ZERO, at(0), "receipt", True, id="two zero times: receipt"),
        pytest.param(EAST, at(-3), at(-3), "delivery", True, id="before the calendar in UTC"),
    ],
)
def test_which_instant_counts(
    posted_at: datetime | None, timestamp: datetime | None, expected: datetime, basis: str, clamped: bool
) -> None:
    said = reading(message(timestamp=timestamp, posted_at=posted_at))
    assert isinstance(said.fact, facts.CustomerWrote)
    assert (said.fact.posted_at, said.fact.time_basis, said.clamped) == (expected, basis, clamped)


def test_half_an_emoji_costs_nobody_the_message() -> None:
    whole, half = "\\ud83d\\ude00", "\\ud83d"
    for escaped, kept in ((whole, "😀"), (half, "\ufffd")):
        fact = reading(message(text="Hello").replace(b"Hello", f"Hi {escaped}!".encode())).fact
        assert isinstance(fact, facts.CustomerWrote)
        assert fact.text == f"Hi {kept}!"


def test_an_offset_is_read_and_utc_is_kept() -> None:
    fact = reading(message(posted_at="2026-03-27T17:30:00+01:00")).fact
    assert isinstance(fact, facts.CustomerWrote)
    assert (fact.posted_at, fact.posted_at.tzinfo) == (NOW, UTC)


def test_numbers_and_strings_name_the_same_thing() -> None:
    by_number, by_text = reading(message(message=17)).fact, reading(message(message="17")).fact
    assert isinstance(by_number, facts.CustomerWrote) and isinstance(by_text, facts.CustomerWrote)
    assert by_number.message == by_text.message
    assert by_number.external == "17"


def test_ids_are_the_senders_own_in_each_source_and_each_organisation() -> None:
    names = {
        Pseudonyms(key, source).id(what, "1")
        for key in (b"a" * 32, b"b" * 32)
        for source in ("one", "two")
        for what in ("conversation", "message", "reply", "post")
    }
    assert len(names) == 16
    assert {uuid.UUID(name).version for name in names} == {8}


def test_an_author_is_not_to_be_found_without_the_key() -> None:
    assert Pseudonyms(b"a" * 32, "one").author("1") != Pseudonyms(b"b" * 32, "one").author("1")
    assert "1" not in {Pseudonyms(b"a" * 32, "one").author("1")}
    assert "aaaa" not in repr(Pseudonyms(b"a" * 32, "one"))


def test_what_we_do_not_know_is_ignored_and_counted() -> None:
    assert reading(body("reaction.added", what="ever")).fact is None
    assert reading(b'{"type":"reaction.added"}').fact is None
    said = reading(message(mood="sunny", weather=["rain"]))
    assert said.fact is not None
    assert said.unknown_fields == 2


def test_nul_in_words_is_replaced_so_that_the_message_is_kept() -> None:
    fact = reading(message(text="a\x00b")).fact
    assert isinstance(fact, facts.CustomerWrote)
    assert fact.text == "a\ufffdb"


SECRET = "Ann Example of 12 High Street"
MALFORMED: list[tuple[str, bytes, str, str]] = [
    ("no JSON", b"{", "undecodable", "not JSON at /"),
    ("empty", b"", "undecodable", "not JSON at /"),
    ("not UTF-8", b'{"type":"message.received","data":{"text":"\xff"}}', "undecodable", "not JSON"),
    ("a list", b"[]", "invalid", "wrong type or value at /"),
    ("nested too deep", b'{"type":"message.received","data":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "undecodable", ""),
    ("no type", b'{"data":{}}', "invalid", "missing field at /type"),
    ("no data", b'{"type":"message.received"}', "invalid", "missing field at /data"),
    ("no text", message(text=None), "invalid", "/data/text"),
    ("no conversation", body("message.hidden", message="m-1"), "invalid", "missing field at /data/conversation"),
    ("an id that is true", message(conversation=True), "invalid", "/data/conversation"),
    ("an id that is a fraction", message(conversation=1.5), "invalid", "/data/conversation"),
    ("an empty id", message(message=""), "invalid", "/data/message"),
    ("an id over 255", message(message="x" * 256), "invalid", "/data/message"),
    ("an id with NUL", message(message="x\x00"), "invalid", "/data/message"),
    ("another visibility", message(visibility=SECRET), "invalid", "/data/visibility"),
    ("another reason", body("message.hidden", reason=SECRET, **OF), "invalid", "/data/reason"),
    ("a local time", message(posted_at="2026-03-27T16:30:00"), "invalid", "/data/posted_at"),
    ("no time at all", message(posted_at=SECRET), "invalid", "/data/posted_at"),
    ("a network that is no code", message(network=SECRET), "invalid", "/data/network"),
    ("an author without id", message(author={"name": SECRET}), "invalid", "/data/author/id"),
    ("a figure below zero", body("reach.reported", site="s", reach=-1), "invalid", "/data/reach"),
    ("a bad timestamp", b'{"type":"site.heartbeat","timestamp":"soon","data":{"site":"s"}}', "invalid", "/timestamp"),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "code", "detail"), [row[1:] for row in MALFORMED], ids=[row[0] for row in MALFORMED])
def test_a_malformed_body_is_named_by_its_place_and_never_quoted(raw: bytes, code: str, detail: str) -> None:
    with pytest.raises(Malformed) as fault:
        reading(raw)
    assert fault.value.code == code
    assert detail in fault.value.detail
    assert "Ann" not in str(fault.value)
