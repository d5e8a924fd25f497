"""Warnings: once each, with the working time that is left, and not made up for."""

from tests.unit.sla.story import (
    Story,
    message_received,
    message_replied,
    sla_breach,
    sla_met,
    sla_started,
    sla_warning,
)


def test_westward_at_half_and_at_thirty_minutes(westward: Story) -> None:
    westward.given(message_received(at="Fri 16:30"))
    westward.when(clock="next Mon 12:29")
    westward.then(
        sla_started(warn_at=["next Mon 10:30", "next Mon 12:00"]),
        sla_warning(at="next Mon 10:30", remaining_s=2 * 3600, revision=1),
        sla_warning(at="next Mon 12:00", remaining_s=1800, revision=1),
    )


def test_wheatley_on_weekdays_at_half_and_at_one_hour(wheatley: Story) -> None:
    wheatley.given(message_received(at="Fri 16:30"))
    wheatley.when(clock="next Mon 16:30")
    wheatley.then(
        sla_started(warn_at=["next Mon 04:30", "next Mon 15:30"]),
        sla_warning(at="next Mon 04:30", remaining_s=12 * 3600),
        sla_warning(at="next Mon 15:30", remaining_s=3600),
    )


def test_wheatley_at_weekends_at_close_of_business_of_the_first_working_day(wheatley: Story) -> None:
    wheatley.given(message_received(at="Sat 11:00", kind="feedback"))
    wheatley.when(clock="next Mon 24:00")
    wheatley.then(sla_started(warn_at=["next Mon 17:00"]), sla_warning(at="next Mon 17:00", remaining_s=7 * 3600))
    wheatley.when(clock="next Tue 00:00:01")
    wheatley.then(sla_breach(due="next Mon 24:00"))


def test_not_before_their_time(westward: Story) -> None:
    westward.given(message_received(at="Mon 09:00"))
    westward.after_downtime("Mon 10:59:59")
    westward.then(sla_started())
    westward.after_downtime("Mon 11:00")
    westward.then(sla_warning(at="Mon 11:00"))
    westward.after_downtime("Mon 11:00:01")
    westward.then()


def test_of_several_missed_only_the_last_is_given(westward: Story) -> None:
    westward.given(message_received(at="Mon 09:00"))
    westward.after_downtime("Mon 12:45")
    westward.then(sla_started(), sla_warning(at="Mon 12:30", remaining_s=1800))


def test_none_once_the_due_time_has_come(westward: Story) -> None:
    westward.given(message_received(at="Mon 09:00"))
    westward.after_downtime("Mon 13:00")
    westward.then(sla_started())
    westward.after_downtime("Mon 13:00:01")
    westward.then(sla_breach())


def test_a_message_that_comes_late_gets_the_last_warning_that_is_past(westward: Story) -> None:
    westward.now = westward.now.replace(year=2026, month=3, day=9, hour=12, minute=35)
    westward.given(message_received(at="Mon 09:00"))
    westward.then(sla_started(warn_at=["Mon 11:00", "Mon 12:30"]), sla_warning(at="Mon 12:30"))


def test_none_for_what_is_settled(westward: Story) -> None:
    westward.given(message_received(at="Mon 09:00"), message_replied(at="Mon 10:00"))
    westward.when(clock="Tue 09:00")
    westward.then(sla_started(), sla_met())
