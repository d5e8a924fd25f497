"""The demo's judgement: what is seen is told in the same words as what was expected, or the row differs."""

from typing import Any

import pytest

from deploy.demo.evidence import Row, telling
from deploy.demo.stories import STORIES
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
    assert telling("westward:3.6", [BREACH | change]) == told


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.promise)
def test_a_row_is_kept_by_what_was_expected_alone(story: Any) -> None:
    assert Row(story, story.expected).kept
    assert not Row(story, story.expected[:-1]).kept
    assert not Row(story, (*story.expected, story.expected[-1])).kept
    assert not Row(story, ()).kept


def test_the_week_has_every_scene_that_it_must() -> None:
    seen = " | ".join(mark for story in STORIES for mark in story.expected)
    for mark in ("breach noticed Mon 12:30:01", "breach noticed Tue 00:00:01", "late answer", "retracted", "waived",
                 "exempted", "waive refused: 422", "1 message-received", "warning"):  # fmt: skip
        assert mark in seen
