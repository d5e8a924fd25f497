"""The table of leavers, row by row. Clauses: westward:6.4, 7.11."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from services.access.domain import Holder
from shared.contracts import Event
from tests.unit.access.said import at, cancelled, changed, joined, left, moved, rehired, returned, suspended
from tests.unit.access.story import GRANT, Story

Begin = Callable[..., Story]

GONE = ("revoke-access", "leaver-processed")
PLANNED = ("leaver-planned",)
TAKEN_BACK = ("revocation-cancelled",)

ROWS = [
    pytest.param([], [left(leave_at="Fri 17:00")], PLANNED, "leaving", id="staff-left ahead | active"),
    pytest.param([], [left(leave_at="Mon 09:00")], GONE, "left", id="staff-left now | active"),
    pytest.param([], [left(leave_at="-1 Fri 17:00")], GONE, "left", id="staff-left past | active"),
    pytest.param([], [left(time="Mon 08:30")], GONE, "left", id="staff-left with no date, its time | active"),
    pytest.param([], [left(time="Mon 09:30")], PLANNED, "leaving", id="staff-left with no date, said to be at 09:30"),
    pytest.param([], [left(leave_on="2026-03-08")], GONE, "left", id="staff-left on yesterday | active"),
    pytest.param([], [left(leave_on="2026-03-09")], PLANNED, "leaving", id="staff-left on today: the end of it"),
    pytest.param(
        [], [left(leave_at="Fri 17:00", immediate=True)], GONE, "left", id="staff-left immediate, whatever its date"
    ),
    pytest.param([left(leave_at="Fri 17:00")], [left(immediate=True, time="Mon 08:00")], GONE, "left",
                 id="staff-left immediate said before the dated one"),
    pytest.param([left(leave_at="Fri 17:00")], [left(leave_at="Mon 09:00", time="Mon 09:00")], GONE, "left",
                 id="staff-left now | leaving"),
    pytest.param([left(immediate=True)], [left(leave_at="Fri 17:00", time="Mon 09:01")], (), "left",
                 id="a later date never undoes an immediate one"),
    pytest.param([left(leave_at="Fri 17:00")], [changed(leave_at="Thu 17:00", time="Mon 09:01")], PLANNED, "leaving",
                 id="leave-date-changed | leaving"),
    pytest.param([left(leave_at="Fri 17:00")], [changed(leave_at="-1 Fri 17:00", time="Mon 09:01")], GONE, "left",
                 id="leave-date-changed to the past | leaving"),
    pytest.param([left()], [changed(leave_at="Fri 17:00", time="Mon 09:01")], ("reinstatement-requested",), "left",
                 id="leave-date-changed to the future | left"),
    pytest.param([left()], [cancelled(time="Mon 09:01")], ("reinstatement-requested",), "left",
                 id="leave-cancelled | left"),
    pytest.param([left(leave_at="Fri 17:00")], [cancelled(time="Mon 09:01")], TAKEN_BACK, "active",
                 id="leave-cancelled | leaving"),
    pytest.param([], [cancelled()], (), "active", id="leave-cancelled | active"),
    pytest.param([], [changed(leave_at="Fri 17:00")], PLANNED, "leaving", id="leave-date-changed | active: it says so"),
    pytest.param([left()], [rehired(starts_on="2026-03-09", time="Mon 09:00")], (), "active",
                 id="staff-rehired | left: no access"),
    pytest.param([], [moved()], (), "active", id="staff-moved | active"),
    pytest.param([], [suspended()], (), "active", id="staff-suspended | active"),
    pytest.param([suspended()], [left(time="Mon 09:00")], GONE, "left", id="staff-left | suspended"),
    pytest.param([left(leave_at="Fri 17:00", id="x")], [left(leave_at="Fri 17:00", id="x")], (), "leaving",
                 id="duplicate | leaving"),
    pytest.param([left(leave_at="Fri 17:00")], [left(leave_at="Fri 17:00", time="Mon 09:01")], (), "leaving",
                 id="same facts under a new id | leaving"),
    pytest.param([left()], [left(time="Mon 09:01")], (), "left", id="same facts under a new id | left"),
    pytest.param([left(leave_at="Fri 17:00", revision=5)], [cancelled(revision=4, time="Mon 09:01")], (), "leaving",
                 id="older revision after a newer one"),
    pytest.param([left(leave_at="Fri 17:00", revision=5)], [cancelled(revision=6, time="Mon 09:01")], TAKEN_BACK, "active",
                 id="newer revision"),
    pytest.param([cancelled(time="Mon 08:00")], [left(leave_at="Fri 17:00", time="Mon 08:00")], PLANNED, "leaving",
                 id="where the order is not known the leaver wins"),
    pytest.param([cancelled(time="Mon 08:00")], [left(leave_at="Fri 17:00", time="Mon 07:00")], (), "active",
                 id="a leave heard after its cancelling"),
    pytest.param([], [left(stint="s7")], ("leaver-unmatched",), "active", id="a stint that nobody knows"),
    pytest.param([], [left(time="-1 Mon 08:00", stint=None)], GONE, "left", id="late event, stint in force at its time"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "now", "told", "state"), ROWS)
def test_row(story: Begin, before: list[Event], now: list[Event], told: tuple[str, ...], state: str) -> None:
    told_story = story().given(joined()).given(*before).when(*now).then(*told)
    assert told_story.state == state


@pytest.mark.parametrize(("before", "now", "told", "state"), ROWS)
def test_row_heard_at_once_ends_in_the_same_state(
    story: Begin, before: list[Event], now: list[Event], told: tuple[str, ...], state: str
) -> None:
    assert story().when(*now, *before, joined()).state == state


class TestTime:
    def test_the_clock_passes_leave_at_once(self, story: Begin) -> None:
        one = story().given(joined(), left(leave_at="Fri 17:00"))
        assert one.settled is not None and one.settled.next_at == at("Fri 17:00")
        one.when(clock="Fri 17:00").then(*GONE)
        one.when(clock="Fri 17:00:01").then()

    def test_downtime_loses_nothing_and_the_leave_instant_stays(self, story: Begin) -> None:
        one = story().given(joined(), left(leave_at="Fri 17:00")).when(clock="+1 Thu 12:00").then(*GONE)
        assert one.only.leave_at == at("Fri 17:00") and one.only.levels[0] == at("+1 Tue 17:00")

    def test_an_old_timer_does_nothing(self, story: Begin) -> None:
        one = story().given(joined(), left(leave_at="Tue 17:00"), changed(leave_at="Thu 17:00", time="Mon 09:30"))
        one.when(clock="Tue 17:00").then()
        one.when(clock="Thu 17:00").then(*GONE)

    def test_hrs_delay_is_not_held_against_whoever_removes(self, story: Begin) -> None:
        one = story().given(joined()).when(left(leave_at="-1 Mon 09:00"), clock="Tue 10:00")
        assert (one.only.known_at, one.only.levels[0]) == (at("Tue 10:00"), at("Thu 10:00"))


class TestUnmatched:
    def test_an_unknown_person_is_a_case_once_and_applies_when_the_stint_appears(self, story: Begin) -> None:
        one = story().when(left(time="Mon 08:00")).then("leaver-unmatched")
        one.when(left(time="Mon 08:01", id="again")).then()
        one.when(joined(time="Mon 09:00")).then(*GONE)
        assert [case.outcome for case in one.cases.known] == ["applied"]

    def test_a_stint_that_does_not_cover_it_leaves_it_open(self, story: Begin) -> None:
        one = story().given(left(time="Mon 08:00")).when(joined(starts_on="2026-03-10", time="Mon 09:00")).then()
        assert (one.state, [case.state for case in one.cases.known]) == ("active", ["open"])


class TestStints:
    def test_a_late_event_of_the_old_stint_never_ends_the_new_one(self, story: Begin) -> None:
        one = story().given(joined(), left(), rehired(starts_on="2026-03-11", time="Tue 09:00"), clock="Thu 09:00")
        assert one.when(left(time="Tue 12:00")).then().state == "active"

    def test_the_old_stints_removals_go_on(self, story: Begin) -> None:
        one = story().given(joined(), left()).when(rehired(starts_on="2026-03-09", time="Mon 09:00")).then()
        assert one.only.state == "requested"

    def test_what_came_with_the_new_stint_stays_when_the_old_one_ends(self, story: Begin) -> None:
        later = replace(GRANT, id="g2", grant="g2", since=at("Thu 09:00"))
        one = story(items=(GRANT, later)).given(
            joined(), rehired(starts_on="2026-03-11", time="Mon 09:00"), clock="Thu 09:30"
        )
        one.when(left(stint="s1", time="Thu 09:30")).then(*GONE)
        assert one.only.item == "g1"

    def test_a_grant_that_appears_after_leaving_is_revoked_from_then(self, story: Begin) -> None:
        one = story(items=()).given(joined(), left())
        one.items = (GRANT,)
        one.when(clock="Wed 10:00").then("revoke-access")
        assert one.only.known_at == at("Wed 10:00")


class TestOwner:
    @pytest.mark.parametrize(
        ("managers", "gone", "owner"),
        [
            ({}, set(), "m1"),
            ({"m1": "m2"}, {"m1"}, "m2"),
            ({"m1": "m2", "m2": "m3"}, {"m1", "m2"}, "m3"),
            ({"m1": None}, {"m1"}, "communications"),
            ({"m1": "p1"}, {"m1"}, "communications"),
            ({"m1": "m2", "m2": "m1"}, {"m1", "m2"}, "communications"),
        ],
    )
    def test_up_the_tree_to_whoever_is_there(
        self, story: Begin, managers: dict[str, str | None], gone: set[str], owner: str
    ) -> None:
        one = story(managers=managers, gone=gone).given(joined(manager="m1")).when(left())
        assert one.only.owner == owner

    def test_without_a_manager_it_is_communications(self, story: Begin) -> None:
        assert story().given(joined()).when(left()).only.owner == "communications"

    def test_the_manager_is_the_leaver(self, story: Begin) -> None:
        assert story().given(joined(manager="p1")).when(left()).only.owner == "communications"

    def test_the_manager_that_the_event_names_goes_first(self, story: Begin) -> None:
        assert story().given(joined(manager="m1")).when(left(manager="m5")).only.owner == "m5"

    def test_a_move_changes_the_manager_and_freezes_nothing_before_the_case(self, story: Begin) -> None:
        one = story().given(joined(manager="m1"), moved(manager="m2", time="Mon 08:00"))
        assert one.when(left()).only.owner == "m2"
        one.when(moved(manager="m3", time="Mon 09:00")).then()
        assert one.only.owner == "m2"

    def test_who_answers_is_settled_when_it_opens(self, story: Begin) -> None:
        one = story().given(joined(manager="m1"), left(leave_at="Fri 17:00"))
        one.gone = {"m1"}
        one.when().then()
        assert one.settled is not None and one.settled.revocations == ()
        assert one.when(clock="Fri 17:00").only.owner == "communications"


class TestAdministrators:
    ADMIN = replace(GRANT, role="admin")

    @pytest.mark.parametrize(
        ("holders", "told", "state"),
        [
            ((), ("revocation-held", "leaver-processed"), "held-last-admin"),
            ((Holder("page", "p1", True),), ("revocation-held", "leaver-processed"), "held-last-admin"),
            ((Holder("page", "p2", False),), ("revocation-held", "leaver-processed"), "held-last-admin"),
            ((Holder("other", "c1", True),), ("revocation-held", "leaver-processed"), "held-last-admin"),
            ((Holder("page", "c1", True),), GONE, "requested"),
        ],
        ids=["nobody", "the leaver alone", "nobody of Communications", "at another site", "Communications"],
    )
    def test_one_of_communications_stays(
        self, story: Begin, holders: tuple[Holder, ...], told: tuple[str, ...], state: str
    ) -> None:
        one = story(items=(self.ADMIN,), holders=holders).given(joined()).when(left()).then(*told)
        assert one.only.state == state

    def test_a_profile_is_closed_whoever_administers_it(self, story: Begin) -> None:
        profile = replace(self.ADMIN, kind="profile", id="page", action="close-profile")
        story(items=(profile,)).given(joined()).when(left()).then(*GONE)

    def test_an_administrators_ladder_is_shorter(self, story: Begin) -> None:
        holders = (Holder("page", "c1", True),)
        one = story(items=(self.ADMIN,), holders=holders).given(joined()).when(left())
        assert one.only.levels == (at("Mon 13:00"), at("Mon 17:00"), at("Tue 17:00"))


class TestBreaker:
    def test_beyond_the_limit_a_leaver_is_held(self, story: Begin) -> None:
        one = story(counted=20).given(joined()).when(left()).then("leavers-held")
        assert (one.state, one.only.state) == ("leaving", "planned")

    def test_the_last_within_the_limit_goes(self, story: Begin) -> None:
        story(counted=19).given(joined()).when(left()).then(*GONE)

    def test_only_an_explicit_immediate_passes(self, story: Begin) -> None:
        one = story(counted=20).given(joined()).when(left(immediate=True)).then(*GONE)
        assert one.state == "left"
        held = story(counted=20).given(joined(), left())
        held.when(left(immediate=True, time="Mon 09:00")).then(*GONE)

    def test_who_is_dated_a_day_ahead_is_not_counted(self, story: Begin) -> None:
        one = story(counted=20).given(joined()).when(left(leave_at="Tue 09:00")).then(*PLANNED)
        one.when(clock="Tue 09:00").then(*GONE)

    def test_a_held_leave_may_still_be_cancelled(self, story: Begin) -> None:
        one = story(counted=20).given(joined(), left())
        one.when(cancelled(time="Mon 09:01")).then("revocation-cancelled")
        assert one.state == "active"
        one.counted = 0
        one.when(suspended(time="Mon 10:00"), clock="Mon 10:00").then()
        assert (one.state, one.only.state) == ("active", "cancelled")
        one.when(left(time="Tue 09:00"), clock="Tue 09:00").then(*GONE)
        one.when(cancelled(time="Tue 10:00"), clock="Tue 10:00").then("reinstatement-requested")
        assert one.state == "left"

    def test_a_held_leave_that_is_let_go_is_what_was_said_last(self, story: Begin) -> None:
        one = story(counted=20).given(joined(), left())
        one.given(changed(leave_at="+3 Mon 09:00", time="Mon 10:00"), clock="Mon 10:00")
        one.standings = {name: replace(standing, hold=None) for name, standing in one.standings.items()}
        one.when(clock="Mon 11:00").then()
        assert (one.state, one.only.state, one.only.leave_at) == ("leaving", "planned", at("+3 Mon 09:00"))
        one.when(clock="+3 Mon 09:00").then(*GONE)

    def test_what_is_heard_once_it_was_let_go_comes_too_late(self, story: Begin) -> None:
        one = story(counted=20).given(joined(), left())
        one.standings = {name: replace(standing, hold=None) for name, standing in one.standings.items()}
        one.when(clock="Mon 11:00").then(*GONE)
        one.when(cancelled(time="Mon 10:00"), clock="Mon 11:30").then("reinstatement-requested")
        assert one.state == "left"

    def test_a_mistake_said_in_one_breath_with_its_cancelling_takes_nothing(self, story: Begin) -> None:
        one = story(counted=20).given(joined(), left(), cancelled(time="Mon 09:01"))
        one.standings = {name: replace(standing, hold=None) for name, standing in one.standings.items()}
        one.when(clock="Mon 11:00").then("revocation-cancelled")
        assert one.state == "active"


def test_nothing_found_is_an_answer_too(story: Begin) -> None:
    one = story(items=()).given(joined()).when(left()).then("leaver-processed")
    (told,) = one.told
    assert told.data.revocations == 0 and told.data.snapshot.startswith("sha256:")  # type: ignore[attr-defined] # its class


def test_returning_ends_a_suspension(story: Begin) -> None:
    one = story().given(joined(), suspended(time="Mon 08:00"))
    assert one.settled is not None and one.settled.employment.suspended
    one.when(returned(time="Mon 08:30"))
    assert one.settled.employment.suspended is False
