"""One run of the nemesis on a stack that runs, from the registers to the history."""

import logging
import time

from tests.chaos.faults import Ground
from tests.chaos.history import History
from tests.chaos.nemesis import LONG_S, SHORT_S, Nemesis, turns
from tests.chaos.scene import prepared, scene
from tests.stacks import RunningStack

__all__ = ["chaos"]

LEAVERS_A_SECOND = 1.5
LONG = 120.0


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
        say("the last fault is over; waiting until all is quiet")
        history = await here.end()
        say("quiet; everything is read")
    return history
