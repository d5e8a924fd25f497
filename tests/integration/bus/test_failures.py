"""The three classes of errors: transient ones hold the partition, bugs are isolated, and too many of them stop it."""

import asyncio
from dataclasses import replace
from typing import Any

import asyncpg
import pytest

from shared.bus import Consumer, Transient, encode
from shared.bus.watchdog import EXIT_CODE, Watchdog
from tests.integration.bus.ledger import Ledger, resolved, staff_left
from tests.integration.bus.world import World, eventually


async def _held(consumer: Consumer, bad: list[int]) -> None:
    """Wait until these partitions of the topic are stopped, and see that the other is not."""

    async def stopped() -> bool:
        held = {p.partition: t.held for p, t in consumer.assignment.tracks.items() if "messages" in p.topic}
        return held == {n: "bugs" if n in bad else None for n in range(2)}

    await eventually(stopped, f"{bad} held")


@pytest.mark.parametrize("bad", [[0], [0, 1]], ids=["one partition", "every partition of the topic"])
async def test_too_many_bugs_stop_the_partition_instead_of_draining_it(world: World, bad: list[int]) -> None:
    for partition in bad:
        await world.say(*(resolved("a", actor="bug") for _ in range(40)), partition=partition)
    good = [resolved("b") for _ in range(30)] if bad == [0] else []
    await world.say(*good, partition=1)
    hr = staff_left("p", "hr-1")
    await world.write(world.topics.inbound("westward", "people"), encode(hr))
    async with world.running() as consumer:
        await _held(consumer, bad)
        await world.applied(len(good) + 1)
        await asyncio.sleep(0.5)
    counts = await world.counts()
    assert (counts["dead"], counts["applied"]) == (20 * len(bad), len(good) + 1)
    assert sorted(await world.entries()) == sorted([*(event.id for event in good), hr.id])
    await _restart_in_vain(world, bad)
    mended = replace(world.another(), healed=True)
    async with world.running(mended):
        await world.applied(len(good) + 1 + 19 * len(bad))
    await mended.bus.database.close()


async def _restart_in_vain(world: World, bad: list[int]) -> None:
    """A process started again tries one record of each, and stops there."""
    again = world.another()
    async with world.running(again) as consumer:
        await _held(consumer, bad)
        await asyncio.sleep(0.5)
    await again.bus.database.close()
    assert (await world.counts())["dead"] == 21 * len(bad)


async def test_a_transient_failure_holds_and_repeats_without_loss(world: World) -> None:
    class Moody(Ledger):
        failures = 0

        async def handle(self, batch: Any, tx: Any) -> None:
            Moody.failures += 1
            if Moody.failures <= 3:
                raise Transient("the calendar is away")
            await super().handle(batch, tx)

    moody = Moody(world.ledger.bus)
    events = [resolved("a") for _ in range(20)]
    await world.say(*events)
    async with world.running(moody):
        await world.applied(20)
    assert await world.entries() == [event.id for event in events]
    assert await world.counts() == {"applied": 20, "duplicate": 0, "ignored": 0, "dead": 0, "taken": 20}


async def test_the_database_away_pauses_without_loss(world: World, postgres_server: Any) -> None:
    """Connections are cut and refused for a while, in the middle of the work of consumer and relay."""
    name = world.app_url.rpartition("/")[2]
    admin = await asyncpg.connect(postgres_server.admin_url)
    try:
        async with world.running(relay=True):
            await world.say(*(resolved("a") for _ in range(100)))
            await world.applied(100)
            await admin.execute(f"alter database {name} with allow_connections false")
            await admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", name)
            await world.say(*(resolved("a") for _ in range(100)))
            await asyncio.sleep(1.0)
            await admin.execute(f"alter database {name} with allow_connections true")
            await eventually(lambda: _entries(world, 200), "all applied")
            await world.drained()
    finally:
        await admin.close()
    assert len(set(await world.emitted())) == 200
    assert (await world.counts())["taken"] == 200


async def _entries(world: World, count: int) -> bool:
    try:
        return len(await world.entries()) == count
    except Exception:  # noqa: BLE001 the database is coming back
        return False


async def test_a_service_that_starts_while_kafka_is_away_stays_and_reads_when_it_comes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kafka is behind a door that opens late; what it then says of itself leads past the door."""
    monkeypatch.setattr("shared.bus.consumer.jitter", lambda attempt: 0.2)
    events = [resolved("a") for _ in range(5)]
    await world.say(*events)
    host, port = world.bootstrap.split(":")

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        onward, back = await asyncio.open_connection(host, int(port))
        await asyncio.gather(_pump(reader, back), _pump(onward, writer))

    door = await asyncio.start_server(pass_on, "127.0.0.1", 0)
    address = door.sockets[0].getsockname()
    door.close()
    await door.wait_closed()
    ends: list[str] = []
    watchdog = Watchdog(patience_s=4, exit_=ends.append)
    world.bootstrap, real = f"127.0.0.1:{address[1]}", world.bootstrap
    async with world.running(watchdog=watchdog) as consumer:
        await asyncio.sleep(6)
        assert ends == []
        assert "does not answer" in (await consumer.ready() or "")
        door = await asyncio.start_server(pass_on, *address)
        await world.applied(5)
    door.close()
    world.bootstrap = real
    assert ends == []


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()
    writer.close()


async def test_of_two_processes_with_one_ordinal_one_ends_itself(world: World) -> None:
    """The broker fences neither: without the watchdog they would take the partitions from each other for ever."""
    first = world.child("consumer", most_assignments=8)
    await first.says("started")
    second = world.child("consumer", most_assignments=8)
    await second.says("started")
    ends = [asyncio.create_task(child.exit_code(40)) for child in (first, second)]
    done, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED, timeout=30)
    assert {task.result() for task in done} == {EXIT_CODE}
    for child in (first, second):
        child.close()
    await asyncio.wait(ends)
