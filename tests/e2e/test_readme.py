"""The commands that the README gives, run as they stand there, against a stack that runs as `make run` runs it."""

import asyncio
import os
import re
import shlex
import signal
from asyncio.subprocess import PIPE, Process
from datetime import datetime

import typer

from deploy.local.layout import ROOT
from shared.cli.main import app
from tests.e2e.listener import Heard
from tests.e2e.world import LONDON, World

BY_HAND, YOUR_SYSTEMS = "## Try it by hand", "## Point your systems at it"
SAYS_S = 60.0


def blocks(section: str) -> list[str]:
    """The shell blocks of a section."""
    text = (ROOT / "README.md").read_text().partition(section)[2].partition("\n## ")[0]
    return re.findall(r"```sh\n(.*?)```", text, re.DOTALL)


def commands() -> list[str]:
    """What a person types by hand, one command an entry."""
    (block,) = blocks(BY_HAND)
    lines = block.replace("\\\n", " ").splitlines()
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


async def pasted(world: World, block: str) -> None:
    """A block, as somebody pastes it into a shell in the clone's folder."""
    shell = await asyncio.create_subprocess_exec(
        "bash",
        "-euo",
        "pipefail",
        "-c",
        block,
        cwd=ROOT,
        env=os.environ | world.running.environment,
        stdout=PIPE,
        stderr=PIPE,
    )
    await ended(shell)


def about(heard: list[Heard], name: str, **fields: str) -> list[Heard]:
    """Westward's events of a name, about this."""
    return [
        one
        for one in heard
        if (one.name, one.organisation) == (name, "westward") and fields.items() <= one.data.items()
    ]


async def test_systems_that_are_pointed_at_it_as_the_readme_says_are_heard(world: World) -> None:
    await world.at(f"{datetime.now(LONDON):%Y-%m-%d %H:%M:%S}")  # the examples say things of now
    register, hr_kafka, hr_http, inbox, images_kafka, images_http = blocks(YOUR_SYSTEMS)
    await pasted(world, register)
    await world.settle()
    for block, person, grant in ((hr_kafka, "hr-204", "g-204"), (hr_http, "hr-205", "g-205")):
        await pasted(world, block)
        await world.settle()
        (revoke,) = about(await world.listener.read(), "revoke-access", person=person)
        assert (revoke.data["grant"], revoke.data["action"], revoke.data["owner"]) == (grant, "remove-role", "hr-100")
    await pasted(world, inbox)
    await world.settle()
    item = await world.item("westward", "post-1")
    assert about(await world.listener.read(), "sla-started", site="westward-page", message=item["message"])
    for block, image, codes in (
        (images_kafka, "img-1", ["background", "no-consent"]),
        (images_http, "img-2", ["no-consent"]),
    ):
        await pasted(world, block)
        await world.settle()
        (missing,) = about(await world.listener.read(), "consent-missing", image=image)
        assert sorted(finding["code"] for finding in missing.data["findings"]) == codes
    for block in (register, hr_kafka, hr_http, images_kafka, images_http):
        await pasted(world, block)
    await world.settle()
    heard = await world.listener.read()
    assert len(about(heard, "revoke-access", person="hr-204")) == 1, "the same again changes nothing"
    assert len(about(heard, "consent-missing", image="img-2")) == 1
    for command in ("person hr-204 --organisation westward", "image img-1 --organisation westward"):
        assert f"`houserules {command}`" in (ROOT / "README.md").read_text()
        out, _ = await ended(await typed(world, f".venv/bin/houserules {command}"))
        assert {"person": "remove-role g-204", "image": "may not be used"}[command.split()[0]] in out


def test_every_command_is_in_the_readmes_list() -> None:
    table = (ROOT / "README.md").read_text().partition("| `houserules …` |")[2].partition("\n\n")[0]
    named = {name for row in table.splitlines() for name in re.findall(r"`([a-z-]+)`", row.split(" | ")[0])}
    assert named == set(typer.main.get_command(app).commands)  # type: ignore[attr-defined] # it is a group
