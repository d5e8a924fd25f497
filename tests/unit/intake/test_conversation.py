"""What each delivery does to a conversation: which events, and what the inbox shows."""

from datetime import datetime
from itertools import permutations
from typing import Any

import msgspec
import pytest

from services.intake.domain import acts
from services.intake.domain.acts import Forbidden
from services.intake.domain.conversation import Item, Thread
from services.intake.domain.telling import happened_at, in_story
from shared.contracts import Data, contract_of, encode_data
from tests.unit.intake.said import IDS, NOW, at, body, message, tell, thread

MESSAGE = IDS.id("message", "m-1")
OF: dict[str, Any] = {"conversation": "c-1", "message": "m-1"}


def names(events: list[Data]) -> list[str]:
    return [contract_of(type(event)).name for event in events]


def item(known: Thread) -> Item:
    return known.items[MESSAGE]


def fields(event: Data) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(encode_data(event))
    return found


def reply(minutes: float, number: str = "r-1", **more: Any) -> bytes:
    return body("message.replied", conversation="c-1", reply=number, site="facebook", visibility="public",
                posted_at=at(minutes), **more)  # fmt: skip


def act(verb: str, minutes: float, **more: Any) -> bytes:
    return body(f"message.{verb}", at=at(minutes), **OF, **more)


def test_a_message_is_told_without_a_word_of_it() -> None:
    known = thread()
    (event,) = tell(known, message(text="You are a disgrace"), at(1))
    assert fields(event) == {
        "conversation": IDS.id("conversation", "c-1"),
        "message": MESSAGE,
        "site": "facebook",
        "network": "facebook",
        "visibility": "public",
        "posted_at": "2026-03-27T16:30:00Z",
        "received_at": "2026-03-27T16:31:00Z",
        "time_basis": "platform",
        "kind": "complaint",
        "flags": ["negative"],
        "author": IDS.author("tenant-7"),
    }
    assert (item(known).state, item(known).classification.why) == ("open", ("disgrace",))


def test_the_same_words_again_say_nothing() -> None:
    known = thread()
    tell(known, message())
    assert tell(known, message(), at(3)) == []
    assert tell(known, message("message.edited"), at(3)) == []
    assert item(known).revision == 1


def test_other_words_are_a_revision_and_are_classified_anew() -> None:
    known = thread()
    tell(known, message())
    (event,) = tell(known, message(text="What a disgrace", timestamp=at(9)), at(10))
    said = fields(event)
    assert names([event]) == ["message-edited"]
    assert (said["kind"], said["flags"], said["edited_at"]) == ("complaint", ["negative"], "2026-03-27T16:39:00Z")
    assert (said["posted_at"], said["received_at"]) == ("2026-03-27T16:30:00Z", "2026-03-27T16:30:00Z")
    assert [one.text for one in known.new_revisions] == ["When will my repair be done?", "What a disgrace"]


def test_an_older_edit_that_comes_late_is_kept_and_changes_nothing() -> None:
    known = thread()
    tell(known, message())
    tell(known, message("message.edited", text="second", edited_at=at(20)), at(21))
    assert tell(known, message("message.edited", text="first", edited_at=at(10)), at(22)) == []
    assert (item(known).revision, item(known).wrote and item(known).wrote.text) == (3, "second")  # type: ignore[union-attr] # it wrote


def test_a_message_that_is_sent_again_does_not_undo_its_edit() -> None:
    known = thread()
    tell(known, message())
    tell(known, message("message.edited", text="second", edited_at=at(20)), at(21))
    assert tell(known, message(timestamp=at(15)), at(30)) == []


def test_a_message_that_is_sent_again_later_with_its_first_words_is_a_revision() -> None:
    known = thread()
    tell(known, message())
    tell(known, message("message.edited", text="second", edited_at=at(20)), at(21))
    (event,) = tell(known, message(timestamp=at(30)), at(30))
    assert names([event]) == ["message-edited"]


def test_an_edit_without_a_time_of_its_message_gives_way_to_the_message_s_own() -> None:
    known = thread()
    edit = message("message.edited", text="What a disgrace", posted_at=None, edited_at=at(5))
    (event,) = tell(known, edit, at(6))
    assert fields(event)["time_basis"] != "platform"
    (event,) = tell(known, message(), at(7))
    assert names([event]) == ["message-received"]
    assert fields(event)["posted_at"] == "2026-03-27T16:30:00Z"
    assert fields(event)["time_basis"] == "platform"
    assert tell(known, message(), at(8)) == []


