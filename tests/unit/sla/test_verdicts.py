"""Open, warned, met, breached, answered late, retracted: how a target lives, whatever comes when."""

from collections.abc import Callable

import pytest

from services.sla.domain import target_id
from tests.unit.sla.story import (
    Expected,
    Said,
    Story,
    at,
    author_blocked,
    conversation_waived,
    message_classified,
    message_deleted,
    message_moderated,
    message_received,
    message_replied,
    sla_breach,
    sla_breach_retracted,
    sla_exempted,
    sla_late_answer,
    sla_met,
    sla_started,
    sla_voided,
    sla_waived,
    sla_warning,
    sla_withdrawn,
)

Tell = Callable[..., Expected]
WARNED = [sla_warning(at="next Mon 10:30"), sla_warning(at="next Mon 12:00")]


def test_answered_in_time(westward: Story) -> None:
    westward.given(message_received(at="Mon 09:00"), message_replied(at="Mon 10:00"))
    westward.then(sla_started(), sla_met(settled="Mon 10:00", revision=2, causation_id="message-replied-r1"))
    assert (westward.target().state, westward.state, westward.next_at) == ("met", "answered", None)


def test_never_answered(westward: Story) -> None:
    westward.given(message_received(at="Fri 16:30"))
    westward.when(clock="next Mon 12:30:01")
    westward.then(
        sla_started(),
        *WARNED,
        sla_breach(due="next Mon 12:30", kind="response", cycle=1, policy="westward/2023-26", revision=2, settled=None),
    )
    assert (westward.target().state, westward.state, westward.next_at) == ("breached", "open", None)


def test_a_breach_is_told_once(westward: Story) -> None:
    westward.given(message_received(at="Mon 09:00"))
    westward.after_downtime("Mon 14:00")
    westward.then(sla_started(), sla_breach(noticed="Mon 14:00"))
    westward.after_downtime("Tue 14:00")
    westward.given(message_received("m2", at="Tue 15:00", kind="thanks"))
    westward.then()


def test_at_the_due_time_itself_nothing_is_late(westward: Story) -> None:
    westward.given(message_received(at="Mon 09:00"))
    westward.after_downtime("Mon 13:00")
    westward.then(sla_started())
    westward.given(message_replied(at="Mon 13:00"))
    westward.then(sla_met(settled="Mon 13:00"))


def test_a_second_after_it_is_late(westward: Story) -> None:
    westward.given(message_received(at="Mon 09:00"), message_replied(at="Mon 13:00:01"))
    westward.then(
        sla_started(),
        sla_breach(settled="Mon 13:00:01", noticed="Mon 13:00:01"),
        sla_late_answer(settled="Mon 13:00:01", working_s=4 * 3600 + 1, elapsed_s=4 * 3600 + 1),
    )


def test_answered_late_after_the_timer_saw_it(westward: Story) -> None:
    westward.given(message_received(at="Fri 16:30"))
    westward.when(clock="next Mon 14:00")
    westward.given(message_replied(at="next Mon 14:00"))
    westward.then(
        sla_started(), *WARNED, sla_breach(settled=None), sla_late_answer(settled="next Mon 14:00", revision=3)
    )
    assert (westward.target().state, westward.state) == ("breached", "answered")


def test_answered_late_before_the_timer_saw_it_still_breaches(westward: Story) -> None:
    westward.given(message_received(at="Mon 09:00"), message_replied(at="Mon 15:00"))
    westward.then(
        sla_started(),
        sla_breach(due="Mon 13:00", settled="Mon 15:00", noticed="Mon 15:00"),
        sla_late_answer(settled="Mon 15:00"),
    )


def test_an_answer_in_time_that_is_heard_late_undoes_the_breach(westward: Story) -> None:
    westward.given(message_received(at="Mon 09:00"))
    westward.after_downtime("Mon 13:00:01")
    breach = westward.told[-1].id
    westward.given(message_replied(at="Mon 12:59"))
    westward.then(
        sla_started(revision=1),
        sla_breach(revision=2),
        sla_breach_retracted(breach=breach, reason="answered-in-time", settled="Mon 12:59", revision=3),
        sla_met(settled="Mon 12:59", revision=4),
    )
    assert (westward.target().state, westward.target().breach) == ("met", None)


