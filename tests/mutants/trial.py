"""One run of the named tests against a tree, and what it says about a mutant."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import msgspec

from tests import lending
from tests.mutants import report
from tests.mutants.mutant import Mutant, mutated
from tests.mutants.report import Report

__all__ = ["Finding", "Trial", "Verdict", "copy_tree", "judge"]

ROOT = Path(__file__).resolve().parents[2]
LIMIT_S = 240
LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc")
COPIED = ("services", "shared", "deploy", "tests", "pyproject.toml", "README.md")


class Verdict(Enum):
    """How it went with a mutant."""

    SEEN = "seen"
    SURVIVED = "SURVIVED"
    UNCLEAR = "UNCLEAR"
    """Tests failed, but not those named, or not by an assertion: nothing is shown."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a run says. `detail` is the first assertion that failed, or what is wrong."""

    verdict: Verdict
    detail: str
    seconds: float


def copy_tree(root: Path, to: Path) -> Path:
    """The code as it is now, committed or not."""
    to.mkdir(parents=True)
    for name in COPIED:
        source = root / name
        if source.is_dir():
            shutil.copytree(source, to / name, ignore=LEFT_OUT)
        elif source.exists():
            shutil.copy2(source, to / name)
    return to


def judge(mutant: Mutant | None, ran: Report) -> tuple[Verdict, str]:
    """What the endings of a run mean; without a mutant, whether all is as it should be: then nothing SURVIVED."""
    if ran.strangers:
        return Verdict.UNCLEAR, f"not the copy was tested: {ran.strangers[0]}"
    bad = [one for one in ran.endings if one.why is not None]
    red = mutant.red if mutant else ()
    stray = [one for one in bad if not _named(one.test, red)]
    broken = [one for one in bad if _named(one.test, red) and (one.phase, one.why) != ("call", "assertion")]
    for one in stray + broken:
        return Verdict.UNCLEAR, f"{one.test} ({one.phase}): {one.why}: {one.text}"
    if mutant is None:
        return (Verdict.SEEN, "green") if ran.endings else (Verdict.UNCLEAR, "no test was run")
    for name in (*mutant.red, *mutant.green):
        if not any(_named(one.test, [name]) for one in ran.endings):
            return Verdict.UNCLEAR, f"{name} was not run"
    unmoved = [name for name in mutant.red if not any(_named(one.test, [name]) for one in bad)]
    if unmoved:
        return Verdict.SURVIVED, f"{unmoved[0]} is green"
    return Verdict.SEEN, f"{_short(bad[0].test)}: {bad[0].text}"


def _named(test: str, names: Iterable[str]) -> bool:
    return any(test == name or test.startswith(f"{name}[") for name in names)


def _short(test: str) -> str:
    return test.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Trial:
    """Runs tests in a copy of the tree, on servers that are lent (`servers` is the file that says which)."""

    tree: Path
    servers: Path | None = None

    def run(self, mutant: Mutant) -> Finding:
        """Try one mutant."""
        with mutated(self.tree, mutant):
            return self._find(mutant, (*mutant.red, *mutant.green), mutant.own_servers)

    def unmutated(self, mutants: Iterable[Mutant]) -> Finding:
        """All tests that these mutants name, on the code as it is."""
        tests = dict.fromkeys(test for mutant in mutants for test in (*mutant.red, *mutant.green))
        return self._find(None, tests, own_servers=False)

    def _find(self, mutant: Mutant | None, tests: Iterable[str], own_servers: bool) -> Finding:
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as place:
            file = Path(place) / "report.json"
            try:
                output = self._pytest(tests, file, own_servers)
            except subprocess.TimeoutExpired:
                return Finding(Verdict.UNCLEAR, f"no end after {LIMIT_S} s", time.monotonic() - began)
            if file.exists():
                verdict, detail = judge(mutant, msgspec.json.decode(file.read_bytes(), type=Report))
            else:
                verdict, detail = Verdict.UNCLEAR, f"pytest did not get to its end: {output[-500:]}"
        return Finding(verdict, detail, time.monotonic() - began)

    def _pytest(self, tests: Iterable[str], file: Path, own_servers: bool) -> str:
        environment = self.environment() | {report.VARIABLE: str(file)}
        if self.servers is not None and not own_servers:
            environment[lending.VARIABLE] = str(self.servers)
        command = [sys.executable, "-m", "pytest", "-p", "tests.mutants.report", "-p", "no:cacheprovider", "-q"]
        done = subprocess.run(
            [*command, "-m", "long or not long", *tests],
            cwd=self.tree,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
        return done.stdout

    def environment(self) -> dict[str, str]:
        """The copy comes before the working tree, which the editable install has put on the path of this Python."""
        return os.environ | {"PYTHONPATH": str(self.tree)}
