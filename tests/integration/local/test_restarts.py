"""Any process of a stack that is killed with -9 is back by itself, with its data."""

import os
import time
from collections.abc import Callable, Iterator

import asyncpg
import psutil
import pytest

from deploy.local.errors import StackError
from deploy.local.supervision import ORDERS_FAILED
from tests.stacks import RunningStack, running

SERVERS = ("postgres", "kafka")


@pytest.fixture(scope="module")
def servers() -> Iterator[RunningStack]:
    """A stack of the two servers alone."""
    with running(names=()) as stack:
        yield stack


@pytest.mark.parametrize("name", SERVERS)
def test_killed_server_is_back(servers: RunningStack, name: str) -> None:
    killed = servers.stack.kill(name)
    _soon(lambda: servers.stack.pid(name) not in (0, killed))
    _soon(lambda: servers.stack.answers(name))
    assert not psutil.pid_exists(killed)


async def test_what_was_committed_survives_a_killed_postgres(servers: RunningStack) -> None:
    url = servers.stack.admin_url
    connection = await asyncpg.connect(url)
    await connection.execute("create table kept as select 7 as seven")
    servers.stack.kill("postgres")
    _soon(lambda: servers.stack.answers("postgres"))
    again = await asyncpg.connect(url)
    assert await again.fetchval("select seven from kept") == 7
    await again.close()
    connection.terminate()


def test_postgres_is_back_while_its_orphans_still_work(servers: RunningStack) -> None:
    stopped = _a_backend(servers)
    os.kill(stopped, 19)  # SIGSTOP: it hears of the postmaster's death only when it goes on
    killed = servers.stack.kill("postgres")
    _soon(lambda: servers.stack.pid("postgres") not in (0, killed))
    time.sleep(2)
    assert not servers.stack.answers("postgres")
    os.kill(stopped, 18)
    _soon(lambda: servers.stack.answers("postgres"))


def test_killed_supervisord_is_back_with_all_it_kept(servers: RunningStack) -> None:
    before = {name: servers.stack.pid(name) for name in SERVERS}
    killed = servers.stack.kill("supervisord")
    _soon(lambda: servers.stack.pid("supervisord") != killed)
    for name in SERVERS:
        _soon(lambda name=name: servers.stack.pid(name) not in (0, before[name]))  # type: ignore[misc] # bound now
        _soon(lambda name=name: servers.stack.answers(name))  # type: ignore[misc] # bound now
    assert not any(psutil.pid_exists(pid) for pid in [killed, *before.values()])


def test_halted_server_stays_away_until_it_is_resumed(servers: RunningStack) -> None:
    servers.stack.halt("kafka")
    time.sleep(2)
    assert not servers.stack.answers("kafka")
    servers.stack.resume("kafka")
    assert servers.stack.answers("kafka")


def test_root_never_runs_postgres(servers: RunningStack) -> None:
    assert psutil.Process(servers.stack.pid("postgres")).uids().effective != 0


def _a_backend(servers: RunningStack) -> int:
    """A process of PostgreSQL's that holds its shared memory."""
    children = psutil.Process(servers.stack.pid("postgres")).children()
    found: int = next(child.pid for child in children if "background writer" in " ".join(child.cmdline()))
    return found


def _soon(happens: Callable[[], bool], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if happens():
                return
        except (*ORDERS_FAILED, StackError):
            pass
        time.sleep(0.05)
    pytest.fail(f"not within {seconds:.0f} s")
