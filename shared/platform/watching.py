"""How the process itself does: its requests, its event loop, its pool of connections."""

import asyncio
import contextlib
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from shared.platform.db import Database
from shared.platform.http import Door
from shared.platform.metrics import Instruments

__all__ = ["Timed", "Watch", "begin"]

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
UNMATCHED = "unmatched"
TICK_S = 0.25
GONE = 499
"""The caller hung up before there was an answer, which says nothing of the door: objectives leave it out. Whoever is kept
waiting and then hangs up is counted by what the door would have answered, as it goes on to the end."""
FAILED = (500, 503)
"""What a door of ours answers when it fails."""


def begin(instruments: Instruments, doors: Iterable[Door]) -> None:
    """Let each door's successes and failures begin at nought: a rate does not see the first of a series that was not there."""
    for door in doors:
        for method in door.methods:
            for status in (door.status, *FAILED):
                instruments.add("http_requests", method, door.path, str(status), by=0)


class Timed:
    """Counts and times every request by its route's template, never by its path. Plain ASGI: nothing is buffered."""

    def __init__(self, app: Any, instruments: Instruments) -> None:
        self.app = app
        self.instruments = instruments

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status, hung_up = GONE, False
        began = time.perf_counter()

        async def heard() -> Any:
            nonlocal hung_up
            message = await receive()
            hung_up = hung_up or (status == GONE and message["type"] == "http.disconnect")
            return message

        async def noted(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start" and not hung_up:
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, heard, noted)
        except Exception:
            status = GONE if hung_up else 500
            raise
        finally:
            route = getattr(scope.get("route"), "path", UNMATCHED).replace(":path}", "}")
            method = scope["method"] if scope["method"] in METHODS else "other"
            self.instruments.add("http_requests", method, route, str(status))
            self.instruments.observe("http_seconds", route, value=time.perf_counter() - began)


@dataclass(slots=True)
class Watch:
    """Looks at the event loop and the pool; `run` is a part of every process."""

    instruments: Instruments
    database: Database

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`."""
        self.instruments.set("started_timestamp_seconds", to=time.time())
        while not stop.is_set():
            due = time.monotonic() + TICK_S
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), TICK_S)
            self.instruments.observe("loop_lag_seconds", value=max(0.0, time.monotonic() - due))
            self.pool()

    def pool(self) -> None:
        """How the pool stands now."""
        pool: Any = self.database.engine.pool
        self.instruments.set("pool_connections", "used", to=pool.checkedout())
        self.instruments.set("pool_connections", "idle", to=pool.checkedin())
        self.instruments.set("pool_connections", "most", to=pool.size())
