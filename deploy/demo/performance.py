"""One performance of the week on a stack that runs: all that the stories do, and the evidence of it."""

from pathlib import Path

import httpx

from deploy.demo.doors import Doors
from deploy.demo.evidence import Row, compare
from deploy.demo.play import Between, Play, at_once
from deploy.demo.stories import STORIES
from shared.cli.doors import problem_text
from shared.cli.failure import Failure
from shared.cli.kafka import onlooker, writer
from shared.cli.quiet import Quiet
from shared.cli.stack import Stack

__all__ = ["perform"]

WATCHED = ("messages", "people", "images", "sla", "access", "consent")


async def perform(stack: Stack, clock: Path, between: Between = at_once) -> list[Row]:
    """The week, and the evidence of it. `between` is awaited from one instant to the next. Raises Failure."""
    names = [stack.topics().shared(name) for name in WATCHED]
    async with (
        httpx.AsyncClient(timeout=30, trust_env=False) as client,
        Quiet(stack) as quiet,
        onlooker(stack.file.kafka, names, from_beginning=True) as consumer,
        writer(stack.file.kafka) as producer,
    ):
        doors = Doors(stack, client, producer)
        play = Play(clock, doors, quiet, consumer)
        play.cast(STORIES)
        try:
            await play.run(between)
            return await compare(play, doors)
        except httpx.HTTPStatusError as error:
            where = f"{error.request.method} {error.request.url}"
            raise Failure(f"{where} answers {problem_text(error.response)}") from error
        except httpx.HTTPError as error:
            raise Failure(f"A door does not answer: {type(error).__name__}.") from error
