"""What the relay has in hand is bounded in rows and in bytes."""

import asyncio

from shared.bus.hand import Flight, Hand, Lane, Row
from shared.bus.relay import READ_BYTES, has_room

LANE = Lane("t", 0)


def row(number: int, size: int) -> Row:
    return Row(number, "t", 0, b"k", b"", bytes(size), 0.0)


def test_few_large_rows_fill_it_as_many_small_ones_do() -> None:
    hand = Hand()
    for number in range(8):
        assert has_room(hand)
        hand.take(LANE, row(number, READ_BYTES // 4))
    assert not has_room(hand)
    assert hand.size == 2 * READ_BYTES


async def test_what_is_dropped_makes_room_again() -> None:
    hand = Hand()
    rows = [row(number, READ_BYTES) for number in range(2)]
    for one in rows:
        hand.take(LANE, one)
    assert not has_room(hand)
    hand.flights[LANE] = Flight(rows, asyncio.get_running_loop().create_future(), 0.0)
    assert hand.drop([LANE]) == [0, 1]
    assert (hand.size, has_room(hand)) == (0, True)
