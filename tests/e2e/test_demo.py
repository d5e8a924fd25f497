"""`make demo`, as it is run: a process of its own, in a folder of its own, on ports that are free."""

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from deploy.demo.stories import STORIES
from deploy.local.ports import Ports
from shared.policy import loader
from tests.servers import folder, remove

DEMO = [sys.executable, "-m", "deploy.demo"]
ROOT = Path(__file__).resolve().parents[2]
WEEK_S = 90


@pytest.fixture
def local() -> Iterator[Path]:
    """The stack's folder; nothing of it runs afterwards."""
    place = folder()
    yield place
    assert not of(place)
    remove(place)


def environment(local: Path) -> dict[str, str]:
    """The demo's own folder and ports."""
    ports = Ports.free()
    moved = {f"HOUSERULES_PORT_{name.upper()}": str(port) for name, port in ports.of.items()}
    return os.environ | moved | {"HOUSERULES_LOCAL": str(local), "COLUMNS": "200"}


def of(local: Path) -> list[int]:
    """Processes that were started for this folder."""
    found = []
    for process in psutil.process_iter():
        try:
            if any(str(local) in part for part in process.cmdline()) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
        except psutil.Error:
            continue
    return found


def play(local: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Run it to its end."""
    return subprocess.run(
        DEMO, cwd=ROOT, env=environment(local) | more, capture_output=True, text=True, timeout=400, check=False
    )


@contextmanager
def begun(local: Path, **more: str) -> Iterator[subprocess.Popen[str]]:
    """Begin it; whatever the test finds, it has ended afterwards."""
    with subprocess.Popen(
        DEMO, cwd=ROOT, env=environment(local) | more, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as demo:
        try:
            yield demo
        finally:
            demo.terminate()


def told(demo: subprocess.Popen[str], mark: str) -> list[str]:
    """What it says up to the line with this mark, or to its end."""
    assert demo.stdout is not None
    said = []
    for line in demo.stdout:
        said.append(line.rstrip())
        if mark in line:
            break
    return said


@pytest.mark.long
def test_the_week_is_told_and_every_promise_is_as_expected(local: Path) -> None:
    done = play(local)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    week = re.search(rf"{len(STORIES)} of {len(STORIES)} promises as expected; a week in (\d+) s", done.stdout)
    assert week
    assert int(week[1]) < WEEK_S
    assert "DIFFERS" not in done.stdout
    for line in (
        r"Mon 30 Mar 12:30:01 BST  westward   sla-breach response query .* due Mon 30 Mar 12:30 .*westward:3\.6",
        r"Tue 31 Mar 00:00:01 BST  wheatley   sla-breach response complaint .* due Tue 31 Mar 00:00 .*wheatley:resp",
        r"wheatley   sla-waived response query not-appropriate",
        r"westward   sla-breach-retracted response query answered-in-time",
        r"Mon 30 Mar 09:30:00 BST  westward   revoke-access rotate-secret left .* person 1001.*westward:6\.4",
        r"Tue 31 Mar 00:00:00 BST  wheatley   leaver-processed .* person 1001",
        r"westward   consent-missing block .* image ww-party  t-3 no-consent .*westward:10\.4",
    ):
        assert re.search(line, done.stdout), line
    assert not (local / "stack.json").exists()


@pytest.mark.long
def test_another_policy_is_seen_to_differ(local: Path) -> None:
    """Westward's pack, from 1 March 2026 on with three quarters of the time."""
    shipped = (Path(loader.__file__).parent / "packs" / "westward-2023-26.toml").read_text()
    stricter = shipped.replace('version = "2023-26"', 'version = "stricter"')
    stricter = stricter.replace("in_force_from = 2023-01-01", "in_force_from = 2026-03-01")
    stricter = stricter.replace('span = "half a working day"', 'span = "3 h"')
    packs = local / "packs"
    packs.mkdir()
    (packs / "stricter.toml").write_text(stricter)
    done = play(local, HOUSERULES_POLICIES=str(packs))
    assert done.returncode == 1
    differ = [line for line in done.stdout.splitlines() if "DIFFERS" in line]
    assert differ
    assert all("westward:3.6" in line for line in differ)
    assert "due Mon 11:30" in done.stdout


def test_a_taken_port_is_one_sentence(local: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = play(local, HOUSERULES_PORT_SLA=str(port))
    assert done.returncode == 1
    (sentence,) = done.stderr.splitlines()
    assert sentence.startswith(f"error: Port {port}, where sla should listen, is taken")
    assert "HOUSERULES_PORT_SLA" in sentence


@pytest.mark.long
def test_a_stack_that_is_kept_answers_until_it_is_told_to_stop(local: Path) -> None:
    """KEEP=1: where to look is printed and true, and `make stop` ends all of it."""
    around = os.environ | {"HOUSERULES_LOCAL": str(local)}
    with begun(local, KEEP="1") as demo:
        said = told(demo, "`make stop`")
        assert f"{len(STORIES)} of {len(STORIES)} promises as expected" in "\n".join(said), "\n".join(said[-40:])
        begins = next(number for number, line in enumerate(said) if line.startswith("The stack stays up"))
        pages = [line.split()[0] for line in said[begins:] if line.startswith("  http")]
        assert len(pages) == 4
        for page in pages:
            answer = httpx.get(page, follow_redirects=True, trust_env=False, timeout=30)
            assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (200, "text/html")
        commands = [line.strip().split("   ")[0] for line in said[begins:] if line.startswith("  .venv/bin/houserules")]
        assert [command.split()[1] for command in commands] == ["watch", "person", "image", "clock"]
        for command in (f"{commands[0]} --until-quiet 2", *commands[1:]):
            done = subprocess.run(
                shlex.split(command), cwd=ROOT, env=around, capture_output=True, text=True, timeout=120, check=False
            )
            assert done.returncode == 0 and done.stdout, f"{command}: {done.stderr}"
        stop = [sys.executable, "-m", "deploy.local", "stop"]
        stopped = subprocess.run(stop, cwd=ROOT, env=around, capture_output=True, text=True, timeout=60, check=False)
        assert (stopped.returncode, stopped.stdout) == (0, f"The stack in {local} has stopped.\n"), stopped.stderr
        rest, _ = demo.communicate(timeout=20)
    assert (demo.returncode, rest.splitlines()) == (0, ["Stopping."])


@pytest.mark.long
def test_ctrl_c_ends_what_is_kept(local: Path) -> None:
    with begun(local, KEEP="1") as demo:
        said = told(demo, "`make stop`")
        demo.send_signal(signal.SIGINT)
        rest, _ = demo.communicate(timeout=20)
    assert (demo.returncode, rest.splitlines()) == (0, ["Stopping."]), "\n".join(said[-40:])


@pytest.mark.long
def test_ctrl_c_ends_it_and_leaves_nothing(local: Path) -> None:
    with begun(local) as demo:
        told(demo, "sla-started")
        began = time.monotonic()
        demo.send_signal(signal.SIGINT)
        rest, _ = demo.communicate(timeout=20)
        assert time.monotonic() - began < 10
    assert (demo.returncode, rest.splitlines()[-1]) == (130, "Interrupted.")
