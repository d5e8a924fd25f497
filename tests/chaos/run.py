"""One run of the nemesis on a stack that runs, from the registers to the history."""

import asyncio
import logging
import time

from tests.chaos.faults import Ground
from tests.chaos.history import History
from tests.chaos.nemesis import LONG_S, SHORT_S, Nemesis, turns
from tests.chaos.scene import prepared, scene
from tests.chaos.stories import ORGANISATIONS
from tests.stacks import RunningStack

__all__ = ["chaos"]

LEAVERS_A_SECOND = 1.5
LONG = 120.0
DEADLINES = (20, 200)
"""That pass when nothing is broken any more, after a short run and after a long one: by these P5's second is judged."""


async def chaos(stack: RunningStack, seed: int, seconds: float, kinds: tuple[str, ...], least: int = 0) -> History:
    """Strike these kinds of faults on a running stack, for so long and so often; the history, after all is quiet again."""
    began = time.monotonic()

    def say(what: str) -> None:
        print(f"{time.monotonic() - began:6.1f} s  {what}", flush=True)

    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    staff = await prepared(stack, int(LEAVERS_A_SECOND * seconds))
    say("people are registered; the load begins")
    async with scene(stack, staff, seed) as here:
        here.begin()
        ground = Ground(stack, here.recorder, here.load, here.load.random)
        holds = LONG_S if seconds > LONG else SHORT_S
        await Nemesis(ground, turns(seed, kinds, holds), say).run(seconds, least)
        await ground.sent()
        here.recorder.calm = time.time()
        say("the last fault is over; some deadlines more, and then until all is quiet")
        stories = here.load.stories
        some = (stories.deadline(stories.random.choice(ORGANISATIONS)) for _ in range(DEADLINES[seconds > LONG]))
        await asyncio.gather(*(here.load.tell(story) for story in some))
        history = await here.end()
        say("quiet; everything is read")
    return history
