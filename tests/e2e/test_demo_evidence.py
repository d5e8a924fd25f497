"""The demo's judgement: what is seen is told in the same words as what was expected, or the row differs."""

from typing import Any

import pytest

from deploy.demo.acts import Promise
from deploy.demo.evidence import Row
from deploy.demo.stories import STORIES
from deploy.demo.telling import told_of_answers, told_of_others
from deploy.demo.week import instant, words

BREACH: dict[str, Any] = {
    "type": "houserules.sla-breach.v1",
    "clauses": "westward:3.6,westward:7.9",
    "data": {"kind": "response", "noticed_at": "2026-03-30T11:30:01Z", "due_at": "2026-03-30T11:30:00Z"},
}


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("Fri 16:30", "2026-03-27T16:30:00+00:00"),
        ("Mon 12:30:01", "2026-03-30T11:30:01+00:00"),
        ("Mon 24:00", "2026-03-30T23:00:00+00:00"),
        ("Tue 00:00:01", "2026-03-30T23:00:01+00:00"),
        ("Thu 10:00", "2026-04-02T09:00:00+00:00"),
    ],
)
def test_the_weeks_instants_there_and_back(text: str, utc: str) -> None:
    assert instant(text).isoformat() == utc
    assert words(utc) == text


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({}, ["breach noticed Mon 12:30:01"]),
        ({"data": {**BREACH["data"], "settled_at": "2026-03-30T12:00:00Z"}}, ["breach, answered Mon 13:00"]),
        ({"data": {**BREACH["data"], "noticed_at": "2026-03-30T11:30:02Z"}}, ["breach noticed Mon 12:30:02"]),
        ({"clauses": "westward:7.9"}, ["breach noticed Mon 12:30:01 (clauses: westward:7.9)"]),
        ({"clauses": None}, ["breach noticed Mon 12:30:01 (clauses: )"]),
        ({"data": {**BREACH["data"], "kind": "resolution"}}, []),
    ],
)
def test_another_event_is_told_in_other_words(change: dict[str, Any], told: list[str]) -> None:
    assert told_of_answers("westward:3.6", [BREACH | change]) == told


REVOKE: dict[str, Any] = {
    "type": "houserules.revoke-access.v1",
    "time": "2026-03-30T08:30:00Z",
    "clauses": "westward:6.4,westward:6.3,westward:7.11",
    "data": {"action": "remove-role", "site": "page", "deadline": "2026-04-01T08:30:00Z"},
}
CONFIRMED = REVOKE | {"type": "houserules.revocation-confirmed.v1", "data": {"by": "p-1", "evidence": "sha256:00"}}
MISSING = {
    "type": "houserules.consent-missing.v1",
    "time": "2026-03-27T11:10:00Z",
    "clauses": "westward:4.10,westward:10.4",
    "data": {"findings": [{"person": "t-3", "use": "u", "code": "no-consent"}, {"use": "u", "code": "background"}]},
}


@pytest.mark.parametrize(
    ("events", "told"),
    [
        ([REVOKE], ["Mon 09:30 remove-role at page, due Wed 09:30"]),
        ([REVOKE, REVOKE], ["2 × Mon 09:30 remove-role at page, due Wed 09:30"]),
        ([REVOKE | {"time": "2026-03-30T08:30:01Z"}], ["Mon 09:30:01 remove-role at page, due Wed 09:30"]),
        (
            [REVOKE | {"clauses": "westward:6.8"}],
            ["Mon 09:30 remove-role at page, due Wed 09:30 (clauses: westward:6.8)"],
        ),
        ([CONFIRMED], ["Mon 09:30 confirmed by p-1, with evidence"]),
        ([CONFIRMED | {"data": {"by": "p-1"}}], ["Mon 09:30 confirmed by p-1, without evidence"]),
        ([MISSING], ["Fri 11:10 missing: t-3 in u no-consent, u background (clauses: westward:4.10, westward:10.4)"]),
        ([REVOKE | {"type": "houserules.access-reappeared.v1"}], ["access-reappeared"]),
    ],
)
def test_leavers_and_pictures_are_told_with_their_instants_and_nothing_goes_unseen(
    events: list[dict[str, Any]], told: list[str]
) -> None:
    assert told_of_others("westward:6.4", events) == told


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.promise)
def test_a_row_is_kept_by_what_was_expected_alone(story: Any) -> None:
    assert Row(story, story.expected).kept
    assert not Row(story, story.expected[:-1]).kept
    assert not Row(story, (*story.expected, story.expected[-1])).kept
    assert not Row(story, ()).kept


def test_the_week_has_every_scene_that_it_must() -> None:
    seen = " | ".join(mark for story in STORIES for mark in story.expected)
    for mark in ("remove-role at", "rotate-secret at", "remove-member at", "planned for Mon 24:00", "held at ww-repairs",
                 "overdue, level 1", "with evidence", "confirm refused: 422", "confirm refused: 403", "missing: t-3 in",
                 "satisfied", "takedown of ww-garden-1 by Wed 14:00: withdrawn", "breach noticed Mon 12:30:01", "breach noticed Tue 00:00:01", "late answer", "retracted", "waived",
                 "exempted", "waive refused: 422", "1 message-received", "warning"):  # fmt: skip
        assert mark in seen
    kept = {(story.part, story.organisation) for story in STORIES}
    assert kept == {(part, organisation) for part in Promise for organisation in ("westward", "wheatley")}


def test_no_two_stories_of_a_landlord_are_about_the_same() -> None:
    about = [(story.organisation, key) for story in STORIES for key in story.about]
    assert len(about) == len(set(about))
    assert {("westward", "1001"), ("wheatley", "1001")} <= set(about), "one id, two people"
