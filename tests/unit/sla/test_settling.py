"""What settles or touches a target, row by row."""

import pytest

from shared.contracts import messages as said
from shared.policy import Packs
from tests.unit.sla.story import (
    Said,
    Story,
    at,
    author_blocked,
    author_unblocked,
    complaint_referred,
    conversation_reassigned,
    conversation_waived,
    message_classified,
    message_deleted,
    message_edited,
    message_moderated,
    message_received,
    message_replied,
    sla_breach,
    sla_exempted,
    sla_late_answer,
    sla_met,
    sla_started,
    sla_voided,
    sla_waived,
    sla_warning,
    sla_withdrawn,
    staff_acted,
)


class TestReply:
    """Row 1."""

    @pytest.mark.parametrize("visibility", ["public", "private"])
    def test_a_reply_settles_every_message_before_it(self, westward: Story, visibility: str) -> None:
        westward.given(message_received("m1", at="Mon 09:00"), message_received("m2", at="Mon 10:00"))
        westward.given(message_replied(at="Mon 10:30", visibility=visibility), message_deleted("m1", at="Mon 10:40"))
        westward.then(sla_started(message="m1"), sla_met(message="m1"))

    def test_an_automatic_one_settles_nothing(self, westward: Story) -> None:
        westward.given(message_received(at="Mon 09:00"), message_replied(at="Mon 09:01", automatic=True))
        westward.then(sla_started())
        assert westward.state == "open"

    def test_an_account_that_is_not_in_force_answers_too(self, westward: Story) -> None:
        westward.given(message_received(at="Mon 09:00"), message_replied(at="Mon 09:30", account="not-in-register"))
        westward.then(sla_started(), sla_met())

    def test_a_reply_of_the_same_second_answers(self, westward: Story) -> None:
        westward.given(message_replied(at="Mon 09:00", id="0"))
        westward.given(message_received(at="Mon 09:00", id="9"))
        westward.then(sla_started(), sla_met(settled="Mon 09:00", working_s=0))

    def test_a_reply_before_the_message_does_not(self, westward: Story) -> None:
        westward.given(message_replied(at="Mon 08:59"), message_received(at="Mon 09:00"))
        westward.then(sla_started())

    def test_the_same_reply_twice_under_two_ids_changes_nothing(self, westward: Story) -> None:
        westward.given(message_received(at="Mon 09:00"), message_replied(at="Mon 09:30"))
        westward.given(message_replied(at="Mon 09:30", id="again"))
        westward.then(sla_started(), sla_met())

    def test_a_holding_reply_answers(self, westward: Story) -> None:
        westward.given(message_received(at="Mon 09:00"), message_replied(at="Mon 09:30", holding=True))
        westward.then(sla_started(), sla_met())


