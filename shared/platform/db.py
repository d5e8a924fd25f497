"""PostgreSQL through SQLAlchemy Core on asyncpg."""

import socket
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import asyncpg
import msgspec
from sqlalchemy import Row, TextClause, event, text
from sqlalchemy.exc import DBAPIError, InterfaceError, InvalidatePoolError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from shared.platform.metrics import Instruments

__all__ = ["Database", "SkewedClock", "column", "engine_of", "is_outage", "sql"]

MAX_SKEW = timedelta(seconds=2)
FRESH_S = 1.0
"""So long after its last use a pooled connection is taken as it is."""
PROBE_S = 5.0
KEEPALIVE = {"TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 30_000}
"""Seconds until the first question, between two, how many; milliseconds that what was sent may stay unacknowledged."""

_OUTAGE = (
    OSError,
    TimeoutError,
    PoolTimeout,
    InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.DiskFullError,
    asyncpg.OutOfMemoryError,
)


class SkewedClock(Exception):
    """This machine and the database disagree about the time by more than two seconds."""


def is_outage(error: BaseException | None) -> bool:
    """The database is away or asks to be tried again: nothing is wrong with the statement or its data."""
    while error is not None:
        if isinstance(error, (*_OUTAGE, OperationalError)):
            return True
        if isinstance(error, DBAPIError):
            if error.connection_invalidated:
                return True
            original = getattr(error.orig, "__cause__", None)
            if isinstance(original, _OUTAGE):
                return True
        error = error.__cause__
    return False


_encode = msgspec.json.Encoder().encode


@lru_cache(maxsize=1024)
def sql(statement: str) -> TextClause:
    """The prepared text of a statement; parsed once."""
    return text(statement)


def column(values: Iterable[Any]) -> str:
    """A column of rows as a list in JSON, for `json_array_elements_text(cast(:name as json))`; bytes become base64.

    In place of an array where rows are many: the driver writes an array value by value, at 0.4 µs each and twice asking
    whether it is an array itself, which is five times as long. PostgreSQL takes either in the same time.
    """
    return _encode(values if isinstance(values, (list, tuple)) else list(values)).decode()


def engine_of(url: str, *, connect: Mapping[str, Any] | None = None, **pool: Any) -> AsyncEngine:
    """An engine on a plain `postgresql://` URL. asyncpg reads it, not SQLAlchemy: what libpq's names say of TLS holds."""

    async def connected() -> asyncpg.Connection:
        return _kept_alive(await asyncpg.connect(url, **(connect or {})))

    return create_async_engine("postgresql+asyncpg://", async_creator=connected, **pool)


def _kept_alive(connection: asyncpg.Connection) -> asyncpg.Connection:
    """Have the system notice within half a minute that the server's machine is gone: a statement has no other limit here.

    A server that only stands still goes on acknowledging (RFC 1122, 4.2.3.6; RFC 5482).
    """
    transport = getattr(connection, "_transport", None)
    peer = transport.get_extra_info("socket") if transport else None
    if peer is not None and peer.family != getattr(socket, "AF_UNIX", None):
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in KEEPALIVE.items():
            if (number := getattr(socket, option, None)) is not None:
                peer.setsockopt(socket.IPPROTO_TCP, number, value)
    return connection


def _put_back(connection: Any, record: Any) -> None:
    """Note when a connection was last used; without one it was given up."""
    record.info["used"] = time.monotonic()


def _still_there(connection: Any, record: Any, _: Any) -> None:
    """Before a pooled connection is used again: does it still lead to a server? If not, the pool makes new ones.

    A server that stops or restarts closes its end, which the driver has seen: that is asked each time, and costs nothing.
    What only a probe finds is a network that went silent: that is asked after a pause. SQLAlchemy's `pool_pre_ping` asks
    the server each time, in three round trips (begin, probe, rollback): half of what a short transaction takes.
    """
    if connection.driver_connection.is_closed():
        raise InvalidatePoolError
    used = record.info.get("used")
    if used is None or time.monotonic() - used < FRESH_S:
        return
    try:
        connection.run_async(lambda driver: driver.fetchrow(";", timeout=PROBE_S))
    except Exception as error:
        raise InvalidatePoolError from error


class Database:
    """One service's database, under its app role. `url` is a plain `postgresql://` URL.

    `instruments`, those of the platform, are told how long the pool lets a transaction wait.
    """

    def __init__(
        self, url: str, *, application_name: str, pool_size: int = 8, instruments: Instruments | None = None
    ) -> None:
        self.url = url
        self.instruments = instruments
        self.application_name = application_name
        self.engine: AsyncEngine = engine_of(
            url,
            connect={"server_settings": self._session(idle_in_transaction_session_timeout="10s"), "timeout": 5},
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=5,
            hide_parameters=True,
        )
        event.listen(self.engine.sync_engine, "checkout", _still_there)
        event.listen(self.engine.sync_engine, "checkin", _put_back)

    def _session(self, **settings: str) -> dict[str, str]:
        return {
            "application_name": self.application_name,
            "timezone": "UTC",
            "synchronous_commit": "on",
            "tcp_keepalives_idle": "10",
            "tcp_keepalives_interval": "5",
            "tcp_keepalives_count": "3",
            # A stopped process answers keepalives and reads nothing: a server in the middle of its answer would wait, locks held.
            "tcp_user_timeout": "15s",
            "jit": "off",
        } | settings

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        """A connection in a transaction: committed at the end, rolled back on an exception."""
        began = time.perf_counter()
        try:
            connection = await self.engine.connect()
        except PoolTimeout:
            if self.instruments is not None:
                self.instruments.add("pool_timeouts")
            raise
        try:
            if self.instruments is not None:
                self.instruments.observe("pool_wait_seconds", value=time.perf_counter() - began)
            async with connection.begin():
                yield connection
        finally:
            await connection.close()

    async def fetch(self, statement: str, **parameters: Any) -> Sequence[Row[Any]]:
        """The rows of one statement, in a transaction of its own."""
        async with self.begin() as connection:
            return (await connection.execute(sql(statement), parameters)).all()

    async def dedicated(self, *, idle_session_timeout: str = "15s") -> asyncpg.Connection:
        """A connection outside the pool, for a session lock: the server ends it soon after its owner stops."""
        return _kept_alive(
            await asyncpg.connect(
                self.url, timeout=5, server_settings=self._session(idle_session_timeout=idle_session_timeout)
            )
        )

    async def check_skew(self) -> None:
        """Compare machine time with the database's. Raises SkewedClock beyond two seconds."""
        before = datetime.now(UTC)
        theirs: datetime = (await self.fetch("select clock_timestamp()"))[0][0]
        after = datetime.now(UTC)
        if theirs < before - MAX_SKEW or theirs > after + MAX_SKEW:
            raise SkewedClock(
                f"the database's time is {theirs.isoformat()}, this machine's {after.isoformat()}: set both by NTP"
            )

    async def close(self) -> None:
        """Give every pooled connection back."""
        await self.engine.dispose()
