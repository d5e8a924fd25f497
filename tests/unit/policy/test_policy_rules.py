"""Which message comes under which rule, at both landlords."""

from collections.abc import Collection
from datetime import UTC, datetime

import pytest

from shared.policy import Pack, Packs, UnknownOrganisation

WEEKDAY = datetime(2026, 3, 4, 12, tzinfo=UTC)
WEEKEND = datetime(2026, 3, 7, 12, tzinfo=UTC)
KINDS = ("query", "complaint", "feedback", "thanks", "offensive", "threat", "spam", "unclassified")


def targets(pack: Pack, kind: str, flags: tuple[str, ...], visibility: str, posted_at: datetime) -> set[str]:
    kinds = ("response", "resolution", "moderate", "take-private", "removal-notice", "explain-removal")
    return {target for target in kinds if pack.target_rule(target, kind, flags, visibility, posted_at)}


WESTWARD = [
    ("query", (), {"response"}),
    ("query", ("negative",), {"response", "take-private"}),
    ("complaint", (), {"response", "take-private"}),
    ("complaint", ("personal-data",), {"response", "take-private", "moderate"}),
    ("unclassified", (), {"response"}),
    ("feedback", (), set()),
    ("feedback", ("negative",), {"response", "take-private"}),
    ("thanks", (), set()),
    ("thanks", ("negative",), set()),
    ("offensive", (), {"moderate"}),
    ("threat", (), {"moderate"}),
    ("spam", (), set()),
    ("spam", ("personal-data",), {"moderate"}),
]


def _name(value: str | Collection[str]) -> str:
    """The same in every process: a set has no order of its own."""
    return value if isinstance(value, str) else "+".join(sorted(value)) or "none"


@pytest.mark.parametrize(("kind", "flags", "expected"), WESTWARD, ids=_name)
@pytest.mark.parametrize("posted_at", [WEEKDAY, WEEKEND], ids=["weekday", "weekend"])
def test_westward_public(
    westward: Pack, kind: str, flags: tuple[str, ...], expected: set[str], posted_at: datetime
) -> None:
    after_removal = {"removal-notice", "explain-removal"}
    assert targets(westward, kind, flags, "public", posted_at) - after_removal == expected


@pytest.mark.parametrize("kind", KINDS)
def test_westward_owes_a_notice_for_whatever_was_removed(westward: Pack, kind: str) -> None:
    assert {"removal-notice", "explain-removal"} <= targets(westward, kind, (), "public", WEEKDAY)


@pytest.mark.parametrize("kind", KINDS)
def test_westward_private_messages_are_answered_and_not_moderated(westward: Pack, kind: str) -> None:
    """westward:1.4, 2.4, 3.11."""
    found = targets(westward, kind, ("negative", "personal-data"), "private", WEEKDAY)
    answered = {"response"} if kind in ("query", "complaint", "unclassified", "feedback") else set()
    assert found - {"removal-notice", "explain-removal"} == answered


WHEATLEY = [
    ("query", {"response", "resolution"}, {"response", "resolution"}),
    ("complaint", {"response", "resolution"}, {"response", "resolution"}),
    ("unclassified", {"response"}, {"response"}),
    ("feedback", set(), {"response"}),
    ("thanks", set(), {"response"}),
    ("threat", {"moderate"}, {"response", "moderate"}),
    ("offensive", {"moderate"}, {"moderate"}),
    ("spam", set(), set()),
]


@pytest.mark.parametrize(("kind", "weekday", "weekend"), WHEATLEY, ids=[row[0] for row in WHEATLEY])
def test_wheatley(wheatley: Pack, kind: str, weekday: set[str], weekend: set[str]) -> None:
    """wheatley:responding-to-customers, appendix-1.4: weekend comments are answered, too."""
    assert targets(wheatley, kind, (), "public", WEEKDAY) == weekday
    assert targets(wheatley, kind, (), "public", WEEKEND) == weekend


def test_clauses_of_an_answer(westward: Pack, wheatley: Pack) -> None:
    public = westward.target_rule("response", "query", (), "public", WEEKDAY)
    private = westward.target_rule("response", "query", (), "private", WEEKDAY)
    negative = westward.target_rule("response", "feedback", ("negative",), "public", WEEKDAY)
    scottish = wheatley.target_rule("response", "complaint", (), "public", WEEKDAY)
    assert public is not None and private is not None and negative is not None and scottish is not None
    assert public.clauses == ("westward:3.6", "westward:7.9")
    assert {"westward:3.6", "westward:7.9", "westward:2.4"} < set(private.clauses)
    assert negative.clauses == ("westward:6.12", "westward:7.9")
    assert scottish.clauses == ("wheatley:responding-to-customers",)


def test_waivers(westward: Pack, wheatley: Pack) -> None:
    assert westward.waiver.reasons == ("no-reply-needed",)
    assert set(wheatley.waiver.reasons) == {"not-appropriate", "no-reply-needed"}


@pytest.mark.parametrize("organisation", ["westward", "wheatley"])
def test_offensive_posts_need_nothing_more_once_hidden_or_removed(packs: Packs, organisation: str) -> None:
    assert packs.latest(organisation).moderation.exempts_on == ("hidden", "removed")


def test_planning_takes_the_rule_of_the_weekday(westward: Pack, wheatley: Pack) -> None:
    planned = [wheatley.planning_rule("response", at) for at in (WEEKDAY, WEEKEND)]
    assert [rule.id for rule in planned if rule] == ["response", "response-weekend"]
    assert westward.planning_rule("resolution", WEEKDAY) is None


def test_an_organisation_without_a_pack(packs: Packs) -> None:
    for ask in (packs.latest, packs.versions):
        with pytest.raises(UnknownOrganisation, match="no policy pack for organisation 'acme'"):
            ask("acme")
    with pytest.raises(KeyError):
        packs.at("acme", WEEKDAY)
