"""What a person may do to an item in each state: the event that follows, or the state that forbids it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec
import pytest

from services.intake.domain import acts
from services.intake.domain.acts import Forbidden, Untimely
from services.intake.domain.conversation import Item, Thread
from shared.contracts import Data, contract_of, encode_data
from tests.unit.intake.said import IDS, at, body, message, tell, thread

MESSAGE = IDS.id("message", "m-1")
CONVERSATION = IDS.id("conversation", "c-1")
OF: dict[str, Any] = {"conversation": "c-1", "message": "m-1"}

Act = Callable[[Thread, Item, datetime], list[Data]]

ACTS: dict[str, Act] = {
    "classify": lambda known, item, when: acts.classify(known, item, "complaint", (), when),
    "waive": lambda known, item, when: acts.waive(known, item, "not-appropriate", "p-9", when),
    "hide": lambda known, item, when: acts.hide(known, item, "spam", "p-9", when),
    "remove": lambda known, item, when: acts.remove(known, item, "personal-data", "p-9", when),
    "restore": lambda known, item, when: acts.restore(known, item, None, "p-9", when),
    "reply": lambda known, item, when: acts.reply(known, item, "r-9", "We are on it.", None, None, when),
    "take-private": lambda known, item, when: acts.take_private(known, item, "p-9", when),
    "resolve": lambda known, item, when: acts.resolve(known, item, "p-9", when),
    "holding-update": lambda known, item, when: acts.holding_update(known, item, "p-9", when),
    "reassign": lambda known, item, when: acts.reassign(known, item, "p-7", "p-9", when),
    "removal-notice": lambda known, item, when: acts.post_removal_notice(known, item, "p-9", when),
    "explain-removal": lambda known, item, when: acts.explain_removal(known, item, "p-9", when),
    "refer-complaint": lambda known, item, when: acts.refer_complaint(known, item, "CMP-1", when),
}
STATES: dict[str, tuple[str, ...]] = {
    "open": (),
    "answered": ("reply",),
    "waived": ("waive",),
    "hidden": ("hide",),
    "removed": ("remove",),
    "restored": ("hide", "restore"),
    "private": ("take-private",),
    "resolved": ("resolve",),
    "reassigned": ("reassign",),
    "noticed": ("remove", "removal-notice"),
    "explained": ("remove", "explain-removal"),
    "referred": ("refer-complaint",),
    "told": ("holding-update",),
}
"""How an item comes to each state by acts alone; `deleted` is its author's."""

MODERATED, RESOLVED = "message-moderated", "conversation-resolved"
TABLE: list[tuple[str, str, str]] = [
    ("open", "classify", "message-classified"),
    ("open", "waive", "conversation-waived"),
    ("open", "hide", MODERATED),
    ("open", "remove", MODERATED),
    ("open", "restore", "409 open"),
    ("open", "reply", "message-replied"),
    ("open", "take-private", "conversation-moved-private"),
    ("open", "resolve", RESOLVED),
    ("open", "holding-update", "holding-update-sent"),
    ("open", "reassign", "conversation-reassigned"),
    ("open", "removal-notice", "409 open"),
    ("open", "explain-removal", "409 open"),
    ("open", "refer-complaint", "complaint-referred"),
    ("answered", "classify", "message-classified"),
    ("answered", "reply", "409 answered"),
    ("answered", "waive", "409 answered"),
    ("answered", "hide", MODERATED),
    ("answered", "restore", "409 answered"),
    ("answered", "take-private", "conversation-moved-private"),
    ("answered", "resolve", RESOLVED),
    ("waived", "waive", "409 waived"),
    ("waived", "reply", "message-replied"),
    ("waived", "remove", MODERATED),
    ("hidden", "hide", "409 hidden"),
    ("hidden", "remove", MODERATED),
    ("hidden", "restore", MODERATED),
    ("hidden", "reply", "message-replied"),
    ("hidden", "removal-notice", "409 hidden"),
    ("hidden", "explain-removal", "409 hidden"),
    ("removed", "remove", "409 removed"),
    ("removed", "hide", "409 removed"),
    ("removed", "restore", MODERATED),
    ("removed", "reply", "message-replied"),
    ("removed", "removal-notice", "removal-notice-posted"),
    ("removed", "explain-removal", "removal-explained"),
    ("restored", "restore", "409 open"),
    ("restored", "hide", MODERATED),
    ("restored", "remove", MODERATED),
    ("private", "take-private", "409 private"),
    ("private", "reply", "message-replied"),
    ("resolved", "resolve", "409 resolved"),
    ("resolved", "holding-update", "409 resolved"),
    ("resolved", "reassign", "409 resolved"),
    ("resolved", "reply", "message-replied"),
    ("reassigned", "reassign", "409 owned"),
    ("noticed", "removal-notice", "409 notice-posted"),
    ("noticed", "explain-removal", "removal-explained"),
    ("explained", "explain-removal", "409 explained"),
    ("referred", "refer-complaint", "409 referred"),
    ("told", "holding-update", "holding-update-sent"),
    *(("deleted", name, "409 deleted") for name in ACTS),
]


