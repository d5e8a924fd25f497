"""The commands that the README gives, run as they stand there, against a stack that runs as `make run` runs it."""

import asyncio
import os
import re
import shlex
import signal
from asyncio.subprocess import PIPE, Process

from deploy.local.layout import ROOT
from tests.e2e.world import World

SECTION = "## Try it by hand"
SAYS_S = 60.0


def commands() -> list[str]:
    """What the section has a person type, one command an entry."""
    section = (ROOT / "README.md").read_text().partition(SECTION)[2]
    block = re.search(r"```sh\n(.*?)```", section, re.DOTALL)
    assert block is not None
    lines = block[1].replace("\\\n", " ").splitlines()
    return [shlex.join(words) for line in lines if (words := shlex.split(line, comments=True))]


async def typed(world: World, command: str) -> Process:
    """Begin a command in the clone's folder; only the stack's folder is told to it."""
    return await asyncio.create_subprocess_shell(
        f"exec {command}", cwd=ROOT, env=os.environ | world.running.environment, stdout=PIPE, stderr=PIPE
    )


async def ended(process: Process) -> tuple[str, str]:
    """What it said, when it has ended well."""
    out, err = await asyncio.wait_for(process.communicate(), SAYS_S)
    assert process.returncode == 0, err.decode()
    return out.decode(), err.decode()


async def test_the_readmes_commands_do_what_it_says(world: World) -> None:
    run, watch, publish, explain = commands()
    assert run == "make run"
    assert [words.split()[1] for words in (watch, publish, explain)] == ["watch", "publish", "policy"]
    await world.at("2026-03-23 09:00")
    watching = await typed(world, watch)
    assert watching.stdout is not None and watching.stderr is not None
    async with asyncio.timeout(SAYS_S):
        assert (await watching.stderr.readline()).startswith(b"Watching ")
        out, err = await ended(await typed(world, publish))
        assert re.fullmatch(r"[0-9a-f-]{36}\n", out)
        assert err.startswith("message.received accepted by ")
        seen: list[str] = []
        while not any("sla-started" in line for line in seen):
            seen.append((await watching.stdout.readline()).decode())
    watching.send_signal(signal.SIGINT)
    assert (await ended(watching))[1] == ""
    assert any("message-received" in line for line in seen)
    (started,) = [line for line in seen if "sla-started" in line]
    assert "westward" in started and "13:00" in started and "westward:3.6" in started

    told, _ = await ended(await typed(world, explain))
    assert "half" in told and "westward:3.6" in told