def test_going_back_to_the_first_words_is_an_edit() -> None:
    known = thread()
    tell(known, message())
    tell(known, message("message.edited", text="second", edited_at=at(20)), at(21))
    assert names(tell(known, message("message.edited", edited_at=at(30)), at(31))) == ["message-edited"]


def test_an_edit_before_its_message_tells_all_and_the_late_message_nothing() -> None:
    known = thread()
    (event,) = tell(known, message("message.edited", text="What a disgrace", edited_at=at(5)), at(6))
    assert names([event]) == ["message-edited"]
    assert fields(event)["posted_at"] == "2026-03-27T16:30:00Z"
    assert tell(known, message(), at(7)) == []
    assert (item(known).wrote and item(known).wrote.text) == "What a disgrace"  # type: ignore[union-attr] # it wrote
    assert tell(known, message(), at(8)) == []


def test_a_deletion_before_its_message_leaves_a_tombstone() -> None:
    known = thread()
    assert names(tell(known, act("deleted_by_author", 5), at(6))) == ["message-deleted"]
    assert tell(known, message(), at(7)) == []
    assert tell(known, message("message.edited", text="again", edited_at=at(8)), at(9)) == []
    assert item(known).state == "deleted"


def test_a_deletion_is_told_once() -> None:
    known = thread()
    tell(known, message())
    assert names(tell(known, act("deleted_by_author", 5), at(6))) == ["message-deleted"]
    assert tell(known, act("deleted_by_author", 6), at(7)) == []


@pytest.mark.parametrize(
    ("text", "given", "expected"),
    [
        ("you idiot", None, "offensive"),
        ("my phone is 01752 000000", None, "personal-data"),
        ("When?", None, "other"),
        ("you idiot", "spam", "spam"),
    ],
)
def test_a_moderation_without_reason_takes_it_from_the_message(text: str, given: str | None, expected: str) -> None:
    known = thread()
    tell(known, message(text=text))
    (event,) = tell(known, act("removed", 5, reason=given, actor="p-9"), at(6))
    assert (fields(event)["reason"], fields(event)["action"], fields(event)["actor"]) == (expected, "removed", "p-9")
    assert item(known).state == "removed"


def test_a_moderation_before_its_message_is_told_again_with_the_reason_then_known() -> None:
    known = thread()
    (first,) = tell(known, act("hidden", 5), at(6))
    assert fields(first)["reason"] == "other"
    received, again = tell(known, message(text="you idiot"), at(7))
    assert names([received, again]) == ["message-received", "message-moderated"]
    assert (fields(again)["reason"], fields(again)["at"]) == ("offensive", "2026-03-27T16:35:00Z")
    assert item(known).state == "hidden"


def test_one_act_told_twice_is_one_act() -> None:
    known = thread()
    tell(known, message())
    assert len(tell(known, act("hidden", 5), at(6))) == 1
    assert tell(known, act("hidden", 5), at(9)) == []
    assert len(tell(known, act("restored", 7), at(9))) == 1


@pytest.mark.parametrize("order", list(permutations(["hidden", "restored", "removed"])), ids="-".join)
def test_the_newest_act_holds_whatever_the_order(order: tuple[str, ...]) -> None:
    known = thread()
    tell(known, message())
    when = {"hidden": 5, "restored": 10, "removed": 15}
    for verb in order:
        tell(known, act(verb, when[verb]), at(20))
    assert item(known).state == "removed"


@pytest.mark.parametrize(
    ("first", "state"),
    [
        (reply(0), "answered"),
        (reply(-1), "open"),
        (reply(5, automatic=True), "open"),
        (reply(5, automatic=False), "answered"),
    ],
    ids=["the same instant", "before it was asked", "by a machine", "by a person"],
)
def test_a_reply_answers_what_was_asked_until_then_in_either_order(first: bytes, state: str) -> None:
    later, earlier = thread(), thread()
    tell(later, message())
    assert names(tell(later, first, at(6))) == ["message-replied"]
    tell(earlier, first, at(6))
    tell(earlier, message(), at(7))
    assert (item(later).state, item(earlier).state) == (state, state)


