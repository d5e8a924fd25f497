"""What the figures of a period are made of: the working time of each target, and how cells become a report."""

import pytest

from services.sla.domain import Cell, Figures, Report, report
from tests.unit.sla.story import Story, conversation_waived, message_received, message_replied


class TestWorkingTime:
    def test_an_answer_in_time(self, westward: Story) -> None:
        westward.given(message_received(at="Fri 16:30"), message_replied(at="next Mon 09:30"))
        assert westward.target().working_s == 3600

    def test_a_late_answer(self, westward: Story) -> None:
        westward.given(message_received(at="Mon 09:00"))
        westward.when("Mon 14:00")
        assert westward.target().working_s is None
        westward.given(message_replied(at="Mon 15:00"))
        assert (westward.target().state, westward.target().working_s) == ("breached", 6 * 3600)

    def test_an_earlier_answer_that_is_heard_later_corrects_it(self, westward: Story) -> None:
        westward.given(message_received(at="Mon 09:00"), message_replied("r2", at="Mon 11:00"))
        westward.given(message_replied("r1", at="Mon 10:00"))
        assert westward.target().working_s == 3600

    def test_a_waiver_takes_its_time_too(self, wheatley: Story) -> None:
        wheatley.given(message_received(at="Sat 10:00"), conversation_waived(at="next Mon 02:00"))
        assert (wheatley.target().state, wheatley.target().working_s) == ("waived", 2 * 3600)


def test_a_breach_that_is_taken_back_is_counted(westward: Story) -> None:
    westward.given(message_received(at="Mon 09:00"))
    westward.when("Mon 14:00")
    assert westward.target().retracted == 0
    westward.given(message_replied(at="Mon 10:00"))
    assert (westward.target().state, westward.target().retracted) == ("met", 1)


@pytest.mark.parametrize(
    ("met", "breached", "share"), [(0, 0, None), (0, 3, 0.0), (3, 0, 1.0), (1, 2, 0.3333), (2, 1, 0.6667)]
)
def test_the_share_is_of_those_with_a_verdict(met: int, breached: int, share: float | None) -> None:
    assert Figures(opened=met + breached + 5, open=5, met=met, breached=breached).share_met == share


class TestReport:
    def test_each_breakdown_in_the_order_of_its_values(self) -> None:
        one = Figures(opened=1)
        made = report(
            [
                Cell("owner", None, one),
                Cell("owner", "p7", one),
                Cell("month", "2026-04", one),
                Cell("month", "2026-03", one),
                Cell("total", None, Figures(opened=2)),
                Cell("owner", "p1", one),
            ]
        )
        assert made.total.opened == 2
        assert [cell.value for cell in made.months] == ["2026-03", "2026-04"]
        assert [cell.value for cell in made.owners] == ["p1", "p7", None]
        assert made.sites == made.hours == []

    def test_of_nothing(self) -> None:
        assert report([]) == Report(Figures(), [], [], [], [], [], [])
