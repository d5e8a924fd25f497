"""The ledger in a process of its own, which tells when it comes to a named step and stops there: to be killed.

`python -m tests.integration.bus.child CONFIG`, CONFIG as JSON. Steps: `handler`, `written` (inside the transaction),
`committed` (before Kafka's offset commit), `read`, `sent`, `acknowledged`, `deleted` (of the relay).
"""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Sequence
from typing import Any

import msgspec

from shared.bus import Consumer, Relay, committing
from shared.bus.term import Term
from shared.bus.watchdog import Watchdog
from shared.platform.logs import configure
from tests.integration.bus.ledger import Ledger

__all__ = ["Config"]


class Config(msgspec.Struct):
    """What the child runs, and where it stops."""

    app_url: str
    bootstrap: str
    prefix: str
    group_prefix: str
    parts: list[str]
    stop_at: str | None = None
    skip: int = 0
    """How many times the step is passed before it stops there."""
    asleep: bool = False
    """It stops by SIGSTOP, and goes on after SIGCONT."""
    ordinal: int = 0
    session_timeout_ms: int = 6_000
    most_assignments: int = 20


class Steps:
    """Announces a step on standard output and stands still there."""

    def __init__(self, config: Config) -> None:
        self._stop_at = config.stop_at
        self._skip = config.skip
        self._asleep = config.asleep

    def reach(self, step: str) -> None:
        """Stop for good if this is the step."""
        if step == self._stop_at:
            if self._skip > 0:
                self._skip -= 1
                return
            print(f"reached {step}", flush=True)
            self._stop_at = None
            if self._asleep:
                os.kill(os.getpid(), signal.SIGSTOP)
                return
            while True:
                time.sleep(60)

    async def hook(self, step: str) -> None:
        """The same for the ledger's handler."""
        self.reach(step)


def relay_of(ledger: Ledger, config: Config, steps: Steps) -> Relay:
    """A relay that can stand still at each step."""

    class SteppingTerm(Term):
        async def send(self) -> None:
            await super().send()
            if self.hand.flights:
                if config.stop_at == "sent":
                    await self.producer.flush()
                steps.reach("sent")

    class Stepping(Relay):
        def term(self, connection: Any, producer: Any, stop: asyncio.Event) -> Term:
            return SteppingTerm(self, connection, producer, stop)

        async def read(self, connection: Any, *known: Any) -> Sequence[Any]:
            rows = await super().read(connection, *known)
            if rows:
                steps.reach("read")
            return rows

        async def delete(self, connection: Any, ids: Sequence[int]) -> None:
            steps.reach("acknowledged")
            await super().delete(connection, ids)
            steps.reach("deleted")

    return Stepping(ledger.bus, config.bootstrap)


async def main(config: Config) -> None:
    """Run until SIGTERM."""
    steps = Steps(config)
    ledger = Ledger.make(config.app_url, config.prefix, config.group_prefix, hook=steps.hook)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    tasks = []
    if "consumer" in config.parts:
        _stop_before_commit(steps)
        consumer = Consumer(
            ledger.bus,
            config.bootstrap,
            ledger.subscriptions,
            ordinal=config.ordinal,
            session_timeout_ms=config.session_timeout_ms,
            watchdog=Watchdog(most=config.most_assignments),
        )
        tasks.append(asyncio.create_task(consumer.run(stop)))
    if "relay" in config.parts:
        tasks.append(asyncio.create_task(relay_of(ledger, config, steps).run(stop)))
    print("started", flush=True)
    await asyncio.gather(*tasks)
    print("stopped", flush=True)


def _stop_before_commit(steps: Steps) -> None:
    commit = committing.Committer.commit

    async def stepping(self: committing.Committer) -> bool:
        if any(self._newest.values()):  # not where a partition begins: something was applied
            steps.reach("committed")
        return await commit(self)

    committing.Committer.commit = stepping  # type: ignore[method-assign] # the child's own step


if __name__ == "__main__":
    configure("child", "info")
    asyncio.run(main(msgspec.json.decode(sys.argv[1], type=Config)))