def test_a_reply_is_told_once() -> None:
    known = thread()
    tell(known, reply(5), at(6))
    assert tell(known, reply(5), at(7)) == []


def test_a_message_shown_again_waits_again() -> None:
    known = thread()
    tell(known, message())
    tell(known, act("removed", 1), at(2))
    tell(known, reply(3), at(3))
    tell(known, act("restored", 10), at(11))
    assert item(known).state == "open"
    tell(known, reply(12, "r-2"), at(12))
    assert item(known).state == "answered"


def test_a_person_who_says_what_it_is_wins_over_the_rules() -> None:
    known = thread()
    tell(known, message())
    (event,) = acts.classify(known, item(known), "complaint", ("negative",), at(1))
    assert fields(event) == {
        "conversation": IDS.id("conversation", "c-1"), "message": MESSAGE, "kind": "complaint", "flags": ["negative"],
        "by": "person", "at": "2026-03-27T16:31:00Z",
    }  # fmt: skip
    assert acts.classify(known, item(known), "complaint", None, at(2)) == []
    (edited,) = tell(known, message(text="you idiot", timestamp=at(5)), at(5))
    assert (fields(edited)["kind"], item(known).by) == ("complaint", "person")


def test_a_waiver_covers_a_message_that_is_stamped_ahead() -> None:
    known = thread()
    tell(known, message(posted_at=at(3)), at(0))
    (event,) = acts.waive(known, item(known), "not-appropriate", "p-9", at(1))
    assert fields(event)["at"] == "2026-03-27T16:33:00Z"
    assert item(known).state == "waived"


def test_a_waiver_closes_what_waits_and_only_that() -> None:
    known = thread()
    tell(known, message())
    (event,) = acts.waive(known, item(known), "not-appropriate", "p-9", at(5))
    assert names([event]) == ["conversation-waived"]
    assert item(known).state == "waived"
    with pytest.raises(Forbidden, match="waived"):
        acts.waive(known, item(known), "not-appropriate", "p-9", at(6))
    tell(known, message(message="m-2", posted_at=at(7)), at(7))
    assert known.items[IDS.id("message", "m-2")].state == "open"


@pytest.mark.parametrize(("said", "state"), [(reply(5), "answered"), (act("deleted_by_author", 5), "deleted")])
def test_what_is_settled_cannot_be_waived(said: bytes, state: str) -> None:
    known = thread()
    tell(known, message())
    tell(known, said, at(6))
    with pytest.raises(Forbidden, match=state):
        acts.waive(known, item(known), "no-reply-needed", "p-9", at(7))


def test_what_its_author_took_back_cannot_be_classified() -> None:
    known = thread()
    tell(known, message())
    tell(known, act("deleted_by_author", 5), at(6))
    with pytest.raises(Forbidden, match="deleted"):
        acts.classify(known, item(known), "query", None, at(7))


def test_a_story_is_told_under_the_id_of_its_first_event() -> None:
    known = thread()
    first = in_story(known, tell(known, message()), "westward", mode=None)
    then = in_story(known, tell(known, reply(5), at(6)), "westward", mode="observe", clauses=("westward:3.6",))
    assert first[0].correlation_id is None
    assert (then[0].correlation_id, then[0].mode, then[0].clauses) == (first[0].id, "observe", ("westward:3.6",))
    assert (first[0].source, first[0].key) == ("/houserules/intake", IDS.id("conversation", "c-1"))


@pytest.mark.parametrize(
    ("said", "when"),
    [
        (message(), NOW),
        (message("message.edited", edited_at=at(-1)), at(-1)),
        (reply(-3), at(-3)),
        (act("hidden", -4), at(-4)),
    ],
)
def test_an_event_happened_when_its_act_did(said: bytes, when: datetime) -> None:
    (event,) = tell(thread(), said, at(30))
    assert happened_at(event) == when


def test_flags_that_a_person_takes_away_are_told_as_none_left() -> None:
    known = thread()
    tell(known, message(text="my phone is 01752 000000"))
    (event,) = acts.classify(known, item(known), "query", (), at(1))
    assert fields(event)["flags"] == []
