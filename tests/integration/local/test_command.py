"""`python -m deploy.local` as a person at the keyboard has it: from outside, by its exit code and what it says."""

import json
import os
import shlex
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import pytest

from deploy.local.layout import ROOT, Folders
from deploy.local.leftovers import living, sweep
from deploy.local.ports import DEFAULTS, Ports, free_ports
from deploy.local.readiness import HOUSERULES
from deploy.local.stack import Stack
from deploy.local.waiting import run
from tests.servers import folder, remove
from tests.stacks import running

CTRL_C_S = 10.0
MESSAGE = (
    *("conversation=c1", "message=m1", "site=facebook", "network=facebook", "visibility=public", "author.id=tenant-7"),
    *("posted_at=-1m", "text=When is my repair?"),
)


@dataclass(slots=True)
class Person:
    """Somebody with a folder and ports of their own, who types commands."""

    local: Path
    ports: dict[str, int]
    started: list["subprocess.Popen[str]"] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """What the commands are told."""
        ports = {f"HOUSERULES_PORT_{name.upper()}": str(port) for name, port in self.ports.items()}
        return dict(os.environ) | ports | {"HOUSERULES_LOCAL": str(self.local)}

    def type(self, command: str) -> "subprocess.CompletedProcess[str]":
        """A command that ends by itself."""
        return subprocess.run(
            [sys.executable, "-m", "deploy.local", command],
            check=False,
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
        )

    def run(self, hears: Callable[[str], None] = lambda _: None) -> "subprocess.Popen[str]":
        """`run`, until it says that it is ready; `hears` is given each line before that."""
        process = subprocess.Popen(
            [sys.executable, "-m", "deploy.local", "run"],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.started.append(process)
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            if line.startswith("Ready"):
                return process
            hears(line.strip())
        pytest.fail("".join(said))

    @property
    def processes(self) -> dict[str, psutil.Process]:
        """What runs of the stack."""
        return living(Folders(self.local, self.local / "data").run)

    @property
    def stack_file(self) -> Path:
        """Where the stack tells of itself."""
        return self.local / "stack.json"


@pytest.fixture
def person() -> Iterator[Person]:
    """Somebody whose stack ends with the test."""
    person = Person(folder(), dict(zip(DEFAULTS, free_ports(len(DEFAULTS)), strict=True)))
    yield person
    for process in person.started:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
    folders = Folders(person.local, person.local / "data")
    if folders.data.exists():
        sweep(folders.run)
        Stack(folders, Ports()).forget()
    remove(person.local)


@pytest.mark.long  # three starts of all there is
def test_each_start_has_what_the_last_one_kept_however_that_ended(person: Person) -> None:
    """Three lives of one stack: the first ends by Ctrl-C, the second is killed and loses Kafka's data, the third is mended."""
    process = person.run()
    first = json.loads(person.stack_file.read_text())
    assert set(person.processes) == {"supervisord", "postgres", "kafka", *first["services"]}
    for private in (person.stack_file, person.local / "data" / "secrets.json"):
        assert stat.S_IMODE(private.stat().st_mode) == 0o600
    _a_second_run_is_told_of_the_first(person, process)
    _ctrl_c_ends_everything(person, process)

    process = person.run()
    assert _lasting(json.loads(person.stack_file.read_text())) == _lasting(first)
    _houserules(person, "publish", "message.received", "--organisation", "westward", *MESSAGE)
    before = _until_there(person.stack_file, "select count(*) from conversations")
    _what_is_killed_leaves_nothing_running(process)
    shutil.rmtree(person.local / "data" / "kafka")

    process = _started_by_the_commands_that_are_told(person)
    assert _lasting(json.loads(person.stack_file.read_text())) == _lasting(first)
    assert _until_there(person.stack_file, "select count(*) from conversations") == before
    _stop_ends_it_from_elsewhere(person, process)


def _a_second_run_is_told_of_the_first(person: Person, process: "subprocess.Popen[str]") -> None:
    second = person.type("run")
    assert second.returncode == 1
    assert second.stderr.startswith(f"error: A stack already runs in {person.local} (process {process.pid})")
    assert person.stack_file.exists()
    told = person.type("status")
    assert told.returncode == 0
    assert all(f"  {name} " in told.stdout for name in ("postgres", "kafka"))


def _ctrl_c_ends_everything(person: Person, process: "subprocess.Popen[str]") -> None:
    family = _family(process)
    began = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)
    said, _ = process.communicate(timeout=CTRL_C_S)
    assert time.monotonic() - began < CTRL_C_S
    assert process.returncode == 0, said
    _all_are_gone(family)
    assert not person.stack_file.exists()


