"""The checker on small histories: each anomaly by its name, and what looks like one and is none; the nemesis' order."""

from dataclasses import replace
from itertools import islice

import pytest

from tests.chaos.checker import check, counts, in_flight, lags
from tests.chaos.faults import FAULTS
from tests.chaos.history import (
    Answered,
    Applied,
    Effect,
    Emitted,
    Expected,
    History,
    Offered,
    Outcome,
    Spent,
    Struck,
    Taken,
)
from tests.chaos.nemesis import LONG_S, turns
from tests.chaos.report import report

WROTE = Effect("messages", "westward", "message-received", "m1")
ANSWERED = Effect("messages", "westward", "message-replied", "r1")
BREACH = Effect("sla", "westward", "sla-breach", "m1")
DEAD = Effect("houserules.in.westward.images.houserules-consent.dlt", "westward", "dead-letter", "poison")
INTAKE = "/houserules/intake"


def offered(fact: str, effect: Effect, at: float, not_before: float = 0.0) -> Offered:
    return Offered(fact, "c1", (Expected(effect, not_before=not_before),), at)


def seen(effect: Effect, event: str, offset: int, at: float, content: str = "") -> Emitted:
    topic = effect.topic if "." in effect.topic else f"houserules.{effect.topic}"
    return Emitted(effect, event, INTAKE, topic, 0, offset, at, content or event)


SOUND = History(
    offered=(offered("m1", WROTE, 1.0), offered("r1", ANSWERED, 3.0)),
    answered=(Answered("m1", "ok", 2.0, 200), Answered("r1", "info", 4.0), Answered("r1", "ok", 5.0, 200)),
    emitted=(seen(WROTE, "e1", 0, 2.1), seen(ANSWERED, "e2", 1, 5.1)),
    applied=frozenset({Applied("sla", "westward", INTAKE, "e1"), Applied("sla", "westward", INTAKE, "e2")}),
    taken=(Taken("sla", "houserules.messages", 0, 0, 2, 2, 0, 2),),
)


def test_a_history_that_is_sound_has_no_findings() -> None:
    assert check(SOUND) == []
    assert counts(SOUND)["offered: ok"] == 2


@pytest.mark.parametrize(
    ("history", "fact"),
    [
        (replace(SOUND, emitted=SOUND.emitted[:1]), "r1"),
        (replace(SOUND, applied=frozenset({Applied("sla", "westward", INTAKE, "e1")})), "e2"),
        (replace(SOUND, offered=(replace(SOUND.offered[0], applied=(Applied("access", "w", "s", "x"),)),)), "m1"),
    ],
    ids=["never said", "not taken in by its reader", "written to Kafka and not taken in"],
)
def test_what_was_acknowledged_and_is_not_there_is_lost(history: History, fact: str) -> None:
    assert (("lost-write", fact)) in {(one.anomaly, one.of) for one in check(history)}


def test_what_was_never_acknowledged_may_be_there_or_not() -> None:
    unknown = replace(SOUND, answered=(SOUND.answered[0], Answered("r1", "info", 4.0)))
    assert check(unknown) == []
    assert check(replace(unknown, emitted=SOUND.emitted[:1], applied=frozenset(taken_in("e1")))) == []


def taken_in(*events: str) -> list[Applied]:
    return [Applied("sla", "westward", INTAKE, event) for event in events]


def test_two_ids_for_one_effect_are_a_duplicate_and_one_id_twice_is_a_redelivery() -> None:
    again = seen(WROTE, "e1", 2, 6.0)
    assert check(replace(SOUND, emitted=(*SOUND.emitted, again))) == []
    doubled = replace(SOUND, emitted=(*SOUND.emitted, replace(again, event="e3")))
    assert ("duplicate", "e1 and e3") in {(one.anomaly, one.detail) for one in check(doubled)}


def test_what_was_sent_later_and_is_seen_earlier_is_out_of_order() -> None:
    swapped = replace(SOUND, emitted=(seen(ANSWERED, "e2", 0, 2.1), seen(WROTE, "e1", 1, 5.1)))
    assert [(one.anomaly, one.of) for one in check(swapped)] == [("nonmonotonic-send", "r1")]


def test_of_what_was_sent_at_once_either_may_be_first() -> None:
    at_once = (SOUND.offered[0], replace(SOUND.offered[1], at=1.5))
    swapped = (seen(ANSWERED, "e2", 0, 2.1), seen(WROTE, "e1", 1, 5.1))
    assert check(replace(SOUND, offered=at_once, emitted=swapped)) == []


def test_a_redelivery_after_a_later_event_is_in_order() -> None:
    again = (seen(WROTE, "e1", 0, 2.1), seen(ANSWERED, "e2", 1, 5.1), seen(WROTE, "e1", 2, 5.2))
    assert check(replace(SOUND, emitted=again)) == []


