"""Batches that are written side by side: of other partitions only, a few at a time, and no fault of one is lost."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from shared.bus.positions import Partition
from shared.bus.writing import Writing

ONE, TWO, THREE = (Partition("messages", number) for number in range(3))


class Hands:
    """Batches that end when they are told to. `going` are those in hand, `done` those that ended, in order."""

    def __init__(self) -> None:
        self.writing = Writing(most=2)
        self.going: set[str] = set()
        self.done: list[str] = []
        self._ends: dict[str, asyncio.Event] = {}

    async def batch(self, name: str, fault: Exception | None = None) -> None:
        """One batch."""
        self.going.add(name)
        await self._ends.setdefault(name, asyncio.Event()).wait()
        self.going.discard(name)
        self.done.append(name)
        if fault is not None:
            raise fault

    def begin(self, name: str, *partitions: Partition, fault: Exception | None = None) -> "asyncio.Task[None]":
        """Hand a batch over."""
        return asyncio.create_task(self.writing.begin(self.batch(name, fault), partitions))

    async def end(self, *names: str) -> None:
        """Let batches end."""
        for name in names:
            self._ends.setdefault(name, asyncio.Event()).set()
        await turn()


async def turn() -> None:
    """Everything that can go on does."""
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.fixture
async def hands() -> AsyncIterator[Hands]:
    """Nothing in hand; whatever a test began is ended."""
    made = Hands()
    yield made
    await made.end("a", "b", "c")
    await made.writing.idle(5.0)


async def test_batches_of_different_partitions_are_written_side_by_side(hands: Hands) -> None:
    await hands.begin("a", ONE)
    await hands.begin("b", TWO)
    await turn()
    assert hands.going == {"a", "b"}
    assert hands.writing.partitions == {ONE, TWO}


async def test_a_partitions_batches_follow_on_each_other(hands: Hands) -> None:
    await hands.begin("a", ONE, TWO)
    later = hands.begin("b", TWO, THREE)
    await turn()
    assert hands.going == {"a"}
    assert not later.done()
    await hands.end("a")
    assert hands.going == {"b"}
    assert hands.done == ["a"]


async def test_no_more_than_so_many(hands: Hands) -> None:
    await hands.begin("a", ONE)
    await hands.begin("b", TWO)
    third = hands.begin("c", THREE)
    await turn()
    assert hands.going == {"a", "b"}
    await hands.end("b")
    assert hands.going == {"a", "c"}
    assert third.done()


async def test_a_fault_is_raised_to_whoever_goes_on(hands: Hands) -> None:
    await hands.begin("a", ONE, fault=LookupError("ours"))
    await hands.end("a")
    with pytest.raises(LookupError):
        await hands.writing.take_faults()
    await hands.writing.take_faults()


async def test_a_fault_is_raised_instead_of_beginning(hands: Hands) -> None:
    await hands.begin("a", ONE, fault=LookupError("ours"))
    later = hands.begin("b", ONE)
    await hands.end("a")
    with pytest.raises(LookupError):
        await later
    assert hands.going == set()


async def test_settling_waits_for_all_and_raises_what_one_ended_with(hands: Hands) -> None:
    await hands.begin("a", ONE, fault=LookupError("ours"))
    await hands.begin("b", TWO)
    settling = asyncio.create_task(hands.writing.settle())
    await hands.end("a")
    assert not settling.done()
    await hands.end("b")
    with pytest.raises(LookupError):
        await settling
    assert hands.writing.partitions == frozenset()


async def test_waiting_for_idleness_is_bounded_and_ends_nothing(hands: Hands) -> None:
    await hands.begin("a", ONE)
    await hands.writing.idle(0.01)
    assert hands.going == {"a"}
    await hands.end("a")
    await hands.writing.idle(60.0)
    assert hands.done == ["a"]


async def test_one_that_stands_is_seen_beside_those_that_get_on(hands: Hands) -> None:
    await hands.begin("a", ONE)
    await asyncio.sleep(0.02)
    await hands.begin("b", TWO)
    await hands.end("b")
    await hands.writing.take_faults()
    assert hands.writing.stands_for_s() >= 0.02
    await hands.end("a")
    await hands.writing.settle()
    assert hands.writing.stands_for_s() == pytest.approx(0, abs=0.01)