def _what_is_killed_leaves_nothing_running(process: "subprocess.Popen[str]") -> None:
    family = _family(process)
    process.kill()
    process.wait()
    _all_are_gone(family)


def _all_are_gone(family: list[int]) -> None:
    end = time.monotonic() + CTRL_C_S
    while any(psutil.pid_exists(pid) for pid in family) and time.monotonic() < end:
        time.sleep(0.1)
    assert not any(psutil.pid_exists(pid) for pid in family)


def _started_by_the_commands_that_are_told(person: Person) -> "subprocess.Popen[str]":
    commands: list[str] = []

    def mend(line: str) -> None:
        if line.startswith("To mend it"):
            assert not person.stack_file.exists()
            if not commands:
                assert "not ready: `make run` says why" in person.type("status").stdout
            if (command := line.partition(": ")[2]) in commands:
                return  # said again, as the list has grown shorter
            commands.append(command)
            subprocess.run(shlex.split(commands[-1]), check=True, cwd="/", capture_output=True, timeout=60)

    process = person.run(mend)
    assert any(command.endswith("positions reset sla houserules.messages") for command in commands)
    assert not (person.local / "stack.unready.json").exists()
    assert process.poll() is None
    return process


def _stop_ends_it_from_elsewhere(person: Person, process: "subprocess.Popen[str]") -> None:
    stopped = person.type("stop")
    assert (stopped.returncode, process.wait(10)) == (0, 0)
    assert person.processes == {}
    assert person.type("status").returncode == 3
    again = person.type("stop")
    assert again.returncode == 0
    assert again.stdout.startswith("No stack runs in")


def _houserules(person: Person, *arguments: str) -> None:
    command = [str(HOUSERULES), "--stack", str(person.stack_file), *arguments]
    subprocess.run(command, check=True, cwd="/", capture_output=True, timeout=60)


def _until_there(stack_file: Path, statement: str) -> int:
    """What sla's database answers, as soon as it is not nothing."""

    async def ask() -> int:
        connection = await asyncpg.connect(json.loads(stack_file.read_text())["databases"]["sla"])
        try:
            return int(await connection.fetchval(statement))
        finally:
            await connection.close()

    end = time.monotonic() + 30
    while not (found := run(ask())) and time.monotonic() < end:
        time.sleep(0.2)
    assert found
    return found


def _family(process: "subprocess.Popen[str]") -> list[int]:
    found = [process.pid, *(child.pid for child in psutil.Process(process.pid).children(recursive=True))]
    assert len(found) > 4
    return found


def _lasting(stack: dict[str, Any]) -> dict[str, Any]:
    """What a stack keeps from start to start; tokens are made anew."""
    return {name: stack[name] for name in ("kafka", "services", "databases", "webhooks")}


def test_taken_port_is_one_sentence_and_nothing_stays(person: Person) -> None:
    with socket.socket() as taker:
        taker.bind(("127.0.0.1", person.ports["kafka"]))
        taker.listen()
        refused = person.type("run")
    assert refused.returncode == 1
    assert f"Port {person.ports['kafka']}, where kafka should listen, is taken" in refused.stderr
    assert "HOUSERULES_PORT_KAFKA" in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert person.processes == {}


def test_folder_that_cannot_be_written_is_named(person: Person) -> None:
    file = person.local / "file"
    file.touch()
    person.local = file / "below"
    refused = person.type("run")
    person.local = file.parent
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"error: The folder {file / 'below'} cannot be written (Not a directory)")
    assert "HOUSERULES_LOCAL" in refused.stderr


@pytest.mark.long  # servers of its own
def test_folder_in_a_closed_place_with_an_odd_name_works(person: Person) -> None:
    """As in a clone that only its owner may enter: PostgreSQL's account cannot pass."""
    closed = person.local / ("closed 100% é " + "long " * 12)
    closed.mkdir(mode=0o700)
    local = closed / ".local"
    with running(names=(), place=local) as stack:
        assert stack.stack.answers("postgres")
        assert stack.stack.answers("kafka")
    note = local / "data" / "postgres.place"
    place = Path(note.read_text()) if note.exists() else local / "data"
    assert (place / "postgres").is_dir()
    assert note.exists() == (os.geteuid() == 0)
    stack.stack.forget()
    assert not (place / "postgres").exists()
    assert not note.exists()


def test_help_names_every_command(person: Person) -> None:
    shown = person.type("--help")
    assert shown.returncode == 0
    assert all(f"  {command} " in shown.stdout for command in ("run", "stop", "status", "prepare"))