class TestModeration:
    """Rows 2, 3 and 5."""

    @pytest.mark.parametrize("organisation", ["westward", "wheatley"])
    @pytest.mark.parametrize("action", ["hidden", "removed"])
    def test_offensive_ends_the_duty_to_answer(
        self, organisation: str, action: str, request: pytest.FixtureRequest
    ) -> None:
        story: Story = request.getfixturevalue(organisation)
        story.given(message_received(at="Mon 09:00"), message_moderated(action, at="Mon 09:30"))
        story.then(sla_started(), sla_exempted(at="Mon 09:30", reason="offensive"))

    def test_that_carries_the_clause_of_moderation(self, wheatley: Story) -> None:
        wheatley.given(message_received(at="Mon 09:00"), message_moderated("hidden", at="Mon 09:30"))
        wheatley.then(
            sla_started(), sla_exempted(clauses=("wheatley:responding-to-customers", "wheatley:appendix-1.9"))
        )

    @pytest.mark.parametrize("reason", ["inappropriate", "personal-data", "spam", "other"])
    def test_any_other_reason_leaves_the_duty(self, westward: Story, reason: str) -> None:
        westward.given(message_received(at="Mon 09:00"), message_moderated("removed", at="Mon 09:30", reason=reason))
        westward.then(sla_started())

    def test_restored_it_counts_as_received_then(self, westward: Story) -> None:
        westward.given(message_received(at="Mon 09:00"), message_moderated("hidden", at="Mon 09:30"))
        westward.given(message_moderated("restored", at="Mon 11:00", reason="other"))
        westward.then(
            sla_started(cycle=1),
            sla_exempted(),
            sla_started(message="m1", started="Mon 11:00", due="Mon 15:00", cycle=2),
        )

    def test_hiding_and_restoring_wins_no_time(self, westward: Story) -> None:
        westward.given(message_received(at="Mon 09:00"), message_moderated("hidden", at="Mon 09:30", reason="other"))
        westward.given(message_moderated("restored", at="Mon 11:00", reason="other"))
        westward.then(sla_started(started="Mon 09:00"), sla_warning(at="Mon 11:00"))

    def test_an_answered_message_that_is_restored_is_owed_an_answer_again(self, westward: Story) -> None:
        westward.given(message_received(at="Mon 09:00"), message_replied(at="Mon 09:10"))
        westward.given(message_moderated("removed", at="Mon 09:30"))
        westward.given(message_moderated("restored", at="Mon 11:00", reason="other"))
        westward.then(sla_started(), sla_met(), sla_started(started="Mon 11:00"))

    def test_restoring_what_nobody_hid_does_nothing(self, westward: Story) -> None:
        westward.given(message_received(at="Mon 09:00"), message_replied(at="Mon 09:10"))
        westward.given(message_moderated("restored", at="Mon 11:00", reason="other"))
        westward.then(sla_started(), sla_met())

    def test_what_its_author_deleted_is_not_restored(self, westward: Story) -> None:
        westward.given(message_received(at="Mon 09:00"), message_moderated("hidden", at="Mon 09:30"))
        westward.given(message_deleted(at="Mon 10:00"), message_moderated("restored", at="Mon 11:00", reason="other"))
        westward.then(sla_started(), sla_exempted())


class TestWaiver:
    """Rows 6 and 7."""

    def test_wheatley_may_judge_that_no_comment_is_better(self, wheatley: Story) -> None:
        wheatley.given(message_received(at="Mon 09:00"), conversation_waived(at="Mon 09:30"))
        wheatley.then(sla_started(), sla_waived(at="Mon 09:30", reason="not-appropriate", revision=2))
        assert (wheatley.target().state, wheatley.state) == ("waived", "monitoring")
        wheatley.given(message_received("m2", at="Mon 10:00"))
        wheatley.then(sla_started(message="m2", cycle=2))
        assert wheatley.state == "open"

    def test_westward_may_not(self, westward: Story) -> None:
        westward.given(message_received(at="Mon 09:00"), conversation_waived(at="Mon 09:30"))
        westward.then(sla_started())
        assert westward.state == "open"

    @pytest.mark.parametrize("organisation", ["westward", "wheatley"])
    def test_what_needs_no_reply_is_closed(self, organisation: str, request: pytest.FixtureRequest) -> None:
        story: Story = request.getfixturevalue(organisation)
        story.given(message_received(at="Mon 09:00"), conversation_waived(at="Mon 09:30", reason="no-reply-needed"))
        story.then(sla_started(), sla_waived(reason="no-reply-needed"))
        assert story.state == "answered"

    def test_a_thank_you_leaves_it_monitored(self, wheatley: Story) -> None:
        wheatley.given(message_received(at="Mon 09:00"), conversation_waived(at="Mon 09:30"))
        wheatley.given(message_received("m2", at="Mon 10:00", kind="thanks"))
        assert wheatley.state == "monitoring"


