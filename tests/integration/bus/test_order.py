"""P3: events of a key are published in the order in which their transactions committed."""

import asyncio
import time
from typing import Any

import pytest
from sqlalchemy.event import listen

from shared.bus import Bus, KeyNotLocked, Relay, TooLarge
from shared.bus.outbox import OutboxRow
from shared.bus.tx import Budget
from shared.contracts.access import RevocationOverdue
from shared.contracts.event import event_of
from tests.integration.bus.ledger import NOW, resolved
from tests.integration.bus.world import World, eventually


async def _published(world: World) -> list[str]:
    return [dict(r.headers)["ce_id"].decode() for r in await world.published(world.topics.shared("messages"))]


async def test_emit_without_the_lock_raises(world: World) -> None:
    with pytest.raises(KeyNotLocked):
        async with world.ledger.bus.transaction() as tx:
            await tx.lock("westward", "messages", "another")
            tx.emit(resolved("a"))
    with pytest.raises(KeyNotLocked):
        async with world.ledger.bus.transaction() as tx:
            tx.holds("messages", "wheatley", ["a"])
            tx.emit(resolved("a"))
    assert await world.scalar("select count(*) from outbox") == 0


async def test_two_writers_of_a_key_are_published_in_commit_order(world: World) -> None:
    """The second begins while the first holds the key: without the lock it would commit, and be sent, first."""
    first, second = resolved("a"), resolved("a")
    begun, committing = asyncio.Event(), asyncio.Event()

    async def write_first() -> None:
        async with world.ledger.bus.transaction() as tx:
            await tx.lock("westward", "messages", "a", "b")
            begun.set()
            await committing.wait()
            tx.emit(first)

    async def write_second() -> None:
        await begun.wait()
        async with world.ledger.bus.transaction() as tx:
            await tx.lock("westward", "messages", "b", "a")
            tx.emit(second)

    stop = asyncio.Event()
    relay = asyncio.create_task(Relay(world.ledger.bus, world.bootstrap).run(stop))
    writers = [asyncio.create_task(write()) for write in (write_first, write_second)]
    await begun.wait()
    await asyncio.sleep(0.3)
    assert not writers[1].done()
    committing.set()
    await asyncio.gather(*writers)
    await world.drained()
    stop.set()
    await relay
    assert await _published(world) == [first.id, second.id]


async def test_a_late_commit_with_a_lower_number_is_not_lost(world: World) -> None:
    early, late = resolved("x"), resolved("y")
    stop = asyncio.Event()
    relay = asyncio.create_task(Relay(world.ledger.bus, world.bootstrap).run(stop))
    async with world.ledger.bus.transaction() as tx:
        await tx.lock("westward", "messages", "x")
        tx.emit(early)
        await tx.flush()
        async with world.another().bus.transaction() as other:
            await other.lock("westward", "messages", "y")
            other.emit(late)

        async def sent() -> bool:
            return await _published(world) == [late.id]

        await eventually(sent, "the higher number is sent")
    await world.drained()
    stop.set()
    await relay
    assert sorted(await _published(world)) == sorted([early.id, late.id])


async def test_what_rolls_back_is_not_published(world: World) -> None:
    with pytest.raises(RuntimeError):
        async with world.ledger.bus.transaction() as tx:
            await tx.lock("westward", "messages", "a")
            tx.emit(resolved("a"))
            await tx.flush()
            raise RuntimeError
    assert await world.scalar("select count(*) from outbox") == 0


async def test_an_event_over_512_kib_is_refused(world: World) -> None:
    data = RevocationOverdue(
        revocation="r", person="p", level=1, deadline=NOW, owner="o", notified=tuple(f"{n:0>250}" for n in range(2_200))
    )
    event = event_of(data, id="1", source="/houserules/access", organisation="westward", time=NOW)
    with pytest.raises(TooLarge):
        async with world.ledger.bus.transaction() as tx:
            await tx.lock("westward", "access", "p")
            tx.emit(event)


@pytest.mark.parametrize(("rows", "age_s", "full"), [(3, 60, True), (4, 60, False), (100, 0.0, True)])
async def test_the_outbox_budget(world: World, rows: int, age_s: float, full: bool) -> None:
    ours = world.ledger.bus
    bus = Bus(ours.service, ours.database, ours.clock, ours.topics, Budget(rows, age_s))
    assert not await bus.outbox_full()
    async with bus.transaction() as tx:
        await tx.lock("westward", "messages", "a")
        tx.emit(*(resolved("a") for _ in range(4)))
    bus._full_asked = time.monotonic() - 2
    assert await bus.outbox_full() is full


async def test_an_outbox_that_empties_while_it_is_measured_is_not_full(world: World) -> None:
    """The relay may send the last row between one look at it and the next."""
    ours = world.ledger.bus
    bus = Bus(ours.service, ours.database, ours.clock, ours.topics, Budget(3, 60))
    async with bus.transaction() as tx:
        await tx.lock("westward", "messages", "a")
        tx.emit(*(resolved("a") for _ in range(4)))
    looked: list[str] = []

    def emptied(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if "max(id)" in statement and not looked:
            looked.append(statement)
            cursor.execute("delete from outbox")

    listen(ours.database.engine.sync_engine, "before_cursor_execute", emptied)
    assert not await bus.outbox_full()
    assert looked


async def test_a_missing_topic_keeps_its_own_rows_waiting_and_no_others(world: World) -> None:
    elsewhere = OutboxRow("westward", f"{world.prefix}nowhere", b"k", [], b"{}")
    stop = asyncio.Event()
    relay = asyncio.create_task(Relay(world.ledger.bus, world.bootstrap).run(stop))
    async with world.ledger.bus.transaction() as tx:
        await tx.lock("westward", "messages", "a")
        tx.publish(elsewhere)
        tx.emit(resolved("a"))

    async def one_left() -> bool:
        return int(await world.scalar("select count(*) from outbox")) == 1

    await eventually(one_left, "only the homeless row is left")
    stop.set()
    await relay
    assert await world.scalar("select topic from outbox") == elsewhere.topic
