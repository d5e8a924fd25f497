"""The nemesis: strikes one fault after another, in an order that a seed decides, while the load goes on."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

from tests.chaos.faults import FAULTS, Ground, Moment
from tests.chaos.history import Struck

__all__ = ["Nemesis", "Turn", "turns"]

GAP_S = (0.3, 1.5)
AT_ONCE = 0.7
"""How often the next fault does not wait until the stack has got over one that left most of it standing."""
SHORT_S, LONG_S = (0.5, 1.0, 2.0), (0.5, 2.0, 5.0, 12.0, 20.0)
"""How long a fault lasts where it does not end by itself. The longest is past the limits at which PostgreSQL and the
relay's connection give up a process that stands still (10 and 15 s)."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A fault to come: `hold` is how long it lasts, if it is one that does. Then there is a gap, at once or after the
    stack has got over it."""

    kind: str
    hold: float
    gap: float
    at_once: bool
    seed: int
    """Decides what else there is to choose in it."""


def turns(seed: int, kinds: Sequence[str], holds: Sequence[float]) -> Iterator[Turn]:
    """The faults of a seed, for ever: every kind once, then every kind again in another order."""
    random = Random(seed)
    while True:
        for kind in random.sample(list(kinds), len(kinds)):
            at_once = random.random() < AT_ONCE
            yield Turn(kind, random.choice(holds), random.uniform(*GAP_S), at_once, random.getrandbits(32))


@dataclass(slots=True)
class Nemesis:
    """Strikes until the time is over; the last fault is healed and got over then."""

    ground: Ground
    turns: Iterator[Turn]
    say: Callable[[str], None]
    struck: list[Turn] = field(default_factory=list)

    async def run(self, seconds: float, least: int = 0) -> None:
        """Strike for so long, and so often at the least: a busy machine takes longer."""
        end = time.monotonic() + seconds
        while time.monotonic() < end or len(self.struck) < least:
            await self.strike(next(self.turns))
        await self.ground.well()

    async def strike(self, turn: Turn) -> None:
        """One fault: at its moment, for its time, and over."""
        fault, moment, recorder = FAULTS[turn.kind], Moment(), self.ground.recorder
        self.ground.random = Random(turn.seed)
        self.struck.append(turn)
        async with fault.strike(self.ground, fault.services, moment):
            await asyncio.sleep(turn.hold if fault.lasts else 0.0)
        services = moment.services or fault.services
        recorder.struck.append(Struck(turn.kind, moment.at, time.time(), services, moment.detail))
        if fault.waited_for or not turn.at_once:
            await self.ground.well()
        self.say(f"{turn.kind:<20} {moment.detail or f'over after {time.time() - moment.at:.1f} s'}")
        await asyncio.sleep(turn.gap)
