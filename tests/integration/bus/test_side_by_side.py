"""The relay reads, sends and deletes side by side: what becomes of each when another one fails, or when it is to stop."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest
from aiokafka import AIOKafkaProducer

from shared.bus import Relay, ensure_topics
from shared.bus.outbox import OutboxRow
from shared.bus.term import Term
from shared.bus.topics import TopicSpec
from tests.integration.bus.world import World, eventually

KIB = 1024
SLEEPS = "select pg_sleep(300)"
SLEEPING = """
    select pid from pg_stat_activity
    where query = 'select pg_sleep(300)' and state = 'active' and datname = current_database()
"""


class Late:
    """A producer as a slow network makes it: the broker has what it sent, and is heard only once `answers` is set."""

    def __init__(self, producer: AIOKafkaProducer, answers: asyncio.Event) -> None:
        self._producer = producer
        self._answers = answers

    async def send_batch(self, *batch: Any, **place: Any) -> "asyncio.Future[Any]":
        return asyncio.create_task(self._heard(await self._producer.send_batch(*batch, **place)))

    async def _heard(self, acknowledged: "asyncio.Future[Any]") -> Any:
        found = await acknowledged
        await self._answers.wait()
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._producer, name)


class Slow(Relay):
    """Its reads sleep in PostgreSQL, and its broker is not heard, from when it is told so; it keeps what it deletes."""

    def __init__(self, world: World, **more: Any) -> None:
        super().__init__(world.another().bus, world.bootstrap, **more)
        self.sleepy = False
        self.answers = asyncio.Event()
        self.answers.set()
        self.terms: list[Term] = []
        self.deletes: list[list[int]] = []

    def term(self, connection: Any, producer: Any, stop: asyncio.Event) -> Term:
        self.terms.append(super().term(connection, cast(Any, Late(producer, self.answers)), stop))
        return self.terms[-1]

    async def read(self, connection: Any, *known: Any) -> Sequence[Any]:
        if self.sleepy:
            await connection.execute(SLEEPS)
        return await super().read(connection, *known)

    async def delete(self, connection: Any, ids: Sequence[int]) -> None:
        await super().delete(connection, ids)
        self.deletes.append(list(ids))


@asynccontextmanager
async def running(relay: Relay) -> AsyncIterator[asyncio.Event]:
    """The relay, until the block ends; it may be stopped before."""
    stop = asyncio.Event()
    task = asyncio.create_task(relay.run(stop))
    try:
        yield stop
    finally:
        stop.set()
        await task


async def put(world: World, bodies: Sequence[bytes], topic: str | None = None) -> None:
    """Commit rows of one key."""
    async with world.ledger.bus.transaction() as tx:
        for body in bodies:
            tx.publish(OutboxRow("westward", topic or world.topics.shared("messages"), b"k", [("a", b"1")], body))


async def sent(world: World, topic: str | None = None) -> list[bytes]:
    return [record.value for record in await world.published(topic or world.topics.shared("messages"))]


def firsts(bodies: Sequence[bytes]) -> list[bytes]:
    return list(dict.fromkeys(bodies))


async def asleep(world: World) -> int:
    """Wait until a read sleeps; the pid of the leader's session."""

    async def there() -> bool:
        return len(await world.fetch(SLEEPING)) == 1

    await eventually(there, "a read that is out")
    return int(await world.scalar(SLEEPING))


async def left(world: World) -> int:
    return int(await world.scalar("select count(*) from outbox"))


async def flying(relay: Slow, count: int) -> bool:
    """Whether so many rows are on their way."""
    return sum(len(flight.rows) for flight in relay.terms[-1].hand.flights) == count


async def warm(world: World, relay: Slow) -> None:
    """It leads and has its topics."""
    await put(world, [b"warm"])
    await world.drained()
    assert relay.leading


async def test_a_connection_lost_while_a_read_is_out(world: World) -> None:
    """What was acknowledged meanwhile could not be deleted: it is sent again, nothing is lost, and the order stands."""
    bodies = [b"%03d" % n for n in range(50)]
    relay = Slow(world)
    async with running(relay):
        await warm(world, relay)
        relay.answers.clear()
        await put(world, bodies)
        await eventually(lambda: flying(relay, 50), "a batch is on its way")
        relay.sleepy = True
        pid = await asleep(world)
        relay.answers.set()

        async def acknowledged() -> bool:
            return len(relay.terms[-1].hand.arrived) == 50

        await eventually(acknowledged, "all are acknowledged while the read is out")
        assert (await left(world), len(relay.terms)) == (50, 1)
        relay.sleepy = False
        await world.fetch("select pg_terminate_backend(:pid)", pid=pid)
        await put(world, [b"last"])
        await world.drained()
    assert len(relay.terms) == 2
    assert await sent(world) == [b"warm", *bodies, *bodies, b"last"]


