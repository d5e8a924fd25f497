"""A statement that is sent and not waited for: it is part of its transaction all the same."""

import asyncio

import pytest
from sqlalchemy.exc import DBAPIError

from shared.bus.outbox import unpack
from tests.integration.bus.ledger import resolved
from tests.integration.bus.world import World, eventually

NOTE = "insert into entities (organisation, key, facts) values ('westward', :key, 1)"
SLOW = "select pg_sleep(0.2)"


async def _notes(world: World) -> int:
    count: int = await world.scalar("select count(*) from entities")
    return count


async def test_it_is_committed_with_the_rest_and_in_its_place(world: World) -> None:
    events = [resolved("a"), resolved("a"), resolved("a")]
    async with world.ledger.bus.transaction() as tx:
        await tx.lock("westward", "messages", "a")
        await tx.send(NOTE, key="k")
        assert len(await tx.fetch("select key from entities")) == 1
        for event in events[:2]:
            tx.emit(event)
            await tx.send_emitted()
        tx.emit(events[2])
    assert await _notes(world) == 1
    assert tx.emitted == 3
    rows = await world.fetch("select headers from outbox order by id")
    assert [dict(unpack(row.headers))["ce_id"] for row in rows] == [event.id.encode() for event in events]


async def test_the_database_works_on_it_while_the_transaction_goes_on(world: World) -> None:
    """Another transaction holds the row that it wants, so that it cannot be done before this one has gone on."""

    async def waits() -> bool:
        waiting = (
            "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
        )
        return bool(await world.scalar(waiting))

    held, let_go = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        async with world.another().bus.transaction() as other:
            await other.execute(NOTE, key="k")
            held.set()
            await let_go.wait()
            raise RuntimeError("rolled back")

    holding = asyncio.create_task(hold())
    await held.wait()
    async with world.ledger.bus.transaction() as tx:
        await tx.send(NOTE, key="k")
        await eventually(waits, "the statement is under way")
        let_go.set()
    with pytest.raises(RuntimeError, match="rolled back"):
        await holding
    assert await _notes(world) == 1


@pytest.mark.parametrize("goes_on", [True, False], ids=["at the next statement", "at the commit"])
async def test_what_it_fails_with_is_raised(world: World, goes_on: bool) -> None:
    with pytest.raises(DBAPIError):
        async with world.ledger.bus.transaction() as tx:
            await tx.send(NOTE, key="k")
            await tx.send(NOTE, key="k")
            if goes_on:
                await tx.fetch("select 1")
                pytest.fail("a failed statement was passed over")
    assert await _notes(world) == 0


async def test_a_fault_beside_it_rolls_both_back(world: World) -> None:
    bus = world.ledger.bus
    with pytest.raises(RuntimeError, match="ours"):
        async with bus.transaction() as tx:
            await tx.execute(NOTE, key="k")
            await tx.send(SLOW)
            raise RuntimeError("ours")
    assert await _notes(world) == 0
    async with bus.transaction() as tx:
        await tx.execute(NOTE, key="k")
    assert await _notes(world) == 1


async def test_whoever_is_cancelled_leaves_no_statement_behind(world: World) -> None:
    """The connection goes back to the pool only when nothing is under way on it."""
    begun = asyncio.Event()

    async def write() -> None:
        async with world.ledger.bus.transaction() as tx:
            await tx.execute(NOTE, key="k")
            await tx.send(SLOW)
            begun.set()
            await tx.fetch("select 1")

    writing = asyncio.create_task(write())
    await begun.wait()
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert await _notes(world) == 0
    async with world.ledger.bus.transaction() as tx:
        assert (await tx.fetch("select 1"))[0][0] == 1
