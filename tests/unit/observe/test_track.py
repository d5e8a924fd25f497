"""Since when the oldest record of a partition waits, by what is known of it."""

from types import SimpleNamespace
from typing import Any

import pytest

from shared.bus.track import Track

NOW = 1_000_000.0
SINCE = NOW - 500


def records(*stamped: tuple[int, float]) -> Any:
    return [SimpleNamespace(offset=offset, timestamp=round(at * 1000)) for offset, at in stamped]


@pytest.mark.parametrize(
    ("taken", "end", "expected"),
    [
        ([], 5, NOW),
        ([], 4, NOW),
        ([(5, NOW - 90), (6, NOW - 80)], 7, NOW - 90),
        ([(7, NOW - 90)], 8, NOW - 90),
        ([], 7, SINCE),
        ([(5, NOW + 3600)], 6, SINCE),
    ],
    ids=["nothing waits", "less than nothing", "the oldest", "behind control records", "not taken", "stamped ahead"],
)
def test_all_before_this_instant_is_applied(taken: list[tuple[int, float]], end: int, expected: float) -> None:
    track = Track(None, 5, 5, since=SINCE)
    track.took(5, records(*taken))
    assert track.applied_until(end, NOW) == expected


def test_what_is_applied_waits_no_longer_and_what_is_taken_again_counts_once() -> None:
    track = Track(None, 5, 5, since=SINCE)
    track.took(5, records((5, NOW - 90), (6, NOW - 80)))
    track.took(7, records((7, NOW - 70)))
    track.moved(6)
    assert track.applied_until(8, NOW) == NOW - 80
    track.took(6, records((6, NOW - 80), (7, NOW - 70)))
    assert [offset for offset, _ in track.stamps] == [6, 7]
    track.moved(8)
    assert not track.stamps


def test_without_a_stamp_it_waits_at_the_most_since_none_was_last_seen_to_wait() -> None:
    track = Track(None, 5, 5, since=SINCE)
    assert track.applied_until(5, NOW - 20) == NOW - 20
    assert track.applied_until(6, NOW) == NOW - 20
