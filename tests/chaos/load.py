"""The load: tellers who tell stories side by side, send again what was not accepted, and some things twice."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from tests.chaos.outside import Said
from tests.chaos.recorder import Recorder
from tests.chaos.stories import ORGANISATIONS, Fact, Stories, Story

__all__ = ["Load"]

POISON = 0.001
TWICE = 0.03
GIVES_UP = {"fail": 0.1, "info": 0.02}
"""How often a sender never tries again, after an attempt that was refused, or of which it heard nothing."""
PAUSE_S = (0.05, 0.8)
AGAIN_S = (0.2, 1.2)
DRAIN_S = 120.0
RECENT = 30


@dataclass(slots=True)
class Load:
    """So many tellers until `stop`; after that each ends its fact, and begins no other."""

    stories: Stories
    recorder: Recorder
    random: Random
    tellers: int
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    resent: int = 0
    """What was sent again though it had been accepted."""
    recent: deque[Fact] = field(default_factory=lambda: deque(maxlen=RECENT))
    """The last facts that were accepted."""
    _nudge: asyncio.Event = field(default_factory=asyncio.Event)
    _end: float = float("inf")

    async def run(self) -> None:
        """Until `stop`, and then until everything that was begun is accepted or given up."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self.tellers):
                group.create_task(self._teller())
            await self.stop.wait()
            self._end = time.monotonic() + DRAIN_S
            self.nudge()

    def nudge(self) -> None:
        """Everybody goes on at once."""
        self._nudge.set()
        self._nudge = asyncio.Event()

    async def _teller(self) -> None:
        while not self.stop.is_set():
            await self.tell(self._some())
            await self._pause(PAUSE_S)

    def _some(self) -> Story:
        if self.random.random() >= POISON:
            return self.stories.some()
        kind: Callable[[str], Story] = self.random.choice((self.stories.poison, self.stories.misread))
        return kind(self.random.choice(ORGANISATIONS))

    async def tell(self, story: Story) -> None:
        """One story, fact after fact; one that is not accepted is its end."""
        for fact in story:
            if not await self._until_accepted(fact):
                return
            self.recent.append(fact)
            if self.random.random() < TWICE:
                await self._again(fact)
            if self.stop.is_set():
                return
            await self._pause(PAUSE_S)

    async def repeat_recent(self) -> int:
        """Send the last facts again, all at once; how many."""
        facts = list(self.recent)
        await asyncio.gather(*(self._again(fact) for fact in facts))
        return len(facts)

    async def _again(self, fact: Fact) -> None:
        """What was accepted is sent once more under its ids. What is no event has none that would make it the same."""
        if not fact.id.startswith("poison "):
            self.resent += 1
            await self._attempt(fact)

    async def _attempt(self, fact: Fact) -> Said:
        since = time.time()
        said = await fact.attempt()
        self.recorder.answer(fact.id, said.outcome, said.status, said.again, since)
        return said

    async def _until_accepted(self, fact: Fact) -> bool:
        self.recorder.offer(fact.id, fact.lane, *fact.expected, applied=fact.applied)
        while True:
            said = await self._attempt(fact)
            if said.outcome == "ok":
                return True
            once = fact.id.startswith("poison ") and said.outcome == "info"
            if once or self.random.random() < GIVES_UP[said.outcome] or time.monotonic() > self._end:
                self.recorder.forget(fact.id)
                return False
            await self._pause(AGAIN_S)

    async def _pause(self, span: tuple[float, float]) -> None:
        """Wait some time, or until everybody is nudged."""
        try:
            async with asyncio.timeout(self.random.uniform(*span)):
                await self._nudge.wait()
        except TimeoutError:
            return
