"""2,000 random histories, shuffled and doubled, told to a worker that is killed again and again, on stepped policy time.

Whatever the order of arrival and wherever the worker dies, the verdicts are those of the order of times. A history's
facts come in four parts between which deadlines pass, so that many an answer is heard after its breach was told.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from tests.chaos.branch import Branch, Progress, Worker, eventually
from tests.chaos.tale import (
    Delivery,
    Tale,
    as_in_order,
    nothing_lost_or_doubled,
    seeded,
    the_table_and_the_topic_agree,
)
from tests.unit.sla.histories import FAR
from tests.unit.sla.story import at

CONVERSATIONS = 2_000
CLOCKS = (at("Fri 13:00"), at("next Mon 11:00"), at("next Wed 10:00"), FAR)
KILLED_AT = (0.1, 0.6)
"""Between which shares of a part the worker is killed."""


async def test_shuffled_doubled_and_killed_histories_end_in_the_verdicts_of_the_order_of_times(branch: Branch) -> None:
    tale = Tale(seeded(), CONVERSATIONS, len(CLOCKS))
    run = _Run(branch, tale)
    for number, clock in enumerate(CLOCKS):
        await run.pass_time(clock, kill=number == 2)
        await run.tell(tale.parts[number], clock)
    assert await run.worker.end() == 0
    assert (await branch.rows("select count(*) from outbox"))[0][0] == 0

    assert len(run.struck) >= 3 and all(progress.lag > 0 for progress in run.struck)
    assert run.breached_by_time >= 500
    events = await branch.told()
    states = await the_table_and_the_topic_agree(branch, events, tale)
    as_in_order(branch.packs, tale, states)
    assert Counter(event.name for event in events)["sla-breach-retracted"] >= 100
    await nothing_lost_or_doubled(branch, tale)


@dataclass(slots=True)
class _Run:
    """The worker's lives."""

    branch: Branch
    tale: Tale
    struck: list[Progress] = field(default_factory=list)
    """How things stood at each kill in the middle of a part."""
    breached_by_time: int = 0
    written: int = 0
    worker: Worker = field(init=False)

    def __post_init__(self) -> None:
        self.branch.clock(CLOCKS[0])
        self.worker = self.branch.start()

    async def pass_time(self, clock: datetime, kill: bool) -> None:
        """Step the clock and let the timer tell what has come due; with `kill` the worker dies in a claim."""
        breached = await self._breached()
        if kill:
            await self._kill_in_a_claim(clock)
        self.branch.clock(clock)
        await self.branch.quiet(self.written, clock)
        self.breached_by_time += await self._breached() - breached

    async def _kill_in_a_claim(self, clock: datetime) -> None:
        """It has claimed conversations and is about to write their targets, which are held until it is dead."""
        due = await self.branch.due(clock)
        async with self.branch.holding_targets():
            self.branch.clock(clock)
            await eventually(self._waits, "the timer has a claim")
            self.worker.kill()
        assert await self.branch.due(clock) == due > 0
        self.worker = self.branch.start()

    async def tell(self, part: list[Delivery], clock: datetime) -> None:
        """Deliver one part; kill the worker while it is at it, and let its successor finish."""
        before = self.written
        self.written += len(part)
        telling = asyncio.create_task(self.branch.say(part))
        aim = before + len(part) * self.tale.random.uniform(*KILLED_AT)
        await eventually(lambda: self._taken_at_least(aim), "a part is taken in part", every=0.01)
        self.worker.kill()
        await telling
        progress = await self.branch.progress()
        assert progress.written == self.written and before < progress.taken < self.written
        self.struck.append(progress)
        self.worker = self.branch.start()
        await self.branch.quiet(self.written, clock)

    async def _breached(self) -> int:
        return int((await self.branch.rows("select count(*) from targets where state = 'breached'"))[0][0])

    async def _waits(self) -> bool:
        return await self.branch.waits(self.worker)

    async def _taken_at_least(self, aim: float) -> bool:
        return await self.branch.taken() >= aim