def test_what_nobody_offered_is_a_phantom() -> None:
    made_up = replace(SOUND, emitted=(*SOUND.emitted, seen(BREACH, "e3", 0, 6.0)))
    assert ("phantom", "e3") in {(one.anomaly, one.detail) for one in check(made_up)}
    taken_in = replace(SOUND, applied=SOUND.applied | {Applied("sla", "westward", INTAKE, "e9")})
    assert [(one.anomaly, one.of) for one in check(taken_in)] == [("phantom", "e9")]


def test_what_was_refused_and_is_there_all_the_same_is_an_aborted_read() -> None:
    refused = replace(SOUND, answered=(SOUND.answered[0], Answered("r1", "fail", 4.0, 503, True)))
    assert [(one.anomaly, one.of) for one in check(refused)] == [("G1a", "r1")]


def test_a_deadline_is_not_told_before_it_is_due() -> None:
    due = Offered("m1", "c1", (Expected(WROTE), Expected(BREACH, not_before=9.0)), 1.0)
    told = (*SOUND.emitted, seen(BREACH, "e3", 0, 8.9))
    applied = SOUND.applied | {Applied("intake", "westward", INTAKE, "e3")}
    history = replace(SOUND, offered=(due, SOUND.offered[1]), emitted=told, applied=applied)
    assert [(one.anomaly, one.of) for one in check(history)] == [("too-early", "m1")]
    assert check(replace(history, emitted=(*SOUND.emitted, seen(BREACH, "e3", 0, 9.0)))) == []


def test_two_readings_of_an_offset_and_two_contents_of_an_id_must_agree() -> None:
    place = ("houserules.messages", 0, 0)
    assert check(replace(SOUND, live=((place, "e1"),))) == []
    assert [one.anomaly for one in check(replace(SOUND, live=((place, "other"),)))] == ["inconsistent-offsets"]
    gone = check(replace(SOUND, live=((("houserules.messages", 0, 99), "e9"),)))
    assert [(one.anomaly, one.of) for one in gone] == [("lost-write", "houserules.messages/0/99")]
    other = replace(SOUND, emitted=(*SOUND.emitted, seen(WROTE, "e1", 2, 6.0, content="other")))
    assert [(one.anomaly, one.of) for one in check(other)] == [("inconsistent-offsets", "e1")]


@pytest.mark.parametrize(
    "taken",
    [
        Taken("sla", "houserules.messages", 0, 0, 2, 1, 0, 2),
        Taken("sla", "houserules.messages", 0, 0, 2, 2, 0, 3),
        Taken("consent", "houserules.in.westward.images", 0, 0, 2, 2, 1, 2),
    ],
    ids=["one is not accounted for", "one is not taken", "dead, and no letter"],
)
def test_a_partition_whose_records_are_not_all_accounted_for_is_a_gap(taken: Taken) -> None:
    assert [one.anomaly for one in check(replace(SOUND, taken=(taken,)))] == ["gap"]


def test_a_system_that_does_not_come_to_rest_is_a_gap() -> None:
    assert [one.anomaly for one in check(replace(SOUND, unquiet="sla is 2 records behind"))] == ["gap"]


def test_a_dead_letter_is_accounted_for_once_however_often_it_is_delivered() -> None:
    poison = Offered("p", "p", (Expected(DEAD),), 1.0)
    taken = Taken("consent", "houserules.in.westward.images", 0, 0, 2, 2, 1, 2)
    letters = (seen(DEAD, "t/0/1", 0, 2.0), seen(DEAD, "t/0/1", 1, 2.5))
    history = History((poison,), (Answered("p", "ok", 1.5),), letters, taken=(taken,))
    assert check(history) == []
    assert in_flight(history, Struck("kill-consent", 1.8, 2.0, ("consent",))) == 1
    assert in_flight(history, Struck("kill-access", 1.8, 2.0, ("access",))) == 0


@pytest.mark.parametrize(
    ("answer", "bad"),
    [(Answered("m1", "fail", 1.5, 503, True), False), (Answered("m1", "fail", 1.5, 503), True),
     (Answered("m1", "info", 1.5, 500), True), (Answered("m1", "info", 1.5), False)],
    ids=["503 with Retry-After", "503 without", "500", "silence"],
)  # fmt: skip
def test_a_door_says_yes_or_come_again(answer: Answered, bad: bool) -> None:
    history = replace(SOUND, answered=(answer, *SOUND.answered))
    assert [one.anomaly for one in check(history)] == ["bad-refusal"] * bad


