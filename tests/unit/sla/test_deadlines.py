"""When an answer is due, and for what: both landlords' rules of domain "answering in time", example by example."""

import pytest

from tests.unit.sla.story import (
    Story,
    message_received,
    sla_breach,
    sla_met,
    sla_started,
)
from tests.unit.sla.story import message_replied as replied

WESTWARD_DUE = [
    pytest.param("Mon 09:00", "Mon 13:00", id="westward Mon 09:00 → 13:00"),
    pytest.param("Mon 13:00", "Mon 17:00", id="westward Mon 13:00 → the close of Monday"),
    pytest.param("Fri 16:30", "next Mon 12:30", id="westward Fri 16:30 → Mon 12:30"),
    pytest.param("Sat 11:00", "next Mon 13:00", id="westward Sat 11:00 → Mon 13:00"),
    pytest.param("2026-03-27 16:00", "2026-03-30 12:00", id="westward Fri 27 Mar 16:00 → Mon 30 Mar 12:00 BST"),
    pytest.param("2026-04-02 16:00", "2026-04-07 12:00", id="westward over Easter"),
]
WHEATLEY_DUE = [
    pytest.param("Mon 10:00", "Tue 10:00", id="wheatley Mon 10:00 → Tue 10:00"),
    pytest.param("Fri 16:30", "next Mon 16:30", id="wheatley Fri 16:30 → Mon 16:30"),
    pytest.param("Sat 11:00", "next Mon 24:00", id="wheatley Sat → Mon 24:00"),
    pytest.param("Sun 23:59", "next Mon 24:00", id="wheatley Sun → Mon 24:00"),
    pytest.param(
        "2026-04-02 15:00", "2026-04-06 15:00", id="wheatley Thu 2 Apr 15:00 → Easter Monday, worked in Scotland"
    ),
    pytest.param("2026-06-12 10:00", "2026-06-16 10:00", id="wheatley Fri 12 Jun → Tue 16 Jun, one-off holiday"),
]


@pytest.mark.parametrize(("posted", "due"), WESTWARD_DUE)
def test_westward_answers_within_half_a_working_day(westward: Story, posted: str, due: str) -> None:
    westward.given(message_received(at=posted))
    westward.then(sla_started(started=posted, due=due, kind="response", policy="westward/2023-26", revision=1, cycle=1))


@pytest.mark.parametrize(("posted", "due"), WHEATLEY_DUE)
def test_wheatley_answers_within_24_hours_of_working_dates(wheatley: Story, posted: str, due: str) -> None:
    wheatley.given(message_received(at=posted))
    wheatley.then(sla_started(started=posted, due=due, kind="response", policy="wheatley/2017"))


def test_westward_in_march_is_an_instant_in_utc(westward: Story) -> None:
    westward.given(message_received(at="2026-03-27 16:00"))
    assert westward.target().due_at.isoformat() == "2026-03-30T11:00:00+00:00"


APPLIES = [
    *[("westward", "Wed 10:00", kind, (), v, kind in ("query", "complaint", "unclassified"))
      for kind in ("query", "complaint", "unclassified", "feedback", "thanks", "offensive", "threat", "spam")
      for v in ("public", "private")],
    *[("westward", "Wed 10:00", "feedback", ("negative",), v, True) for v in ("public", "private")],
    ("westward", "Wed 10:00", "feedback", ("personal-data",), "public", False),
    ("westward", "Wed 10:00", "thanks", ("negative",), "public", False),
    ("westward", "Sat 10:00", "feedback", (), "public", False),
    *[("wheatley", "Wed 10:00", kind, (), v, kind in ("query", "complaint", "unclassified"))
      for kind in ("query", "complaint", "unclassified", "feedback", "thanks", "offensive", "threat", "spam")
      for v in ("public", "private")],
    *[("wheatley", "Sun 10:00", kind, (), v, kind not in ("offensive", "spam"))
      for kind in ("query", "complaint", "unclassified", "feedback", "thanks", "offensive", "threat", "spam")
      for v in ("public", "private")],
]  # fmt: skip


@pytest.mark.parametrize(
    ("organisation", "posted", "kind", "flags", "visibility", "owed"),
    APPLIES,
    ids=lambda value: "+".join(value) if isinstance(value, tuple) else str(value),
)
def test_which_messages_are_owed_an_answer(
    organisation: str, posted: str, kind: str, flags: tuple[str, ...], visibility: str, owed: bool, packs: object,
    request: pytest.FixtureRequest,
) -> None:  # fmt: skip
    story: Story = request.getfixturevalue(organisation)
    story.given(message_received(at=posted, kind=kind, flags=flags, visibility=visibility))
    story.then(*([sla_started(message_kind=kind)] if owed else []))
    assert story.state == ("open" if owed else "answered")


@pytest.mark.parametrize(
    ("organisation", "kind", "flags", "visibility", "clauses"),
    [
        ("westward", "query", (), "public", ("westward:3.6", "westward:7.9")),
        ("westward", "feedback", ("negative",), "public", ("westward:6.12", "westward:7.9")),
        (
            "westward", "query", (), "private",
            ("westward:3.6", "westward:7.9", "westward:1.4", "westward:2.4", "westward:3.11"),
        ),
        ("wheatley", "complaint", (), "public", ("wheatley:responding-to-customers",)),
    ],
)  # fmt: skip
def test_events_carry_the_clauses_of_their_rule(
    organisation: str, kind: str, flags: tuple[str, ...], visibility: str, clauses: tuple[str, ...],
    request: pytest.FixtureRequest,
) -> None:  # fmt: skip
    story: Story = request.getfixturevalue(organisation)
    story.given(message_received(at="Wed 10:00", kind=kind, flags=flags, visibility=visibility))
    story.after_downtime("next Wed 10:00")
    story.then(sla_started(clauses=clauses), sla_breach(clauses=clauses))


def test_the_clock_starts_outside_opening_hours_too(westward: Story) -> None:
    westward.given(message_received(at="Sat 11:00"), replied(at="Sat 12:30"))
    westward.then(
        sla_started(started="Sat 11:00"), sla_met(started="Sat 11:00", settled="Sat 12:30", working_s=0, elapsed_s=5400)
    )


def test_working_and_elapsed_time_are_told_apart(westward: Story) -> None:
    westward.given(message_received(at="Fri 16:30"), replied(at="next Mon 10:00"))
    westward.then(sla_started(), sla_met(working_s=90 * 60, elapsed_s=(65 * 60 + 30) * 60))


def test_the_policy_version_is_that_of_the_start(westward: Story) -> None:
    westward.given(message_received(at="Fri 16:30"))
    assert westward.target().policy == "westward/2023-26"
