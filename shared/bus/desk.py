"""The connection of the relay's leader, at which one statement at a time is out while the leader goes on with its work."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Coroutine
from typing import Any

__all__ = ["Desk"]

GOODBYE_S = 1.0


class Desk:
    """Statements on one connection, in the order in which they are begun.

    PostgreSQL answers them in that order, so a read that follows a delete never sees what the delete took. What a statement
    brings is told in the turn of whoever heeds it, never in between: nothing changes under the loop's feet.
    """

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.out: asyncio.Task[Any] | None = None
        """The statement that is under way, or over and not yet heeded."""
        self._then: Callable[[Any], None] = _nothing
        self._heard = time.monotonic()

    @property
    def quiet_s(self) -> float:
        """Seconds since the server last answered."""
        return time.monotonic() - self._heard

    def begin(self, statement: Coroutine[Any, Any, Any], then: Callable[[Any], None] | None = None) -> None:
        """Put a statement out; `then` is told what it brought. None other is out."""
        assert self.out is None, "a connection has one statement at a time"
        self.out = asyncio.create_task(statement)
        self._then = then or _nothing

    def heed(self) -> None:
        """Tell what the statement brought, if it is over. Raises what it raised: the connection may be gone."""
        if self.out is not None and self.out.done():
            out, self.out = self.out, None
            self._heard = time.monotonic()
            self._then(out.result())

    async def rest(self) -> None:
        """Wait for the statement that is out, and heed it."""
        if self.out is not None:
            await asyncio.wait((self.out,))
            self.heed()

    async def close(self) -> None:
        """Leave the connection. The statement that is out is cancelled: nobody needs what it brings.

        A server that is not told goes on with it, and holds the session's lock until it sees that nobody is there.
        """
        if self.out is not None:
            self.out.cancel()
            await asyncio.wait((self.out,))
            if not self.out.cancelled():
                self.out.exception()  # what it failed with meanwhile; whoever closes has a reason of their own
            with contextlib.suppress(Exception):  # it waits for the cancellation, and cuts off who does not answer
                await self.connection.close(timeout=GOODBYE_S)
        self.connection.terminate()


def _nothing(_: Any) -> None:
    """What follows on a statement that only had to be run."""