@pytest.mark.parametrize(
    ("at", "services", "flying"),
    [(0.5, ("intake",), 0), (1.5, ("intake",), 1), (1.5, ("sla",), 0), (2.5, ("intake",), 0), (4.0, ("intake",), 1)],
    ids=["before", "offered", "of another service", "said", "between two attempts"],
)
def test_work_is_in_flight_from_its_offer_until_kafka_has_it(at: float, services: tuple[str, ...], flying: int) -> None:
    assert in_flight(SOUND, Struck("kill-intake", at, at, services)) == flying


def test_a_deadline_is_in_flight_only_once_it_is_due() -> None:
    due = Offered("m1", "c1", (Expected(BREACH, not_before=9.0),), 1.0)
    history = History((due,), (), (seen(BREACH, "e3", 0, 9.5),))
    assert [in_flight(history, Struck("kill-sla", at, at, ("sla",))) for at in (5.0, 9.2, 9.6)] == [0, 1, 0]


def test_a_fault_that_interrupts_nothing_does_not_count() -> None:
    struck = (Struck("kill-intake", 1.5, 1.6, ("intake",)), Struck("kill-intake", 9.0, 9.1, ("intake",)))
    found = report(replace(SOUND, struck=struck))
    assert (found.struck["kill-intake"], found.counted["kill-intake"]) == (2, 1)


def test_a_seed_repeats_its_faults_and_has_each_kind_once_before_any_comes_again() -> None:
    kinds = list(FAULTS)
    one, same, other = (list(islice(turns(seed, kinds, LONG_S), 2 * len(kinds))) for seed in (7, 7, 8))
    assert one == same != other
    assert [turn.kind for turn in one] != [turn.kind for turn in other]
    for deck in (one[: len(kinds)], one[len(kinds) :]):
        assert sorted(turn.kind for turn in deck) == sorted(kinds)


FULL = Spent(since=100.0, until=120.0, budget=10, unsent=2, unread=0)


def batch(number: int, events: int, since: float, outcome: Outcome = "ok") -> History:
    """One batch at the event door, answered a tenth of a second later."""
    told = tuple(Expected(Effect("people", "westward", "training-completed", f"b{number}-{n}")) for n in range(events))
    status = 200 if outcome == "ok" else 503
    return History(
        offered=(Offered(f"b{number}", f"b{number}", told, since),),
        answered=(Answered(f"b{number}", outcome, since + 0.1, status, again=status == 503, since=since),),
        emitted=(),
    )


def refusals(*batches: History) -> list[str]:
    """What the checker says of these answers while Kafka was away."""
    history = History(
        offered=tuple(offer for one in batches for offer in one.offered),
        answered=tuple(answer for one in batches for answer in one.answered),
        emitted=(),
        spent=(FULL,),
    )
    return [one.detail for one in check(history) if one.anomaly == "bad-refusal"]


@pytest.mark.parametrize(
    ("batches", "said"),
    [
        ([batch(1, 6, 101.0), batch(2, 6, 102.0), batch(3, 6, 103.0, "fail")], None),
        ([batch(1, 6, 101.0), batch(2, 2, 102.0), batch(3, 6, 103.0, "fail")], "refused when at the most 10 of 10"),
        ([batch(1, 8, 101.0), batch(2, 8, 102.0), batch(3, 6, 102.5), batch(4, 6, 104.0, "fail")], None),
        ([batch(1, 8, 101.0), batch(2, 8, 102.0), batch(3, 6, 104.0), batch(4, 6, 105.0, "fail")], "accepted when 16 of 10"),
        ([batch(1, 8, 101.0), batch(2, 8, 102.0)], "nothing was refused"),
    ],
    ids=["in time", "too early", "late by less than a second", "too late", "never"],
)  # fmt: skip
def test_a_door_refuses_when_the_budget_is_spent_and_not_before(batches: list[History], said: str | None) -> None:
    found = refusals(*batches)
    assert [] == found if said is None else said in found[0], found


@pytest.mark.parametrize(
    ("calm", "answered", "late"),
    [(5.0, 5.1, [0.25]), (0.0, 5.1, []), (9.0, 5.1, []), (5.0, 7.9, [])],
    ids=["in quiet", "no quiet", "while it was broken", "accepted too late to be told in time"],
)
def test_deadlines_count_that_passed_in_quiet(calm: float, answered: float, late: list[float]) -> None:
    history = History(
        offered=(offered("m1", BREACH, 5.0, not_before=8.0),),
        answered=(Answered("m1", "ok", answered, 200),),
        emitted=(seen(BREACH, "e1", 0, 8.25),),
        calm=calm,
    )
    assert lags(history) == late
    assert not report(history).late
    assert report(replace(history, emitted=(seen(BREACH, "e1", 0, 9.25),))).late is bool(late)