def test_a_late_answer_gives_way_to_one_in_time_that_is_heard_later(westward: Story) -> None:
    westward.given(message_received(at="Mon 09:00"), message_replied(at="Mon 15:00"))
    westward.given(message_replied("r0", at="Mon 12:00"))
    westward.then(
        sla_started(),
        sla_breach(),
        sla_late_answer(),
        sla_breach_retracted(reason="answered-in-time", settled="Mon 12:00"),
        sla_met(settled="Mon 12:00"),
    )


SETTLED_IN_TIME = [
    pytest.param(
        conversation_waived(at="Mon 12:00", reason="no-reply-needed"), "waived", sla_waived, "no-reply-needed"
    ),
    pytest.param(message_moderated("hidden", at="Mon 12:00"), "exempted", sla_exempted, "offensive"),
    pytest.param(message_deleted(at="Mon 12:00"), "voided", sla_voided, "deleted-by-author"),
    pytest.param(author_blocked(at="Mon 12:00"), "exempted", sla_exempted, "author-blocked"),
    pytest.param(message_classified(at="Mon 12:00", kind="thanks"), "reclassified", sla_withdrawn, "reclassified"),
]


@pytest.mark.parametrize(("late_news", "retracted", "told", "reason"), SETTLED_IN_TIME)
def test_whatever_settled_in_time_and_is_heard_late_undoes_the_breach(
    westward: Story, late_news: Said, retracted: str, told: Tell, reason: str
) -> None:
    westward.given(message_received(at="Mon 09:00"))
    westward.after_downtime("Mon 14:00")
    westward.given(late_news)
    westward.then(
        sla_started(), sla_breach(), sla_breach_retracted(reason=retracted), told(at="Mon 12:00", reason=reason)
    )
    assert westward.target().state in ("waived", "exempted", "voided", "withdrawn")


@pytest.mark.parametrize(
    ("news", "told"),
    [
        pytest.param(conversation_waived(at="Mon 14:00", reason="no-reply-needed"), sla_waived, id="waived"),
        pytest.param(message_moderated("removed", at="Mon 14:00"), sla_exempted, id="removed as offensive"),
        pytest.param(message_deleted(at="Mon 14:00"), sla_voided, id="deleted"),
        pytest.param(author_blocked(at="Mon 14:00"), sla_exempted, id="blocked"),
        pytest.param(message_classified(at="Mon 14:00", kind="thanks"), sla_withdrawn, id="reclassified"),
    ],
)
@pytest.mark.parametrize("noticed", ["by the timer", "with the news"])
def test_what_settles_after_the_due_time_closes_the_cycle_and_the_verdict_stays(
    westward: Story, news: Said, told: Tell, noticed: str
) -> None:
    westward.given(message_received(at="Mon 09:00"))
    if noticed == "by the timer":
        westward.after_downtime("Mon 13:30")
    westward.given(news)
    westward.then(sla_started(), sla_breach(due="Mon 13:00"), told(at="Mon 14:00"))
    assert (westward.target().state, westward.state) == ("breached", "answered")
    westward.given(message_replied(at="Mon 15:00"))
    westward.then()


def test_first_seen_when_already_settled(westward: Story) -> None:
    westward.given(message_replied(at="Mon 12:50"))
    westward.given(message_received(at="Mon 09:00"))
    westward.then(sla_started(revision=1), sla_met(settled="Mon 12:50", revision=2))


def test_first_seen_when_already_settled_late(westward: Story) -> None:
    westward.given(message_replied(at="Tue 09:30"))
    westward.given(message_received(at="Mon 09:00"))
    westward.then(sla_started(), sla_breach(settled="Tue 09:30"), sla_late_answer(settled="Tue 09:30"))


def test_a_deletion_heard_before_its_message_leaves_no_clock_running(westward: Story) -> None:
    westward.given(message_deleted(at="Mon 09:05"))
    westward.given(message_received(at="Mon 09:00"))
    westward.then(sla_started(), sla_voided(at="Mon 09:05"))
    assert (westward.target().state, westward.next_at, westward.state) == ("voided", None, "answered")


