"""How long the oldest record waits is a fact of the log, which a process that is started again goes on from."""

import asyncio
import time
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from shared.bus import Transient, encode
from shared.bus.metrics import BUS, BUS_PREFIX, Instruments
from tests.integration.bus.ledger import resolved
from tests.integration.bus.world import World, eventually

WAITED_S = 600.0


class Watched:
    """A ledger, and what is exposed of partition 0 of its messages."""

    def __init__(self, world: World) -> None:
        self.ledger = world.another()
        self.topic = world.topics.shared("messages")
        self.registry = CollectorRegistry()
        self.ledger.bus.instruments = Instruments(BUS, self.registry, BUS_PREFIX)
        self.away = True
        self.ledger.hook = self._hook

    async def _hook(self, step: str) -> None:
        if self.away:
            raise Transient("the calendar is away")

    def value(self, name: str, **labels: str) -> float | None:
        """A gauge of the partition."""
        place = {"topic": self.topic, "partition": "0"} | labels
        return self.registry.get_sample_value(f"{BUS_PREFIX}{name}", place)

    async def reads(self, name: str, **labels: str) -> float:
        """The same, once it is there."""

        async def there() -> bool:
            return bool(self.value(name, **labels))

        await eventually(there, name)
        return self.value(name, **labels) or 0.0

    async def comes_to(self, name: str, to: float) -> None:
        """Wait until it is so: before the first records are taken, what is known is when the position last moved."""

        async def there() -> bool:
            return self.value(name) == to

        await eventually(there, f"{name} is {to}")


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """The log is looked at five times a second, and what failed is tried again as often."""
    monkeypatch.setattr("shared.bus.consumer.OBSERVE_S", 0.2)
    monkeypatch.setattr("shared.bus.consumer.jitter", lambda attempt: 0.2)


async def write(world: World, stamped: float) -> None:
    """An event that has waited since then."""
    producer, wire = await world.producer(), encode(resolved("a"))
    await producer.send_and_wait(
        world.topics.shared("messages"), wire.body, wire.key, partition=0, headers=list(wire.headers),
        timestamp_ms=round(stamped * 1000),
    )  # fmt: skip


async def close(watched: Watched) -> None:
    await watched.ledger.bus.database.close()


async def test_a_process_that_is_started_again_says_the_same_of_the_oldest_record(world: World, often: Any) -> None:
    stamped = round(time.time() - WAITED_S, 3)
    for second in range(3):
        await write(world, stamped + second)
    for _ in range(2):
        watched = Watched(world)
        async with world.running(watched.ledger):
            await watched.comes_to("applied_until_timestamp_seconds", stamped)
            assert watched.value("lag_records") == 3
            assert watched.value("next_offset") == 0
        await close(watched)


async def test_what_is_tried_again_and_again_is_held_until_it_succeeds(world: World, often: Any) -> None:
    began = time.time()
    watched = Watched(world)
    await write(world, began - WAITED_S)
    async with world.running(watched.ledger):
        await watched.reads("held", reason="transient")
        for _ in range(20):
            assert watched.value("held", reason="transient") == 1, "also while it is tried"
            await asyncio.sleep(0.05)
        watched.away = False
        assert await watched.reads("next_offset") == 1

        async def caught_up() -> bool:
            return (watched.value("applied_until_timestamp_seconds") or 0) >= began

        await eventually(caught_up, "nothing waits")
        assert watched.value("held", reason="transient") is None
    await close(watched)


async def test_a_record_that_nobody_can_read_has_waited_since_the_position_last_moved(
    world: World, often: Any, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    watched = Watched(world)
    watched.away = False
    await write(world, time.time())
    async with world.running(watched.ledger):
        await watched.reads("next_offset")
    await close(watched)
    moved_at = float(await world.scalar("select extract(epoch from max(moved_at)) from positions"))
    await write(world, time.time() + WAITED_S)
    for _ in range(2):
        watched = Watched(world)
        async with world.running(watched.ledger):
            found = await watched.reads("applied_until_timestamp_seconds")
            assert watched.value("lag_records") == 1
            assert found == pytest.approx(moved_at, abs=0.001), "stamped ahead of time, and so not believed"
        await close(watched)
