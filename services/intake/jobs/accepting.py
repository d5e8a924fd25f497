"""Group commit: deliveries of concurrent requests are committed together, as many as there are, with no timer."""

import asyncio
from collections import deque
from dataclasses import dataclass, field

import structlog

from services.intake.jobs.witness import Witness
from services.intake.store import deliveries
from services.intake.store.deliveries import Arrival
from shared.bus.metrics import Instruments
from shared.bus.tx import Bus, Tx

__all__ = ["Accepting", "Full"]

GROUP = 500
GROUP_BYTES = 16 * 1024 * 1024
DEADLINE_S = 10.0
"""How long a request waits for its commit; then it is told to come again, with the same id."""
log = structlog.get_logger("accepting")


class Full(Exception):
    """No more is taken now: what waits for Kafka or for the database has reached its budget. Nothing was stored."""


@dataclass(slots=True)
class _Waiting:
    arrival: Arrival
    committed: "asyncio.Future[None]"


@dataclass(slots=True)
class Accepting:
    """A queue of requests and one committer. A request waits for the commit that holds its delivery."""

    bus: Bus
    metrics: Instruments
    max_waiting_bytes: int
    wake_worker: asyncio.Event
    witness: Witness
    commits: int = 0
    """How many groups were committed."""
    _queue: deque[_Waiting] = field(default_factory=deque)
    _bytes: int = 0
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _stopped: bool = False
    _committing: bool = False

    @property
    def busy(self) -> bool:
        """Something waits, or is being committed."""
        return bool(self._queue) or self._committing

    async def waits(self, tx: Tx) -> str | None:
        """What is taken in and not yet committed."""
        return "a delivery waits for its commit" if self.busy else None

    async def accept(self, arrival: Arrival) -> None:
        """Return once the delivery is committed, whether by this request or by an earlier one with its id.

        Raises Full, TimeoutError, or what the database raised. A caller that goes away takes nothing back: the delivery is in the
        queue and is committed all the same.
        """
        if self._stopped or self._bytes + len(arrival.raw) > self.max_waiting_bytes:
            raise Full
        waiting = _Waiting(arrival, asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        self._bytes += len(arrival.raw)
        self._wake.set()
        async with asyncio.timeout(DEADLINE_S):
            await waiting.committed

    async def run(self, stop: asyncio.Event) -> None:
        """Commit groups until `stop`, and then what still waits."""
        stopping = asyncio.create_task(stop.wait())
        try:
            while not (stop.is_set() and not self._queue):
                if not self._queue:
                    self._wake.clear()
                    woken = asyncio.create_task(self._wake.wait())
                    await asyncio.wait([woken, stopping], return_when=asyncio.FIRST_COMPLETED)
                    woken.cancel()
                    continue
                await self._commit(self._next())
        finally:
            self._stopped = True
            stopping.cancel()

    def _next(self) -> list[_Waiting]:
        """What is there, up to the size of a group."""
        group = [self._queue.popleft()]
        size = len(group[0].arrival.raw)
        while self._queue and len(group) < GROUP and size + len(self._queue[0].arrival.raw) <= GROUP_BYTES:
            group.append(self._queue.popleft())
            size += len(group[-1].arrival.raw)
        self._bytes -= size
        return group

    async def _commit(self, group: list[_Waiting]) -> None:
        self._committing = True
        try:
            if await self.bus.outbox_full():
                raise Full
            async with self.bus.transaction() as tx:
                new = await deliveries.keep(tx, [waiting.arrival for waiting in group])
        except Exception as error:  # noqa: BLE001 each request answers for itself
            if not isinstance(error, Full):
                log.warning("a group was not committed", count=len(group), error=type(error).__name__)
            for waiting in group:
                if not waiting.committed.done():
                    waiting.committed.set_exception(error)
                    waiting.committed.exception()  # looked at, though its caller may be going away just now
            return
        finally:
            self._committing = False
        self.commits += 1
        self._count(group, new)
        if new == len(group):
            self.witness.remember([waiting.arrival for waiting in group])
        for waiting in group:
            if not waiting.committed.done():  # else its caller went away, or was told to come again
                waiting.committed.set_result(None)
        self.wake_worker.set()

    def _count(self, group: list[_Waiting], new: int) -> None:
        self.metrics.observe("group_size", value=len(group))
        self.metrics.add("repeated", by=len(group) - new)
        for waiting in group:
            self.metrics.add("accepted", waiting.arrival.organisation, waiting.arrival.source)