def known_as(state: str) -> Thread:
    """A conversation whose one message is in that state, a minute to each act."""
    known = thread()
    tell(known, message())
    for number, name in enumerate(STATES.get(state, ())):
        ACTS[name](known, known.items[MESSAGE], at(number + 1))
    if state == "deleted":
        tell(known, body("message.deleted_by_author", at=at(1), **OF), at(1))
    return known


def item(known: Thread) -> Item:
    return known.items[MESSAGE]


def fields(event: Data) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(encode_data(event))
    return found


def moderated(verb: str, minutes: float, **more: Any) -> bytes:
    return body(f"message.{verb}", at=at(minutes), **OF, **more)


@pytest.mark.parametrize(("state", "act", "outcome"), TABLE, ids=[f"{s} · {a} → {o}" for s, a, o in TABLE])
def test_each_act_in_each_state(state: str, act: str, outcome: str) -> None:
    known = known_as(state)
    before = (dict(known.items), known.conversation)
    if not outcome.startswith("409 "):
        (event,) = ACTS[act](known, item(known), at(10))
        assert contract_of(type(event)).name == outcome
        assert fields(event)["conversation"] == CONVERSATION
        return
    with pytest.raises(Forbidden) as refusal:
        ACTS[act](known, item(known), at(10))
    assert refusal.value.state == outcome.removeprefix("409 ")
    assert (known.items, known.conversation) == before


def test_every_act_and_every_state_is_in_the_table() -> None:
    assert {act for _, act, _ in TABLE} == set(ACTS)
    assert {state for state, _, _ in TABLE} == {*STATES, "deleted"}


SAID: list[tuple[str, str, dict[str, Any]]] = [
    ("open", "hide", {"action": "hidden", "reason": "spam", "actor": "p-9", "message": MESSAGE}),
    ("open", "remove", {"action": "removed", "reason": "personal-data", "actor": "p-9", "message": MESSAGE}),
    ("hidden", "restore", {"action": "restored", "reason": "spam", "actor": "p-9"}),
    ("open", "reply", {"reply": "r-9", "site": "facebook", "visibility": "public", "automatic": False}),
    ("open", "resolve", {"actor": "p-9", "message": MESSAGE}),
    ("open", "take-private", {"actor": "p-9", "message": MESSAGE}),
    ("open", "holding-update", {"actor": "p-9", "message": MESSAGE}),
    ("open", "reassign", {"actor": "p-9", "owner": "p-7"}),
    ("removed", "removal-notice", {"actor": "p-9", "message": MESSAGE}),
    ("removed", "explain-removal", {"actor": "p-9", "message": MESSAGE}),
    ("open", "refer-complaint", {"reference": "CMP-1", "message": MESSAGE}),
]