class TestDeletion:
    """Row 8."""

    def test_its_author_takes_it_back(self, westward: Story) -> None:
        westward.given(message_received(at="Mon 09:00"), message_deleted(at="Mon 09:30"))
        westward.then(sla_started(), sla_voided(at="Mon 09:30", reason="deleted-by-author"))
        assert westward.target().state == "voided"

    def test_an_answered_one_keeps_its_verdict(self, westward: Story) -> None:
        westward.given(
            message_received(at="Mon 09:00"), message_replied(at="Mon 09:10"), message_deleted(at="Mon 09:30")
        )
        westward.then(sla_started(), sla_met())

    def test_one_that_did_not_open_the_cycle_is_gone_without_a_word(self, westward: Story) -> None:
        westward.given(message_received("m1", at="Mon 09:00"), message_received("m2", at="Mon 09:10"))
        westward.given(message_deleted("m2", at="Mon 09:20"), message_deleted("m1", at="Mon 09:30"))
        westward.then(sla_started(message="m1"), sla_voided(message="m1"))


class TestBlock:
    """Row 9."""

    def test_it_exempts_what_is_open_and_names_the_block(self, westward: Story) -> None:
        block = author_blocked(at="Mon 09:30")
        westward.given(message_received(at="Mon 09:00"), block)
        westward.then(sla_started(), sla_exempted(at="Mon 09:30", reason="author-blocked", causation_id=block.id))

    def test_and_what_comes_until_unblocked(self, westward: Story) -> None:
        block = author_blocked(at="Mon 08:30")
        westward.given(block, message_received("m1", at="Mon 09:00"), message_received("m2", at="Mon 09:30"))
        westward.given(author_unblocked(at="Mon 10:00"), message_received("m3", at="Mon 11:00"))
        westward.then(
            sla_started(message="m1"),
            sla_exempted(message="m1", at="Mon 09:00", reason="author-blocked", causation_id=block.id),
            sla_started(message="m2"),
            sla_exempted(message="m2", at="Mon 09:30"),
            sla_started(message="m3"),
        )

    def test_unblocking_restores_nothing(self, westward: Story) -> None:
        westward.given(message_received(at="Mon 09:00"), author_blocked(at="Mon 09:30"))
        westward.given(author_unblocked(at="Mon 10:00"))
        westward.then(sla_started(), sla_exempted())
        assert westward.target().state == "exempted"

    def test_neither_another_author_nor_another_site_is_meant(self, westward: Story) -> None:
        westward.given(message_received(at="Mon 09:00"), author_blocked("bob", at="Mon 09:30"))
        westward.given(author_blocked("ann", at="Mon 09:40", site="elsewhere"))
        westward.then(sla_started())

    def test_another_authors_message_then_opens_the_cycle(self, westward: Story) -> None:
        westward.given(message_received("m1", at="Mon 09:00"), message_received("m2", at="Mon 09:10", author="bob"))
        westward.given(message_received("m3", at="Mon 09:05"), author_blocked("ann", at="Mon 10:00"))
        westward.then(
            sla_started(message="m1"), sla_exempted(message="m1"), sla_started(message="m2", started="Mon 09:10")
        )

    def test_an_unblocking_heard_late_gives_back_what_came_after_it(self, westward: Story) -> None:
        westward.given(author_blocked(at="Mon 08:30"), message_received("m1", at="Mon 09:30"))
        westward.given(author_unblocked(at="Mon 09:00"))
        westward.then(sla_started(revision=1), sla_exempted(revision=2), sla_started(revision=3, started="Mon 09:30"))
        assert westward.target().state == "open"