def test_what_is_said_of_a_message_never_comes_before_it(westward: Story) -> None:
    """A slow clock: the deletion is stamped before the message. It is void from the start, in either order."""
    westward.given(message_deleted(at="Mon 08:59"), message_received(at="Mon 09:00"))
    westward.then(sla_started(), sla_voided(at="Mon 09:00"))


def test_an_earlier_answer_heard_late_corrects_the_time_without_another_verdict(westward: Story) -> None:
    westward.given(message_received(at="Mon 09:00"), message_replied("r2", at="Mon 11:30"))
    westward.given(message_replied("r1", at="Mon 10:00"))
    westward.then(sla_started(), sla_met(settled="Mon 11:30"))
    assert westward.target().settled_at == at("Mon 10:00")


def test_an_older_message_heard_late_opens_the_cycle(westward: Story) -> None:
    westward.given(message_received("m2", at="Mon 10:00"))
    westward.given(message_received("m1", at="Mon 09:30"))
    westward.then(
        sla_started(message="m2", started="Mon 10:00"),
        sla_withdrawn(message="m2", reason="opened-earlier", causation_id="message-received-m1"),
        sla_started(message="m1", started="Mon 09:30", due="Mon 13:30"),
    )


def test_an_older_message_heard_late_undoes_the_later_ones_breach(westward: Story) -> None:
    westward.given(message_received("m2", at="Mon 10:00"))
    westward.after_downtime("Mon 15:00")
    westward.given(message_received("m1", at="Mon 09:30"))
    westward.then(
        sla_started(message="m2"),
        sla_breach(message="m2"),
        sla_breach_retracted(message="m2", reason="opened-earlier"),
        sla_started(message="m1"),
        sla_breach(message="m1", due="Mon 13:30"),
    )
    assert westward.target("m2").state == "withdrawn"


def test_a_deadline_event_never_comes_before_its_time_even_for_an_answer_stamped_ahead(westward: Story) -> None:
    westward.given(message_received(at="Mon 09:00"))
    westward.hear(message_replied(at="Mon 13:02"), at("Mon 12:59"))
    westward.then(sla_started())
    westward.when(clock="Mon 13:00")
    westward.then()
    westward.when(clock="Mon 13:00:01")
    westward.then(sla_breach(settled="Mon 13:02"), sla_late_answer(settled="Mon 13:02"))


def test_the_clock_may_go_back_without_taking_anything_back(westward: Story) -> None:
    westward.given(message_received(at="Mon 09:00"))
    westward.after_downtime("Mon 14:00")
    westward.then(sla_started(), sla_breach())
    westward.look(at("Mon 10:00"))
    westward.then()
    assert westward.target().state == "breached"


def test_each_event_names_its_story_and_its_cause(westward: Story) -> None:
    westward.given(message_received(at="Mon 09:00"), message_replied(at="Mon 10:00"))
    assert [event.correlation_id for event in westward.told] == ["message-received-m1"] * 2
    assert [event.causation_id for event in westward.told] == ["message-received-m1", "message-replied-r1"]
    assert {event.source for event in westward.told} == {"/houserules/sla"}
    assert {event.key for event in westward.told} == {"c1"}
    assert [event.time for event in westward.told] == [at("Mon 09:00"), at("Mon 10:00")]


def test_a_target_is_identified_by_what_makes_it_this_one(westward: Story) -> None:
    westward.given(message_received(at="Mon 09:00"))
    assert westward.target().id == target_id("westward", "c1", "response", "m1", at("Mon 09:00"))
    others = [
        target_id("wheatley", "c1", "response", "m1", at("Mon 09:00")),
        target_id("westward", "c2", "response", "m1", at("Mon 09:00")),
        target_id("westward", "c1", "resolution", "m1", at("Mon 09:00")),
        target_id("westward", "c1", "response", "m2", at("Mon 09:00")),
        target_id("westward", "c1", "response", "m1", at("Mon 09:01")),
    ]
    assert len({westward.target().id, *others}) == 6
