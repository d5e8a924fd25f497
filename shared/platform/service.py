"""The life of a service's process: start, serve, stop within ten seconds.

`python -m services.<name> [all|api|worker]`: `all` is one process with doors, consumer, relay and jobs.
"""

import argparse
import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import structlog
import uvicorn
import uvloop
from fastapi import FastAPI
from pydantic import ValidationError

from shared.platform.backoff import jitter
from shared.platform.db import is_outage
from shared.platform.logs import configure
from shared.platform.settings import ServiceSettings

__all__ = ["Part", "Service", "every", "main"]

Part = Callable[[asyncio.Event], Awaitable[None]]
"""Runs until the event is set, then finishes what it has in hand and returns."""

Settings = TypeVar("Settings", bound=ServiceSettings)

STOP_S = 8.0
IDLE_S = 75
"""How long an idle connection is kept: longer than clients and proxies keep theirs (5 to 60 s), so that none sends a
request into a connection that is just being closed."""
log = structlog.get_logger("service")


@dataclass(slots=True)
class Service:
    """What `app.build` wires: the doors, the parts that run beside them, and how to close what they share."""

    name: str
    settings: ServiceSettings
    app: FastAPI
    bare_app: FastAPI
    """Health, readiness and metrics only: what a `worker` process serves."""
    workers: Sequence[Part]
    """Consumer, relay, jobs."""
    doormen: Sequence[Part] = ()
    """What the doors themselves need running: a group committer, say."""
    beside: Sequence[Part] = ()
    """What runs in every process, whatever else it does: looks at itself."""
    start: Callable[[], Awaitable[None]] | None = None
    close: Callable[[], Awaitable[None]] | None = None
    stopping: asyncio.Event = field(default_factory=asyncio.Event)


class _Server(uvicorn.Server):
    """Uvicorn, with the signals left to us."""

    @contextlib.contextmanager
    def capture_signals(self):  # type: ignore[no-untyped-def] # uvicorn gives it no type
        """Take none."""
        yield


async def every(seconds: float, act: Callable[[], Awaitable[object]], stop: asyncio.Event) -> None:
    """Do `act` again and again until `stop`. An outage is waited out with jitter, up to 30 s; a bug is raised."""
    failures = 0
    while not stop.is_set():
        pause = seconds
        try:
            await act()
            failures = 0
        except Exception as error:
            if not is_outage(error):
                raise
            failures += 1
            pause = jitter(failures, least=0.1)
            log.warning("job waits for the database", error=type(error).__name__, attempt=failures)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), pause)


async def serve(service: Service, mode: str) -> int:
    """Run until SIGTERM, SIGINT or the failure of a part; the exit code."""
    loop = asyncio.get_running_loop()
    stop = service.stopping
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if service.start is not None:
        await service.start()
    settings = service.settings
    parts = [*(service.workers if mode != "api" else ()), *(service.doormen if mode != "worker" else ())]
    parts += service.beside
    config = uvicorn.Config(
        service.bare_app if mode == "worker" else service.app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        lifespan="off",
        timeout_keep_alive=IDLE_S,
        timeout_graceful_shutdown=5,
    )
    server = _Server(config)
    doors = asyncio.create_task(server.serve(), name="doors")
    tasks = [asyncio.create_task(_guard(part, stop), name=_name(part)) for part in parts]
    log.info("started", mode=mode, port=settings.port, pid=os.getpid())
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait([doors, *tasks, stopped], return_when=asyncio.FIRST_COMPLETED)
    return await _wind_down(service, server, doors, tasks)


async def _guard(part: Part, stop: asyncio.Event) -> None:
    await part(stop)
    if not stop.is_set():
        raise RuntimeError(f"{_name(part)} ended by itself")


def _name(part: Part) -> str:
    return str(getattr(part, "__qualname__", type(part).__name__))


async def _wind_down(
    service: Service, server: uvicorn.Server, doors: "asyncio.Task[None]", tasks: "list[asyncio.Task[None]]"
) -> int:
    """Not ready, stop fetching, finish what is in hand, close. A task is never cancelled inside a transaction."""
    began = time.monotonic()
    early = not service.stopping.is_set()
    failed = [task for task in [doors, *tasks] if early and task.done()]
    service.stopping.set()
    server.should_exit = True
    _, late = await asyncio.wait([doors, *tasks], timeout=STOP_S)
    failed += [task for task in tasks if task.done() and task not in failed and task.exception() is not None]
    for task in failed:
        error = task.exception() if not task.cancelled() else None
        log.error("a part failed", name=task.get_name(), error=type(error).__name__)
    if late:
        log.error("parts did not stop in time", stack=[task.get_name() for task in late])
        return 1
    if service.close is not None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(service.close(), 2)
    log.info("stopped", seconds=round(time.monotonic() - began, 3))
    return 1 if failed else 0


def main(name: str, settings_type: type[Settings], build: Callable[[Settings], Service]) -> None:
    """The command line of a service. Exits with 2 and one clear sentence when its settings are wrong."""
    parser = argparse.ArgumentParser(prog=f"python -m services.{name}", description=f"House Rules: the {name} service.")
    parser.add_argument(
        "mode", nargs="?", choices=["all", "api", "worker"], default="all", help="what this process does"
    )
    mode = parser.parse_args().mode
    try:
        settings = settings_type.of_environment()
    except ValidationError as error:
        for fault in error.errors():
            print(f"{name}: setting {'.'.join(map(str, fault['loc'])) or 'profile'}: {fault['msg']}", file=sys.stderr)
        sys.exit(2)
    configure(name, settings.log_level)
    if settings.clock is not None:
        log.warning("policy time is set by a clock file: not for production", reason=str(settings.clock))

    async def run() -> int:
        service = build(settings)
        return await serve(service, mode)

    code = uvloop.run(run())
    sys.stderr.flush()
    os._exit(code)