class TestReclassification:
    """Row 10."""

    def test_what_is_owed_no_more_is_withdrawn(self, westward: Story) -> None:
        westward.given(message_received(at="Mon 09:00"), message_classified(at="Mon 09:30", kind="thanks"))
        westward.then(sla_started(), sla_withdrawn(at="Mon 09:30", reason="reclassified"))

    def test_an_edit_says_so(self, westward: Story) -> None:
        westward.given(
            message_received(at="Mon 09:00"), message_edited(at="Mon 09:00", edited="Mon 09:30", kind="thanks")
        )
        westward.then(sla_started(), sla_withdrawn(at="Mon 09:30", reason="edited"))

    def test_what_is_owed_now_counts_from_the_original_start(self, westward: Story) -> None:
        westward.given(message_received(at="Mon 09:00", kind="thanks"))
        westward.given(message_classified(at="Mon 10:00", kind="complaint", by="person"))
        westward.then(sla_started(started="Mon 09:00", due="Mon 13:00", message_kind="complaint"))

    def test_even_if_that_is_overdue(self, westward: Story) -> None:
        westward.given(message_received(at="Mon 09:00", kind="thanks"))
        westward.given(message_classified(at="Mon 15:00", kind="complaint", by="person"))
        westward.then(sla_started(due="Mon 13:00"), sla_breach(noticed="Mon 15:00"))

    def test_an_older_message_that_becomes_a_query_takes_the_cycle_over(self, westward: Story) -> None:
        westward.given(message_received("m1", at="Mon 09:00", kind="thanks"), message_received("m2", at="Mon 09:30"))
        westward.given(message_classified("m1", at="Mon 10:00", kind="query"))
        westward.then(
            sla_started(message="m2"),
            sla_withdrawn(message="m2", reason="opened-earlier", at="Mon 10:00"),
            sla_started(message="m1", started="Mon 09:00"),
        )

    def test_what_already_breached_stays(self, westward: Story) -> None:
        westward.given(message_received(at="Mon 09:00"))
        westward.after_downtime("Mon 14:00")
        westward.given(message_classified(at="Mon 14:30", kind="thanks"))
        westward.then(sla_started(), sla_breach(), sla_withdrawn(reason="reclassified"))
        assert westward.target().state == "breached"

    def test_a_query_that_becomes_a_complaint_is_one_target(self, westward: Story) -> None:
        westward.given(message_received(at="Mon 09:00"), message_classified(at="Mon 09:30", kind="complaint"))
        westward.given(message_replied(at="Mon 10:00"))
        westward.then(sla_started(message_kind="query"), sla_met(message_kind="complaint", revision=2))

    def test_and_back_again_it_runs_on(self, westward: Story) -> None:
        westward.given(message_received(at="Mon 09:00"), message_classified(at="Mon 09:30", kind="thanks"))
        westward.given(message_classified(at="Mon 10:00", kind="query", by="person"))
        westward.then(sla_started(), sla_withdrawn(), sla_started(started="Mon 09:00", due="Mon 13:00", revision=3))

    def test_a_rule_does_not_overrule_a_person(self, westward: Story) -> None:
        westward.given(message_received(at="Mon 09:00", kind="unclassified"))
        westward.given(message_classified(at="Mon 09:10", kind="complaint", by="person"))
        westward.given(message_classified(at="Mon 09:20", kind="thanks", by="rule"))
        westward.given(message_edited(at="Mon 09:00", edited="Mon 09:30", kind="thanks"))
        westward.then(sla_started())
        westward.given(message_classified(at="Mon 09:40", kind="thanks", by="person"))
        westward.then(sla_withdrawn(at="Mon 09:40"))

    def test_a_person_heard_late_overrules_the_rule_that_came_after(self, westward: Story) -> None:
        westward.given(message_received(at="Mon 09:00", kind="unclassified"))
        westward.given(message_classified(at="Mon 09:20", kind="thanks", by="rule"))
        westward.given(message_classified(at="Mon 09:10", kind="complaint", by="person"))
        westward.then(sla_started(), sla_withdrawn(), sla_started(started="Mon 09:00"))

    def test_flags_stay_where_a_classification_says_nothing_of_them(self, westward: Story) -> None:
        westward.given(message_received(at="Mon 09:00", flags=["negative"]))
        westward.given(message_classified(at="Mon 09:10", kind="feedback"))
        westward.then(sla_started())
        westward.given(message_classified(at="Mon 09:20", kind="feedback", flags=[]))
        westward.then(sla_withdrawn())

    def test_an_answered_message_opens_nothing_whatever_it_is_called_later(self, westward: Story) -> None:
        westward.given(message_received(at="Mon 09:00", kind="thanks"), message_replied(at="Mon 09:10"))
        westward.given(message_classified(at="Mon 09:30", kind="complaint", by="person"))
        westward.then()

    def test_an_edit_that_is_heard_first_opens_the_clock_and_its_message_changes_nothing(self, westward: Story) -> None:
        westward.given(message_edited(at="Mon 09:00", edited="Mon 09:20"))
        westward.given(message_received(at="Mon 09:00"))
        westward.then(sla_started(started="Mon 09:00"))


