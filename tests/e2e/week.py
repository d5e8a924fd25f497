"""The demo's week on a stack of its own, while a real Prometheus with the shipped rules scrapes the services."""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from deploy.demo.evidence import Row
from deploy.demo.performance import perform
from deploy.demo.play import stand_at
from deploy.demo.week import BEGIN, words
from deploy.observe.catalogue import SERVICES
from deploy.observe.windows import Windows
from shared.cli.stack import Stack
from tests.prometheus import Prometheus, scraping
from tests.stacks import running

__all__ = ["SEEN", "SPANS", "Pace", "Week", "watched"]

SPANS = Windows(shrink=60.0, least=2.0)
"""An hour in a rule is a minute."""
FIRING = 'ALERTS{{alertstate="firing",alertname="{}",organisation="{}"}}'.format
SEEN: Mapping[str, tuple[str, ...]] = {
    "Mon 10:30": ('houserules_access_revocations_held{organisation="westward"} > 0',),
    "Mon 13:15:01": (FIRING("QuestionsOverdue", "westward"),),
    "Tue 00:00:01": (FIRING("QuestionsOverdue", "wheatley"),),
    "Tue 14:30": (
        FIRING("LeaversOverdue", "wheatley"),
        'houserules_consent_takedowns_open{organisation="westward"} > 0',
    ),
}
"""What the stories have brought about at these instants. The week waits there until Prometheus says so: services read their
figures every five seconds, in which the clock would otherwise be a day further.
"""
Pace = Callable[[datetime, datetime], None]
"""Waits between an instant of policy time that is over and the next."""


def at_once(over: datetime, coming: datetime) -> None:
    """Go on."""


@dataclass(frozen=True, slots=True)
class Week:
    """A week that is over, on a stack that still runs."""

    server: Prometheus
    rows: Sequence[Row]
    """What was promised, and what became of it."""
    began: float
    ended: float
    """Unix times: when Prometheus knew all services and nothing had happened yet, and when it knew how all had ended."""
    instants: Sequence[tuple[float, datetime]]
    """When (Unix time) the clock was moved to each instant of policy time."""


@contextmanager
def watched(place: Path, pace: Pace = at_once) -> Iterator[Week]:
    """Play it, at a pace. `place` is Prometheus' folder.

    The stack is nobody else's: no other test restarts what is scraped, or leaves figures behind.
    """
    with running() as stack:
        stand_at(stack.clock, BEGIN)
        targets = {name: url.removeprefix("http://") for name, url in stack.file["services"].items()}
        with scraping(place, targets, SPANS) as server:
            instants: list[tuple[float, datetime]] = []

            async def between(over: datetime, coming: datetime) -> None:
                await asyncio.to_thread(_see, server, over)
                await asyncio.to_thread(pace, over, coming)
                instants.append((time.time(), coming))

            began = server.knows(SERVICES)
            rows = asyncio.run(perform(Stack(stack.stack.folders.stack_file), stack.clock, between))
            ended = server.knows(SERVICES, since=time.time())
            yield Week(server, rows, began, ended, instants)


def _see(server: Prometheus, over: datetime) -> None:
    """Wait where something is to be seen."""
    for expr in SEEN.get(words(over.isoformat()), ()):
        server.until(partial(server.query, expr), f"{expr} ({over})")
