"""What the relay has in hand: bounded, in order, and never read twice."""

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from shared.bus.hand import Flight, Hand, Lane, Load, Row
from shared.bus.term import READ_BYTES, READ_ROWS, has_room


def row(number: int, size: int = 0, *, topic: str = "t", key: bytes | None = b"k", partition: int | None = 0) -> Row:
    return Row(number, topic, partition, key, b"", b"", 0.0, size)


def hand_with(*rows: Row, partitions: int = 1) -> Hand:
    hand = Hand()
    hand.open("t", partitions)
    assert hand.take(rows) == set()
    return hand


def send(lane: Lane, *, landed: bool = False) -> Flight:
    """What waits in a lane is on its way."""
    acknowledged: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    if landed:
        acknowledged.set_result(None)
    flight = lane.flight = Flight(list(lane.waiting), acknowledged, 0.0)
    lane.waiting.clear()
    return flight


def test_few_large_rows_fill_it_as_many_small_ones_do() -> None:
    hand = hand_with()
    for number in range(8):
        assert has_room(hand)
        hand.take([row(number, READ_BYTES // 4)])
    assert not has_room(hand)
    assert hand.size == 2 * READ_BYTES
    assert has_room(hand_with(*map(row, range(3 * READ_ROWS - 1))))
    assert not has_room(hand_with(*map(row, range(3 * READ_ROWS))))


async def test_what_is_deleted_makes_room_again_and_not_before() -> None:
    hand = hand_with(row(1, READ_BYTES), row(2, READ_BYTES))
    (lane,) = hand
    flight = send(lane, landed=True)
    hand.arrive(lane, flight)
    assert (lane.flight, [each.id for each in hand.arrived]) == (None, [1, 2])
    assert (hand.ids, has_room(hand)) == ({1, 2}, False)
    hand.drop(1)
    assert (hand.ids, hand.size, [each.id for each in hand.arrived]) == ({2}, READ_BYTES, [2])
    hand.drop(1)
    assert (hand.ids, hand.size, hand.runs, has_room(hand)) == (set(), 0, [], True)


async def test_a_lane_has_one_flight_at_a_time_and_is_loaded_meanwhile() -> None:
    hand = hand_with(row(1), row(2), row(3, partition=1), partitions=2)
    lane, other = hand
    assert [each for each in hand if each.free] == [lane, other]
    send(lane)
    hand.take([row(4)])
    assert [each for each in hand if each.free] == [other]
    assert lane.loadable
    batch = SimpleNamespace(closed=lambda: False)
    lane.load = Load(batch, [lane.waiting.popleft()])
    assert not lane.loadable
    hand.take([row(5)])
    assert lane.loadable
    batch.closed = lambda: True
    assert (lane.loadable, lane.free) == (False, False)
    lane.flight = None
    assert lane.free


async def test_only_flights_that_are_over_have_landed() -> None:
    hand = hand_with(row(1), row(2, partition=1), partitions=3)
    send(first := next(iter(hand)))
    send(second := list(hand)[1], landed=True)
    assert hand.landed() == [second]
    assert hand.flights == [first.flight, second.flight]


def test_rows_go_to_their_partitions_in_their_order() -> None:
    rows = [row(n, key=b"abc"[n % 3 : n % 3 + 1], partition=None) for n in range(30)]
    hand = hand_with(*rows, row(30, partition=5), row(31, partition=9), row(32, key=None, partition=None), partitions=6)
    lanes = {each.partition: [one.id for one in each.waiting] for each in hand}
    for key in range(3):
        (numbers,) = [[n for n in ids if n < 30 and n % 3 == key] for ids in lanes.values() if key in ids]
        assert numbers == list(range(key, 30, 3))
    assert 30 in lanes[5]
    assert sum(31 in ids for ids in lanes.values()) == 1, "a partition that the topic does not have: its key decides"
    assert 32 in lanes[32 % 6]


def test_rows_of_a_topic_without_lanes_are_left_where_they_are() -> None:
    hand = hand_with()
    assert hand.take([row(1), row(2, topic="u"), row(3)]) == {"u"}
    assert (hand.ids, hand.runs) == ({1, 3}, [(1, 1), (3, 3)])
    hand.open("u", 1)
    assert hand.take([row(2, topic="u")]) == set()
    assert hand.runs == [(1, 3)]


def _numbers(runs: Sequence[tuple[int, int]]) -> set[int]:
    return {number for first, last in runs for number in range(first, last + 1)}


@given(st.lists(st.tuples(st.sets(st.integers(1, 60), max_size=12), st.integers(0, 12))))
async def test_runs_have_all_in_hand_and_nothing_that_was_never_taken(steps: list[tuple[set[int], int]]) -> None:
    """Numbers come in any order from one read to the next, as commits do; some that were taken are deleted."""
    hand = hand_with()
    taken: set[int] = set()
    (lane,) = hand
    for numbers, gone in steps:
        fresh = sorted(numbers - taken)
        hand.take([row(number) for number in fresh])
        taken.update(fresh)
        hand.arrive(lane, send(lane))
        hand.drop(min(gone, len(hand.arrived)))
        assert hand.ids == {each.id for each in hand.arrived}
        assert hand.ids <= _numbers(hand.runs) <= taken
        assert all(b > a + 1 for (_, a), (b, _) in zip(hand.runs, hand.runs[1:], strict=False))
