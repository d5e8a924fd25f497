"""Whether what was answered 200 is still there, which no transaction can know of itself. Promise P1.

A commit can be lost after its answer: by a fail-over to a server that had not received it, by a restore, by a disk that
lied. So the process that answered remembers what it said, for a while, and looks.
"""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog

from services.intake.store import deliveries
from services.intake.store.deliveries import Arrival
from shared.bus.metrics import Instruments
from shared.bus.tx import Bus
from shared.platform.service import every

__all__ = ["Witness"]

EVERY_S = 5.0
REMEMBERED = 500
FOR_S = 3600.0
"""Far less than deliveries are kept."""
log = structlog.get_logger("witness")


@dataclass(slots=True)
class Witness:
    """Remembers the last deliveries that were answered 200, for an hour at the most."""

    bus: Bus
    metrics: Instruments
    _answered: deque[tuple[float, tuple[str, str, str]]] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    _gone: int = 0

    def remember(self, arrivals: Sequence[Arrival]) -> None:
        """These are committed and about to be answered. Not those that came before: they may be old enough to go."""
        now = time.monotonic()
        self._answered.extend((now, (one.organisation, one.source, one.delivery)) for one in arrivals[-REMEMBERED:])

    async def run(self, stop: asyncio.Event) -> None:
        """Look until `stop`."""
        await every(EVERY_S, self.look, stop)

    async def look(self) -> int:
        """How many of them the database does not have. Said once when it becomes more."""
        while self._answered and self._answered[0][0] < time.monotonic() - FOR_S:
            self._answered.popleft()
        answered = [delivery for _, delivery in self._answered]
        gone = 0
        if answered:
            async with self.bus.transaction() as tx:
                gone = await deliveries.gone(tx, answered)
        if gone > self._gone:
            log.error("deliveries that were answered 200 are gone", count=gone)
        self._gone = gone
        self.metrics.set("accepted_gone", to=gone)
        return gone