class TestOwner:
    """Row 16."""

    def test_another_owner_and_the_clock_goes_on(self, wheatley: Story) -> None:
        wheatley.given(message_received(at="Mon 09:00"), conversation_reassigned("p7", at="Mon 09:30"))
        wheatley.then(sla_started())
        assert (wheatley.target().owner, wheatley.target().state) == ("p7", "open")
        wheatley.given(message_replied(at="Mon 10:00"), conversation_reassigned("p8", at="Mon 10:30"))
        assert wheatley.target().owner == "p7"
        wheatley.given(message_received("m2", at="Mon 11:00"))
        assert wheatley.target("m2").owner == "p8"


@pytest.mark.parametrize(
    "fact",
    [
        pytest.param(staff_acted(said.ConversationMovedPrivate, at="Mon 09:30"), id="row 13"),
        pytest.param(staff_acted(said.HoldingUpdateSent, at="Mon 09:30"), id="row 11"),
        pytest.param(staff_acted(said.RemovalNoticePosted, at="Mon 09:30"), id="row 14 notice"),
        pytest.param(staff_acted(said.RemovalExplained, at="Mon 09:30"), id="row 14 explanation"),
        pytest.param(staff_acted(said.ConversationResolved, at="Mon 09:30"), id="row 12"),
        pytest.param(complaint_referred(at="Mon 09:30"), id="row 15"),
    ],
)
def test_other_acts_answer_nobody(wheatley: Story, fact: Said) -> None:
    wheatley.given(message_received(at="Mon 09:00"), fact)
    wheatley.then(sla_started())
    assert wheatley.state == "open"
    assert len(wheatley.facts) == 2


def test_a_case_that_is_answered_and_resolved_is_resolved(wheatley: Story) -> None:
    wheatley.given(message_received(at="Mon 09:00"), message_replied(at="Mon 09:10"))
    wheatley.given(staff_acted(said.ConversationResolved, at="Mon 09:30"))
    assert wheatley.state == "resolved"
    wheatley.given(message_received("m2", at="Mon 10:00"), message_replied("r2", at="Mon 10:10"))
    assert wheatley.state == "answered"


def test_the_same_message_under_two_event_ids_is_one(westward: Story) -> None:
    westward.given(message_received(at="Mon 09:00"), message_received(at="Mon 09:00", id="sent again"))
    westward.given(message_replied(at="Mon 10:00"))
    westward.given(message_received(at="Mon 09:00", id="and again"))
    westward.then(sla_started(), sla_met())


def test_an_observing_landlord_only_observes(packs: Packs) -> None:
    observing = Packs([pack.model_copy(update={"mode": "observe"}) for pack in packs.versions("westward")])
    story = Story(observing, "westward")
    story.given(message_received(at="Mon 09:00"), message_replied(at="Tue 09:00"))
    story.then(sla_started(mode="observe"), sla_breach(mode="observe"), sla_late_answer(mode="observe"))


def test_late_news_keeps_the_time_of_the_fact(westward: Story) -> None:
    westward.given(message_received(at="Mon 09:00"))
    westward.hear(message_deleted(at="Mon 09:30"), at("Mon 12:00"))
    westward.then(sla_started(), sla_voided(at="Mon 09:30", time=at("Mon 12:00")))
