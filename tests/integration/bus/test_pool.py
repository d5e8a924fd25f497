"""The pool of connections: what leads to no server any more is given up before it is used."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator

import asyncpg
import pytest

from shared.platform import db
from shared.platform.db import Database
from tests.servers import FreshDatabases

PID = "select pg_backend_pid() as pid"


@pytest.fixture
async def database(postgres: FreshDatabases) -> AsyncIterator[Database]:
    """Used by one task: what was put back last is what is taken next."""
    made = Database(postgres.create("sla").app_url, application_name="pool", pool_size=2)
    yield made
    await made.close()


async def pid(database: Database) -> int:
    return int((await database.fetch(PID))[0].pid)


async def ended(database: Database, postgres: FreshDatabases, number: int) -> None:
    """End a session from elsewhere, and see that it is gone."""
    admin = await asyncpg.connect(postgres.server.admin_url)
    await admin.execute("select pg_terminate_backend($1, 5000)", number)
    await admin.close()
    await asyncio.sleep(0.05)  # the driver reads the end of its socket


async def test_what_the_server_ended_is_not_used_again(database: Database, postgres: FreshDatabases) -> None:
    first = await pid(database)
    await ended(database, postgres, first)
    assert await pid(database) != first


async def test_what_fell_silent_is_found_by_asking_after_a_pause(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is closed where a network goes silent, or a server stands still."""
    first = await pid(database)
    monkeypatch.setattr(db, "FRESH_S", 0.0)
    assert await pid(database) == first, "one that answers is kept"
    monkeypatch.setattr(db, "PROBE_S", 0.2)
    os.kill(first, signal.SIGSTOP)
    try:
        assert await pid(database) != first
    finally:
        os.kill(first, signal.SIGCONT)


async def test_a_statement_to_a_machine_that_is_gone_is_given_up(database: Database) -> None:
    """A statement that was acknowledged and whose server then vanished would wait for ever."""
    known = {name: value for name, value in db.KEEPALIVE.items() if hasattr(socket, name)}
    assert "TCP_KEEPCNT" in known  # not every system has all of them
    dedicated = await database.dedicated()
    async with database.engine.connect() as pooled:
        raw = await pooled.get_raw_connection()
        for connection in (dedicated, raw.driver_connection):
            assert connection is not None
            peer = connection._transport.get_extra_info("socket")
            options = {name: peer.getsockopt(socket.IPPROTO_TCP, getattr(socket, name)) for name in known}
            assert options == known
            assert peer.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    dedicated.terminate()
