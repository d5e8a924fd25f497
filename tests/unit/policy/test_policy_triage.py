"""First classification by word lists, the same at both landlords unless a pack says otherwise."""

import time

import pytest

from shared.policy import Pack
from shared.policy.triage import Triager, TriageRule

LABELLED = [
    ("When will someone repair the lift in Rowan Court?", "query", ()),
    ("How do I report a leak", "query", ()),
    ("please can someone ring me back about my rent", "query", ()),
    ("The intercom is not working", "query", ()),
    ("Thanks for the quick repair! When will the painters come?", "query", ()),
    ("I want to make a complaint about the caretaker", "complaint", ()),
    ("Still waiting for the plumber, three weeks now", "complaint", ()),
    ("Nobody turned up AGAIN. Absolutely useless", "complaint", ("negative",)),
    ("Thanks for nothing", "complaint", ("negative",)),
    ("When will you fix this? It is unacceptable", "complaint", ("negative",)),
    ("Thank you so much, brilliant job by the lads today", "thanks", ()),
    ("CHEERS 👍", "thanks", ()),
    ("Loved the fun day on Saturday", "feedback", ()),
    ("Not impressed by the new website", "feedback", ("negative",)),
    ("The garden at Mill House", "unclassified", ()),
    ("The new logo is awful", "unclassified", ("negative",)),
    ("", "unclassified", ()),
    ("👍🎉", "unclassified", ()),
    ("Fix the fucking heating", "offensive", ()),
    ("you are all w\u200banke\u200brs", "offensive", ()),
    ("what a load of sh*t", "offensive", ()),
    ("f**k off", "offensive", ()),
    ("ＦＵＣＫ this", "offensive", ()),
    ("I know where you live and I'm coming for you, you bastards", "threat", ()),
    ("I\u2019ll kill the lot of you", "threat", ()),
    ("Going to smash your windows. When are you open?", "threat", ()),
    ("Claim your prize: click here to win", "spam", ()),
    ("Ring me on 07700 900123 please", "unclassified", ("personal-data",)),
    ("call +44 7700 900 123, any update?", "query", ("personal-data",)),
    ("my number is 0141 496 0123", "unclassified", ("personal-data",)),
    ("mail me: jo.bloggs+home@example.org.uk", "unclassified", ("personal-data",)),
    ("I live at 12 High Street, Exeter EX1 2AB", "unclassified", ("personal-data",)),
    ("Flat at 4b Mill Lane, Glasgow, G51 1AA. How long for a repair?", "query", ("personal-data",)),
]

INNOCENT = [
    "Which fire-retardant cladding do you use?",
    "The radiator could burn your hand",
    "This damp will kill her one day",
    "Greetings from Scunthorpe",
    "Please shoot us an email",
    "The dyke behind the houses has fallen in",
    "Assessment of the classic cars in Penistone",
    "We raised 1200 pounds in 24 hours at 9 events",
    "Meet us at 10 in Postcode Lottery Hall",
]


@pytest.mark.parametrize(("text", "kind", "flags"), LABELLED, ids=[repr(row[0])[:40] for row in LABELLED])
def test_labelled_texts(westward: Pack, wheatley: Pack, text: str, kind: str, flags: tuple[str, ...]) -> None:
    for pack in (westward, wheatley):
        found = pack.triage.classify(text)
        assert (found.kind, found.flags) == (kind, flags), found.why
        assert bool(found.why) == (kind != "unclassified" or bool(flags))


@pytest.mark.parametrize("text", INNOCENT)
def test_words_inside_words_and_harmless_phrases(westward: Pack, text: str) -> None:
    found = westward.triage.classify(text)
    assert found.kind not in ("offensive", "threat", "spam")
    assert "personal-data" not in found.flags


def test_why_names_the_rules_that_decided(westward: Pack) -> None:
    found = westward.triage.classify("Still waiting, this is a disgrace. When will you come? jo@example.org")
    assert found.kind == "complaint"
    assert found.why == ("complaint-waiting", "complaint-judged", "negative-words", "personal-data-email")
    assert found.flags == ("negative", "personal-data")


def test_whole_words_phrases_stems_and_accents() -> None:
    rules = (
        TriageRule(id="phrase", kind="complaint", words=("Café  closed",)),
        TriageRule(id="stem", kind="offensive", words=("swear*",)),
        TriageRule(id="german", kind="query", words=("straße",)),
    )
    triager = Triager(rules)
    assert triager.classify("the CAFE\u0301 -- closed!").kind == "complaint"
    assert triager.classify("cafeteria closed").kind == "unclassified"
    assert triager.classify("all that SWEARING").kind == "offensive"
    assert triager.classify("he forswears").kind == "unclassified"
    assert triager.classify("STRASSE").kind == "query"


LONG = {
    "letters": "a" * 100_000,
    "digits": "0" * 100_000,
    "numbered": "1 " * 50_000,
    "address": "1 a" + " a" * 50_000,
    "mail": "a@" * 50_000,
    "masked": "f*" * 50_000,
    "marks": "\u0301\u0323" * 50_000,
    "ligatures": "\ufdfa" * 20_000,
    "phrase": "kill the lot of " * 6_000,
}


@pytest.mark.parametrize("text", LONG.values(), ids=LONG.keys())
def test_the_longest_texts_take_no_time(westward: Pack, text: str) -> None:
    began = time.perf_counter()
    assert westward.triage.classify(text).kind != "threat"
    assert time.perf_counter() - began < 3