async def test_a_delete_that_fails_while_the_next_batch_is_on_its_way(world: World) -> None:
    """Batches of one key that do not fit into one: no gap, whatever was on its way when the term ended."""
    bodies = [bytes([65 + n % 26]) * (64 * KIB) + b"%03d" % n for n in range(40)]

    class Failing(Slow):
        behind = 0

        async def delete(self, connection: Any, ids: Sequence[int]) -> None:
            if not self.deletes and len(self.terms) == 1:
                self.behind = len(self.terms[0].hand.flights)
                await connection.execute("select pg_terminate_backend(pg_backend_pid())")
            await super().delete(connection, ids)

    relay = Failing(world)
    async with running(relay):
        await put(world, bodies)
        await world.drained()
    assert (len(relay.terms), relay.behind) == (2, 1)
    assert firsts(await sent(world)) == bodies


async def test_a_stop_while_a_read_is_out(world: World) -> None:
    """The read is cancelled, and the lock is free at once: the server does not go on with what nobody hears."""
    relay = Slow(world)
    async with running(relay) as stop:
        await warm(world, relay)
        relay.sleepy = True
        await put(world, [b"for the next one"])
        await asleep(world)
        stop.set()
    assert await left(world) == 1
    heir = Slow(world)
    async with running(heir):
        await world.drained(30)
    assert await sent(world) == [b"warm", b"for the next one"]


async def test_a_stop_while_a_batch_is_on_its_way(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is waited for and deleted; what had not left stays for whoever leads next."""
    monkeypatch.setattr("shared.bus.term.DRAIN_S", 60.0)
    first, second = [b"%03d" % n for n in range(20)], [b"%03d" % n for n in range(20, 40)]
    relay = Slow(world)
    async with running(relay) as stop:
        await warm(world, relay)
        relay.answers.clear()
        await put(world, first)
        await eventually(lambda: flying(relay, 20), "the first are on their way")
        await put(world, second)

        async def read() -> bool:
            return len(relay.terms[-1].hand.ids) == 40

        await eventually(read, "the second are read")
        stop.set()
        relay.answers.set()
    assert await sent(world) == [b"warm", *first]
    assert await left(world) == 20
    async with running(Slow(world)):
        await world.drained()
    assert await sent(world) == [b"warm", *first, *second]


async def test_a_restart_deletes_first_what_was_acknowledged(world: World) -> None:
    """A batch of one lane is refused while another lane's is acknowledged, in one answer of the broker."""
    topic = f"{world.prefix}narrow"
    await ensure_topics(world.bootstrap, [TopicSpec(topic, 2, {"max.message.bytes": "102400"})])
    relay = Slow(world)
    async with running(relay):
        await put(world, [b"warm"], topic)
        await warm(world, relay)
        async with world.ledger.bus.transaction() as tx:
            tx.publish(OutboxRow("westward", topic, b"k", [], b"0" * (200 * KIB)))
            tx.publish(OutboxRow("westward", world.topics.shared("messages"), b"k", [], b"beside it"))
        await world.drained()
        await put(world, [b"last"])
        await world.drained()
    assert len(relay.terms) == 2
    assert await sent(world, topic) == [b"warm"]
    assert await sent(world) == [b"warm", b"beside it", b"last"]
    assert await world.scalar("select count(*) from outbox_refused") == 1


@pytest.mark.parametrize("large", [False, True], ids=["too large together", "one too large by itself"])
async def test_a_batch_that_is_refused_while_the_next_is_loaded(world: World, large: bool) -> None:
    """The next one, small enough for the topic, does not go ahead of it: the lane's order stands."""
    topic = f"{world.prefix}narrow"
    await ensure_topics(world.bootstrap, [TopicSpec(topic, 2, {"max.message.bytes": "102400"})])
    bodies = [b"%03d" % n * (15 * KIB) for n in range(12)] + [b"%03d" % n for n in range(12, 18)]
    if large:
        bodies[5] = b"5" * (200 * KIB)
    relay = Slow(world)
    async with running(relay):
        await put(world, bodies, topic)
        await world.drained()
    expected = [body for body in bodies if len(body) < 100 * KIB]
    assert firsts(await sent(world, topic)) == expected
    assert await world.scalar("select count(*) from outbox_refused") == len(bodies) - len(expected)


async def test_a_row_that_commits_late_is_read_while_its_neighbours_are_in_hand(world: World) -> None:
    """Those that came before and after it are on their way: its number lies between theirs, and was never read."""
    topic = world.topics.shared("messages")
    relay = Slow(world)

    async def held(count: int) -> bool:
        return len(relay.terms[-1].hand.ids) == count

    async with running(relay):
        await warm(world, relay)
        relay.answers.clear()
        await put(world, [b"before"])
        await eventually(lambda: flying(relay, 1), "the first is on its way")
        async with world.ledger.bus.transaction() as tx:
            tx.publish(OutboxRow("westward", topic, b"k", [], b"late"))
            await tx.flush()
            async with world.another().bus.transaction() as other:
                other.publish(OutboxRow("westward", topic, b"k", [], b"after"))
            await eventually(lambda: held(2), "the one after it is in hand")
        await eventually(lambda: held(3), "all are in hand", seconds=20)
        relay.answers.set()
        await world.drained()
    assert (len(relay.terms), await sent(world)) == (1, [b"warm", b"before", b"after", b"late"])