@pytest.mark.parametrize(("state", "act", "said"), SAID, ids=[act for _, act, _ in SAID])
def test_an_event_says_who_did_what_and_when_and_none_of_the_words(state: str, act: str, said: dict[str, Any]) -> None:
    known = known_as(state)
    (event,) = ACTS[act](known, item(known), at(10))
    found = fields(event)
    assert found | said == found
    assert found.get("at", found.get("posted_at")) == "2026-03-27T16:40:00Z"
    assert "We are on it." not in str(found)


def test_an_answer_given_earlier_answers_what_waited_then() -> None:
    known = known_as("open")
    tell(known, message(message="m-2", posted_at=at(8)), at(8))
    (event,) = acts.reply(known, item(known), "r-9", None, "private", at(5), at(10))
    assert (fields(event)["posted_at"], fields(event)["visibility"]) == ("2026-03-27T16:35:00Z", "private")
    assert item(known).state == "answered"
    assert known.items[IDS.id("message", "m-2")].state == "open"


@pytest.mark.parametrize(
    ("when", "why"), [(at(11), "still to come"), (at(-1), "not there yet")], ids=["ahead", "before"]
)
def test_an_answer_at_an_instant_that_cannot_be_is_refused(when: datetime, why: str) -> None:
    known = known_as("open")
    with pytest.raises(Untimely, match=why):
        acts.reply(known, item(known), "r-9", None, None, when, at(10))
    assert item(known).state == "open"


def test_a_message_stamped_ahead_can_be_answered_now() -> None:
    known = thread()
    tell(known, message(posted_at=at(3)), at(0))
    acts.reply(known, item(known), "r-9", None, None, None, at(1))
    assert item(known).state == "answered"


def test_a_message_that_came_after_the_resolution_is_resolved_anew() -> None:
    known = known_as("resolved")
    tell(known, message(message="m-2", posted_at=at(5)), at(5))
    newer = known.items[IDS.id("message", "m-2")]
    assert acts.holding_update(known, newer, "p-9", at(6))
    assert acts.resolve(known, newer, "p-9", at(7))
    with pytest.raises(Forbidden, match="resolved"):
        acts.resolve(known, newer, "p-9", at(8))


def test_what_is_removed_again_is_made_known_again() -> None:
    known = known_as("noticed")
    acts.restore(known, item(known), None, "p-9", at(3))
    with pytest.raises(Forbidden, match="open"):
        acts.post_removal_notice(known, item(known), "p-9", at(4))
    acts.remove(known, item(known), "other", "p-9", at(5))
    assert acts.post_removal_notice(known, item(known), "p-9", at(6))


def test_acts_of_one_standing_instant_follow_each_other() -> None:
    known = known_as("open")
    for act, state in (("hide", "hidden"), ("restore", "open"), ("hide", "hidden"), ("remove", "removed")):
        assert ACTS[act](known, item(known), at(1))
        assert item(known).state == state


def test_another_reference_corrects_the_one_before() -> None:
    known = known_as("referred")
    assert acts.refer_complaint(known, item(known), "CMP-2", at(5))
    assert item(known).reference == "CMP-2"


@pytest.mark.parametrize("minutes", [0.5, 9], ids=["before the act was recorded", "after it"])
def test_the_networks_own_report_of_an_act_says_what_the_person_said(minutes: float) -> None:
    """Only the person gave a reason; another one, from the kind of the message, could end a clock that has to run."""
    known = thread()
    tell(known, message(text="You idiot"))
    acts.hide(known, item(known), "other", "p-9", at(1))
    (event,) = tell(known, moderated("hidden", minutes), at(10))
    assert (fields(event)["reason"], fields(event)["actor"]) == ("other", "p-9")
    assert tell(known, moderated("hidden", minutes), at(11)) == []
    assert item(known).state == "hidden"


def test_the_networks_own_report_of_a_restoration_opens_nothing_again() -> None:
    known = known_as("restored")
    acts.reply(known, item(known), "r-9", None, None, None, at(5))
    tell(known, moderated("restored", 9), at(9))
    assert item(known).state == "answered"
