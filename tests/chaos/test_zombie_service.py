"""A worker that stood still past its session, in the middle of a batch, wakes up: nothing that it does then counts twice."""

import asyncio
import signal
import subprocess
import sys

import pytest

from tests.chaos.branch import ROOT, Branch, Worker, eventually
from tests.chaos.stalled import LOCK, NAME
from tests.chaos.tale import Tale, as_in_order, nothing_lost_or_doubled, seeded, the_table_and_the_topic_agree
from tests.unit.sla.histories import FAR
from tests.unit.sla.story import at

SESSION_MS = 6_000
ANSWERING = "select count(*) from pg_stat_activity where application_name = :name and wait_event = 'ClientWrite'"
FREE = "select pg_try_advisory_xact_lock(:lock)"
pytestmark = pytest.mark.long


async def test_a_worker_that_wakes_up_past_its_session_doubles_nothing(branch: Branch) -> None:
    branch.session_timeout_ms = SESSION_MS
    branch.clock(at("Mon 11:00"))
    tale = Tale(seeded(), 400, 2)
    first, last = tale.parts
    zombie, heir = await _pair(branch)

    telling = asyncio.create_task(branch.say(first))
    await _fall_asleep(branch, zombie)
    await telling
    assert (await branch.progress()).lag > 0

    branch.clock(FAR)
    await branch.quiet(len(first), FAR)
    zombie.signal(signal.SIGCONT)
    await eventually(lambda: zombie.said("batch waits"), "it goes on with the batch in hand and is refused")
    await branch.say(last)
    await branch.quiet(len(first) + len(last), FAR)
    assert [await worker.end() for worker in (zombie, heir)] == [0, 0]

    as_in_order(branch.packs, tale, await the_table_and_the_topic_agree(branch, await branch.told(), tale))
    await nothing_lost_or_doubled(branch, tale)


async def test_a_process_that_stands_still_while_it_is_answered_lets_its_locks_go(branch: Branch) -> None:
    """Its transaction is not idle, as the server has more to send: what ends it is that nobody reads."""

    async def answered() -> bool:
        return bool((await branch.rows(ANSWERING, name=NAME))[0][0])

    async def free() -> bool:
        return bool((await branch.rows(FREE, lock=LOCK))[0][0])

    stalled = _reader(branch.databases.app_url)
    try:
        await eventually(answered, "the server sends", every=0.001)
        stalled.send_signal(signal.SIGSTOP)
        await asyncio.sleep(1)
        assert await answered() and not await free()
        await eventually(free, "the lock is free", 30, every=0.5)
    finally:
        stalled.kill()
        stalled.wait()


def _reader(url: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-m", "tests.chaos.stalled", url], cwd=ROOT)


async def _pair(branch: Branch) -> tuple[Worker, Worker]:
    """Two workers that share the partitions; the first one publishes what both tell."""
    first = branch.start(0)
    await eventually(lambda: first.said("relay leads"), "the first leads")
    second = branch.start(1)
    for worker in (second, first):
        await eventually(worker.ready, "both read")
    return first, second


async def _fall_asleep(branch: Branch, worker: Worker) -> None:
    """Stop it in a transaction that has locked or written rows."""
    while True:
        await eventually(lambda: branch.writes(worker), "a batch is in hand", every=0.001)
        worker.signal(signal.SIGSTOP)
        await asyncio.sleep(0.1)
        if await branch.writes(worker):
            return
        worker.signal(signal.SIGCONT)
