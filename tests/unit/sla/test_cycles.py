"""How cycles open, and which message opens them."""

from collections.abc import Callable

import pytest

from tests.unit.sla.story import (
    Expected,
    Said,
    Story,
    message_classified,
    message_deleted,
    message_moderated,
    message_received,
    message_replied,
    sla_breach,
    sla_exempted,
    sla_met,
    sla_started,
    sla_voided,
    sla_withdrawn,
)


class TestCycles:
    def test_a_later_message_moves_neither_start_nor_deadline(self, westward: Story) -> None:
        westward.given(message_received("m1", at="Mon 09:00"), message_received("m2", at="Mon 10:00"))
        westward.then(sla_started(message="m1", due="Mon 13:00"))
        westward.given(message_replied(at="Mon 10:30"))
        westward.then(sla_met(message="m1"))

    def test_a_message_after_the_answer_opens_the_next_cycle(self, westward: Story) -> None:
        westward.given(message_received("m1", at="Mon 09:00"), message_replied(at="Mon 10:00"))
        westward.given(message_received("m2", at="Mon 10:30"))
        westward.then(sla_started(cycle=1), sla_met(cycle=1), sla_started(message="m2", cycle=2, started="Mon 10:30"))

    def test_thanks_open_no_cycle(self, westward: Story) -> None:
        westward.given(message_received("m1", at="Mon 09:00", kind="thanks"), message_received("m2", at="Mon 10:00"))
        westward.then(sla_started(message="m2", started="Mon 10:00"))

    @pytest.mark.parametrize(
        ("news", "told"),
        [
            pytest.param(message_deleted(at="Mon 11:00"), sla_voided, id="deleted"),
            pytest.param(message_moderated("hidden", at="Mon 11:00"), sla_exempted, id="exempted"),
            pytest.param(message_classified(at="Mon 11:00", kind="spam"), sla_withdrawn, id="reclassified away"),
        ],
    )
    def test_the_next_unanswered_message_opens_the_cycle_from_its_own_time(
        self, westward: Story, news: Said, told: Callable[..., Expected]
    ) -> None:
        westward.given(message_received("m1", at="Mon 09:00"), message_received("m2", at="Mon 09:45"), news)
        westward.then(
            sla_started(message="m1"),
            told(message="m1"),
            sla_started(message="m2", started="Mon 09:45", due="Mon 13:45", cycle=1),
        )

    def test_even_if_that_is_already_overdue(self, westward: Story) -> None:
        westward.given(message_received("m1", at="Mon 09:00"), message_received("m2", at="Mon 10:00"))
        westward.given(message_deleted("m1", at="Tue 10:00"))
        westward.then(
            sla_started(message="m1"),
            sla_breach(message="m1"),
            sla_voided(message="m1"),
            sla_started(message="m2", due="Mon 14:00"),
            sla_breach(message="m2", noticed="Tue 10:00"),
        )

    def test_two_messages_of_one_instant_open_one_target(self, westward: Story) -> None:
        westward.given(message_received("m2", at="Mon 09:00", id="a"), message_received("m1", at="Mon 09:00", id="b"))
        westward.then(sla_started(message="m2"))
