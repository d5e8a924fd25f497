"""`python -m deploy.local` as a person at the keyboard has it: from outside, by its exit code and what it says."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from deploy.local.layout import ROOT, Folders
from deploy.local.leftovers import living
from deploy.local.ports import DEFAULTS, free_ports
from tests.servers import folder, remove

CTRL_C_S = 10.0


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

    def run(self) -> "subprocess.Popen[str]":
        """`run`, until it says that it is ready."""
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
    person.type("stop")
    person.type("forget")
    remove(person.local)


def test_ctrl_c_ends_everything_within_ten_seconds_and_a_second_start_has_the_data(person: Person) -> None:
    process = person.run()
    family = [process.pid, *(child.pid for child in psutil.Process(process.pid).children(recursive=True))]
    first = json.loads(person.stack_file.read_text())
    assert stat.S_IMODE(person.stack_file.stat().st_mode) == 0o600
    assert stat.S_IMODE((person.local / "data" / "secrets.json").stat().st_mode) == 0o600
    began = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)
    said, _ = process.communicate(timeout=CTRL_C_S)
    assert time.monotonic() - began < CTRL_C_S
    assert process.returncode == 0, said
    assert not any(psutil.pid_exists(pid) for pid in family)
    assert len(family) > 4
    assert not person.stack_file.exists()

    began = time.monotonic()
    person.run()
    assert time.monotonic() - began < 30
    second = json.loads(person.stack_file.read_text())
    assert second["databases"] == first["databases"]
    assert {name: webhook["secret"] for name, webhook in second["webhooks"].items()} == {
        name: webhook["secret"] for name, webhook in first["webhooks"].items()
    }


def test_stop_ends_it_from_elsewhere(person: Person) -> None:
    process = person.run()
    assert person.type("status").returncode == 0
    stopped = person.type("stop")
    assert (stopped.returncode, process.wait(1)) == (0, 0)
    assert person.processes == {}
    assert person.type("status").returncode == 3
    again = person.type("stop")
    assert again.returncode == 0
    assert again.stdout.startswith("No stack runs in")


def test_killed_launcher_takes_all_with_it_and_the_next_start_works(person: Person) -> None:
    process = person.run()
    left = [child.pid for child in psutil.Process(process.pid).children(recursive=True)]
    process.kill()
    process.wait()
    end = time.monotonic() + CTRL_C_S
    while any(psutil.pid_exists(pid) for pid in left) and time.monotonic() < end:
        time.sleep(0.1)
    assert not any(psutil.pid_exists(pid) for pid in left)
    person.run()
    assert set(person.processes) >= {"supervisord", "postgres", "kafka"}


def test_second_run_in_one_folder_is_told_of_the_first(person: Person) -> None:
    process = person.run()
    second = person.type("run")
    assert second.returncode == 1
    assert second.stderr.startswith(f"error: A stack already runs in {person.local} (process {process.pid})")
    assert person.stack_file.exists()


@pytest.mark.parametrize("name", ["kafka", "postgres"])
def test_taken_port_is_named(person: Person, name: str) -> None:
    with socket.socket() as taker:
        taker.bind(("127.0.0.1", person.ports[name]))
        taker.listen()
        refused = person.type("run")
    assert refused.returncode == 1
    assert f"Port {person.ports[name]}, where {name} should listen, is taken" in refused.stderr
    assert f"(process {os.getpid()})" in refused.stderr
    assert f"HOUSERULES_PORT_{name.upper()}" in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert person.processes == {}


@pytest.mark.parametrize("value", ["", "0", "65536", "x"])
def test_wrong_port_is_named(person: Person, value: str) -> None:
    environment = person.environment | {"HOUSERULES_PORT_KAFKA": value}
    refused = subprocess.run(
        [sys.executable, "-m", "deploy.local", "prepare"],
        check=False,
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    if value == "":
        assert refused.returncode == 0
    else:
        assert refused.returncode == 1
        assert "HOUSERULES_PORT_KAFKA" in refused.stderr


def test_folder_that_cannot_be_written_is_named(person: Person) -> None:
    file = person.local / "file"
    file.touch()
    person.local = file / "below"
    refused = person.type("run")
    person.local = file.parent
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"error: The folder {file / 'below'} cannot be written (Not a directory)")
    assert "HOUSERULES_LOCAL" in refused.stderr


def test_folder_in_a_closed_place_with_an_odd_name_works(person: Person) -> None:
    """As in a clone that only its owner may enter: PostgreSQL's account cannot pass."""
    home = person.local
    closed = home / ("closed 100% é " + "long " * 12)
    closed.mkdir(mode=0o700)
    person.local = closed / ".local"
    person.run()
    assert set(person.processes) >= {"supervisord", "postgres", "kafka"}
    assert person.type("stop").returncode == 0
    place = person.local / "data" / "postgres.place"
    if os.geteuid() == 0:
        assert Path(place.read_text(), "postgres").is_dir()
    person.type("forget")
    assert not place.exists()
    person.local = home


def test_help_names_every_command(person: Person) -> None:
    shown = person.type("--help")
    assert shown.returncode == 0
    assert all(f"  {command} " in shown.stdout for command in ("run", "stop", "status", "prepare"))
