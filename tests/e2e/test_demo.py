"""`make demo`, as it is run: a process of its own, in a folder of its own, on ports that are free."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

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
        DEMO, cwd=ROOT, env=environment(local) | more, capture_output=True, text=True, timeout=240, check=False
    )


@pytest.mark.long
def test_the_week_is_told_and_every_promise_is_as_expected(local: Path) -> None:
    done = play(local)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    told = re.search(rf"{len(STORIES)} of {len(STORIES)} promises as expected; a week in (\d+) s", done.stdout)
    assert told
    assert int(told[1]) < WEEK_S
    assert "DIFFERS" not in done.stdout
    for line in (
        r"Mon 30 Mar 12:30:01 BST  westward   sla-breach response query .* due Mon 30 Mar 12:30 .*westward:3\.6",
        r"Tue 31 Mar 00:00:01 BST  wheatley   sla-breach response complaint .* due Tue 31 Mar 00:00 .*wheatley:resp",
        r"wheatley   sla-waived response query not-appropriate",
        r"westward   sla-breach-retracted response query answered-in-time",
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
def test_ctrl_c_ends_it_and_leaves_nothing(local: Path) -> None:
    demo = subprocess.Popen(
        DEMO, cwd=ROOT, env=environment(local), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert demo.stdout is not None
    for line in demo.stdout:
        if "sla-started" in line:
            break
    began = time.monotonic()
    demo.send_signal(signal.SIGINT)
    rest, _ = demo.communicate(timeout=20)
    assert time.monotonic() - began < 10
    assert (demo.returncode, rest.splitlines()[-1]) == (130, "Interrupted.")
