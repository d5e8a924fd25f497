"""Which version of a policy holds for a target, and what happens when its calendar is mended."""

from collections.abc import Callable
from pathlib import Path

import pytest

from shared.policy import Packs, check, load_packs
from shared.policy.loader import Packs as LoadedPacks
from tests.unit.sla.story import (
    Story,
    message_received,
    message_replied,
    sla_breach,
    sla_late_answer,
    sla_met,
    sla_recalculated,
    sla_started,
    sla_warning,
)

SHIPPED = Path(__file__).resolve().parents[3] / "shared/policy/packs/westward-2023-26.toml"
Edited = Callable[..., Packs]


@pytest.fixture
def edited(tmp_path: Path) -> Edited:
    """Westward's pack with words of its file replaced, beside the shipped one or instead of it."""

    def make(words: dict[str, str], beside: bool = False) -> Packs:
        text = SHIPPED.read_text()
        for old, new in words.items():
            assert old in text
            text = text.replace(old, new)
        file = tmp_path / "westward-edited.toml"
        file.write_text(text)
        return LoadedPacks([check(file), *(load_packs().versions("westward") if beside else ())])

    return make


LATER_HOURS = {'"09:00-17:00"': '"10:00-18:00"'}
FROM_TUESDAY = {
    'version = "2023-26"': 'version = "2026-29"',
    "in_force_from = 2023-01-01": "in_force_from = 2026-03-10",
}


def test_the_version_in_force_at_the_start_holds(edited: Edited) -> None:
    story = Story(
        edited(FROM_TUESDAY | {'span = "half a working day"': 'span = "1 working day"'}, beside=True), "westward"
    )
    story.given(message_received("m1", at="Mon 16:00"), message_replied(at="Tue 09:30"))
    story.given(message_received("m2", at="Tue 10:00"))
    story.then(
        sla_started(message="m1", policy="westward/2023-26", due="Tue 12:00"),
        sla_met(policy="westward/2023-26"),
        sla_started(message="m2", policy="westward/2026-29", due="Wed 10:00"),
    )


def test_a_mended_calendar_moves_what_is_open(packs: Packs, edited: Edited) -> None:
    story = Story(packs, "westward")
    story.given(message_received(at="Mon 09:00"))
    story.when(clock="Mon 11:00")
    story.packs = edited(LATER_HOURS)
    story.when(clock="Mon 12:30")
    story.then(
        sla_started(due="Mon 13:00", revision=1),
        sla_warning(at="Mon 11:00", revision=1),
        sla_recalculated(previous_due_at="Mon 13:00", due="Mon 14:00", reason="calendar-changed", revision=2),
        sla_warning(at="Mon 12:00", revision=2, remaining_s=7200),
    )
    story.when(clock="Mon 14:00:01")
    story.then(sla_warning(at="Mon 13:30", revision=2), sla_breach(due="Mon 14:00", revision=3))


def test_closed_verdicts_never_change(packs: Packs, edited: Edited) -> None:
    story = Story(packs, "westward")
    story.given(message_received("m1", at="Mon 09:00"), message_replied("r1", at="Mon 12:50"))
    story.given(message_received("m2", at="Tue 09:00"), message_replied("r2", at="Tue 13:30"))
    story.then(sla_started(), sla_met(), sla_started(), sla_breach(), sla_late_answer())
    story.packs = edited(LATER_HOURS)
    story.given(message_received("m3", at="Wed 09:00", kind="thanks"))
    story.then()
    assert (story.target("m1").state, story.target("m2").state) == ("met", "breached")
