"""Setting up: what the machine lacks is one sentence, and what is set up takes no time."""

import os
import runpy
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from deploy.local.layout import ROOT

BOOTSTRAP = Path("deploy/local/bootstrap")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A copy of what setting up reads."""
    (tmp_path / BOOTSTRAP.parent).mkdir(parents=True)
    for name in (BOOTSTRAP, BOOTSTRAP.with_suffix(".py"), "requirements.lock", "pyproject.toml", "Makefile"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def _bootstrap(clone: Path, python: Path | str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [clone / BOOTSTRAP],
        check=False,
        env={"PATH": os.environ["PATH"], "PYTHON": str(python)},
        capture_output=True,
        text=True,
        timeout=30,
    )


def _python(clone: Path, script: str) -> Path:
    """A Python of the test's own making."""
    file = clone / "python"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return file


def test_python_that_is_too_old_is_named(clone: Path) -> None:
    old = _python(clone, 'case "$1" in --version) echo Python 3.9.2 ;; *) exit 1 ;; esac')
    refused = _bootstrap(clone, old)
    assert refused.returncode == 1
    assert refused.stderr.startswith("error: House Rules needs Python 3.11 or newer (found: Python 3.9.2)")
    assert refused.stderr.count("\n") == 1


def test_no_python_at_all_is_said(clone: Path) -> None:
    refused = _bootstrap(clone, clone / "nowhere")
    assert refused.returncode == 1
    assert "needs Python 3.11 or newer (found: none)" in refused.stderr


def test_missing_venv_module_is_named(clone: Path) -> None:
    hide = "import sys, importlib.util as u; f = u.find_spec; u.find_spec = lambda n, *a: None if n == 'ensurepip' else f(n, *a)"
    run = "import runpy; runpy.run_path('deploy/local/bootstrap.py', run_name='__main__')"
    bare = _python(clone, f'case "$*" in *bootstrap.py*) exec {sys.executable} -c "{hide}; {run}" ;; esac')
    refused = _bootstrap(clone, bare)
    assert refused.returncode == 1
    assert refused.stderr.startswith("error: this Python ")
    assert "-venv) and run the same command again" in refused.stderr


def test_what_is_set_up_takes_no_time(clone: Path) -> None:
    module = runpy.run_path(str(clone / BOOTSTRAP.with_suffix(".py")))
    (clone / ".venv" / "bin").mkdir(parents=True)
    module["COMMAND"].touch()
    module["STAMP"].write_text(module["wanted"]())
    began = time.monotonic()
    done = _bootstrap(clone, sys.executable)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert time.monotonic() - began < 5


def test_lock_names_no_host() -> None:
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    assert not [line for line in lines if "://" in line or line.startswith(("-i", "--index", "--extra", "--find"))]
    assert all(line.endswith("\\") for line in lines if "==" in line and not line.startswith((" ", "#")))


def test_make_lists_its_targets() -> None:
    shown = subprocess.run(["make", "help"], check=True, cwd=ROOT, capture_output=True, text=True).stdout
    assert all(f"make {target} " in shown for target in ("demo", "test", "run", "stop", "lint", "contracts", "check"))


@pytest.mark.parametrize("failing", ["test", "lint", "demo", "bench-quick", None])
def test_what_runs_before_a_change_lands_fails_with_each_of_its_parts(tmp_path: Path, failing: str | None) -> None:
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "run", tmp_path / ".ci" / "run")
    make = tmp_path / "make"
    make.write_text(f'#!/bin/sh\necho "$1" >> {tmp_path}/made\n[ "$1" != "{failing}" ]\n')
    make.chmod(0o755)
    done = subprocess.run(
        [tmp_path / ".ci" / "run"], check=False, env={"PATH": f"{tmp_path}:{os.environ['PATH']}"}, timeout=30
    )
    parts = ["test", "lint", "demo", "bench-quick"]
    made = [
        *parts[: parts.index(failing) + 1 if failing else None],
        *(["bench-quick"] if failing == "bench-quick" else []),
    ]
    assert (tmp_path / "made").read_text().split() == made  # a measurement is tried once more
    assert (done.returncode != 0) == (failing is not None)
