"""Any process of the stack that is killed with -9 is back by itself, with its data."""

import os
import signal
import time
from collections.abc import Callable

import asyncpg
import psutil
import pytest

from deploy.local.layout import services
from deploy.local.leftovers import living
from deploy.local.supervision import ORDERS_FAILED
from tests.stacks import RunningStack

SERVERS = ("postgres", "kafka")
KEPT = (*SERVERS, *services())


def test_these_are_all_the_processes_that_there_are(house: RunningStack) -> None:
    assert set(living(house.stack.folders.run)) == {"supervisord", *KEPT}


@pytest.mark.parametrize(
    "name", [*SERVERS, "sla", *(pytest.param(name, marks=pytest.mark.long) for name in services() if name != "sla")]
)
def test_killed_process_is_back(house: RunningStack, name: str) -> None:
    stack = house.stack
    killed = stack.kill(name)
    _soon(lambda: stack.pid(name) not in (0, killed))
    for other in KEPT:
        _soon(lambda other=other: stack.answers(other))  # type: ignore[misc] # bound now
    assert not psutil.pid_exists(killed)


def test_killed_supervisord_is_back_with_all_it_kept(house: RunningStack) -> None:
    stack = house.stack
    before = {name: stack.pid(name) for name in KEPT}
    killed = stack.kill("supervisord")
    _soon(lambda: stack.pid("supervisord") != killed)
    for name in KEPT:
        _soon(lambda name=name: stack.pid(name) not in (0, before[name]))  # type: ignore[misc] # bound now
        _soon(lambda name=name: stack.answers(name))  # type: ignore[misc] # bound now
    assert not any(psutil.pid_exists(pid) for pid in [killed, *before.values()])


async def test_what_was_committed_survives_a_killed_postgres(house: RunningStack) -> None:
    url = house.stack.admin_url
    connection = await asyncpg.connect(url)
    await connection.execute("create table kept as select 7 as seven")
    house.stack.kill("postgres")
    _soon(lambda: house.stack.answers("postgres"))
    again = await asyncpg.connect(url)
    assert await again.fetchval("select seven from kept") == 7
    await again.execute("drop table kept")
    await again.close()
    connection.terminate()


def test_postgres_waits_for_its_orphans_and_is_back(house: RunningStack) -> None:
    stack = house.stack
    orphan = _background_writer(stack.pid("postgres"))
    os.kill(orphan, signal.SIGSTOP)  # it hears of the postmaster's death only when it goes on
    killed = stack.kill("postgres")
    _soon(lambda: stack.pid("postgres") not in (0, killed))
    _soon(lambda: "pre-existing shared memory block" in house.log("postgres"))
    assert not stack.answers("postgres")
    os.kill(orphan, signal.SIGCONT)
    _soon(lambda: stack.answers("postgres"))


def test_halted_process_stays_away_until_it_is_resumed(house: RunningStack) -> None:
    stack = house.stack
    stack.halt("kafka")
    time.sleep(1.5)  # longer than supervisord takes to bring something back
    assert not stack.answers("kafka")
    stack.resume("kafka")
    for name in KEPT:
        _soon(lambda name=name: stack.answers(name))  # type: ignore[misc] # bound now


def test_postgres_never_runs_as_root(house: RunningStack) -> None:
    assert psutil.Process(house.stack.pid("postgres")).uids().effective != 0


def _background_writer(postmaster: int) -> int:
    """A process of PostgreSQL's that holds its shared memory."""
    children = psutil.Process(postmaster).children()
    found: int = next(child.pid for child in children if "background writer" in " ".join(child.cmdline()))
    return found


def _soon(happens: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if happens():
                return
        except ORDERS_FAILED:
            pass
        time.sleep(0.05)
    pytest.fail(f"not within {seconds:.0f} s")
