"""The harness: contestants side by side in one run, each round in a process of its own, rows looked up afterwards.

How to add a scenario
---------------------
1. Write a module `tests/bench/<name>.py` (or a package) with a subclass of `Scenario`, and name it in
   `scenarios.SCENARIOS`. Set its class attributes: `title`, `work` (what is done and from when to when it is measured),
   `unit`, `size` and `quick_size` (how many), `contestants`, `goals`, and `columns` for figures of its own.
2. `contestants` are `Contestant`s. Each names the coroutine function that does a round: `run="tests.bench.<name>:ours"`,
   an `async def ours(watch: Stopwatch, job: Job) -> None`, run in a fresh process under uvloop. It makes itself ready
   (connects, joins its group, compiles what it needs), calls `watch.begin()`, does `job.count` things, calls
   `watch.end(count)` once they are committed (or acknowledged), and may add figures before or after:
   `watch.figure("p99_ms", 12.5)`. If it drives another process (a service), `watch.watch(pid)` has that one's CPU and peak
   memory measured instead of its own. `job.given` is the contestant's `given` with what `arrange` returned.
   A contestant of somebody else's library is tuned by that library's documentation: link the page in `tuned_by`.
3. The scenario lives in the harness's process. `open` runs once: make the workload, from a seed, and put it where all
   find it. `arrange` runs before each round, unmeasured: a fresh database (`self.servers.database("sla")`), a consumer
   group of its own; what it returns (plain JSON values) goes to the process. `check` runs after each round: it counts the
   committed rows in the database (or reads the topic), raises `Wrong` if any is missing, and returns `Rows(count, digest)`.
   The harness compares digests among all rounds that did as much: same rows afterwards. `tidy` drops what a round left.
   `appendix` gives text for the results (a query's plan, say).
4. `Goal`s are of medians: `Goal(text="…", of="ours", to="copy", at_least=0.35)` is a ratio of rates,
   `Goal(text="…", of="ours", figure="p99_ms", at_most=1000)` a figure itself. `--quick` asserts every ratio at half.
5. What was tried, what it gave and what limits it now is written by hand in `tests/bench/findings/<name>.md`, which the
   results take in as it stands.

What holds for everyone: the servers of `servers.py` (fsync and synchronous_commit on, acks=all), the same work, contestants
in turn (A B C A B C …), five rounds (`rounds` for what takes long: three at the least), medians with the least and the
most. Times on the clock are told, never asserted. A scenario that fails is named in the results and ends no other. For a
look: `--only <name> --rounds 2 --size 2000`.
"""

import asyncio
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import msgspec

from tests.bench.contest import (
    Column,
    Contestant,
    Goal,
    Job,
    Measured,
    Round,
    Rows,
    Say,
    Standing,
    Wrong,
    judge,
)
from tests.bench.servers import Servers
from tests.bench.stopwatch import Stopwatch

__all__ = [
    "Column",
    "Contestant",
    "Goal",
    "Job",
    "Outcome",
    "Plan",
    "Rows",
    "Scenario",
    "Servers",
    "Stopwatch",
    "Wrong",
    "attempt",
    "hold",
    "rehearse",
]

ROOT = Path(__file__).resolve().parents[2]
QUICK_ROUNDS = 3
ROUND_S = 300
"""A round that takes longer has failed."""


class Scenario(ABC):
    """One thing that is measured. See the module for how to write one."""

    name: ClassVar[str]
    title: ClassVar[str]
    work: ClassVar[str]
    unit: ClassVar[str] = "events"
    size: ClassVar[int]
    quick_size: ClassVar[int]
    rounds: ClassVar[int] = 5
    """In a whole run, where none are asked for."""
    long: ClassVar[bool] = False
    """Only for `make bench-long`."""
    contestants: ClassVar[Sequence[Contestant]]
    goals: ClassVar[Sequence[Goal]] = ()
    columns: ClassVar[Sequence[Column]] = ()

    def __init__(self, servers: Servers, count: int, say: Say) -> None:
        self.servers = servers
        self.count = count
        self.say = say
        self.stack = AsyncExitStack()
        """What `open` or `arrange` took and `close` gives back."""

    async def open(self) -> None:
        """Make the workload, once."""
        return

    @abstractmethod
    async def arrange(self, contestant: Contestant, count: int) -> dict[str, Any]:
        """Make ready for a round of `count` things; what its process is told."""

    @abstractmethod
    async def check(self, contestant: Contestant, count: int, given: Mapping[str, Any], measured: Measured) -> Rows:
        """Count what is committed. Raises Wrong when it is not all there."""

    async def tidy(self, contestant: Contestant, given: Mapping[str, Any]) -> None:
        """Remove what a round left."""
        return

    async def appendix(self) -> str:
        """More for the results, in Markdown."""
        return ""

    async def close(self) -> None:
        """Give back what was taken, also where `open` failed on the way."""
        await self.stack.aclose()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a run is made. `rounds` and `size` take the place of every scenario's own."""

    rounds: int | None = None
    quick: bool = False
    size: int | None = None

    def contestants(self, scenario: type[Scenario]) -> list[Contestant]:
        """Who takes part."""
        return [one for one in scenario.contestants if one.quick or not self.quick]

    def count(self, scenario: type[Scenario]) -> int:
        """How much there is to do."""
        return self.size or (scenario.quick_size if self.quick else scenario.size)

    def turns(self, scenario: type[Scenario]) -> int:
        """How many rounds."""
        return self.rounds or (QUICK_ROUNDS if self.quick else scenario.rounds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a scenario gave. One with a `fault` failed, and nothing of it is kept: what it had come to shows nothing."""

    scenario: type[Scenario]
    plan: Plan
    rounds: Sequence[Round] = ()
    standings: Sequence[Standing] = ()
    appendix: str = ""
    fault: str = ""

    @property
    def failed(self) -> list[Standing]:
        """What the quick form does not let pass."""
        return [standing for standing in self.standings if not standing.passes]


async def attempt(kind: type[Scenario], servers: Servers, plan: Plan, say: Say) -> Outcome:
    """Run a scenario; one that fails, however it does, is an outcome too, so that the others' figures are not lost."""
    try:
        return await hold(kind, servers, plan, say)
    except Exception as error:  # noqa: BLE001 a peer's library, a server, a wait: whatever it was ends this one only
        say(f"  FAILED: {type(error).__name__}: {error}")
        return Outcome(scenario=kind, plan=plan, fault=_in_a_line(kind, error))


def _in_a_line(kind: type[Scenario], error: Exception) -> str:
    """An error for the results: its first line. What follows, a process's log, is for whoever looks on."""
    line = (str(error).splitlines() or [""])[0].removeprefix(f"{kind.name}: ").rstrip(":")
    return line if isinstance(error, Wrong) else f"{type(error).__name__}: {line}"


async def hold(kind: type[Scenario], servers: Servers, plan: Plan, say: Say) -> Outcome:
    """Run a scenario: every contestant once, then again, for each of its rounds. Raises Wrong."""
    contestants, turns = plan.contestants(kind), plan.turns(kind)
    scenario = kind(servers, plan.count(kind), say)
    rounds: list[Round] = []
    try:
        await scenario.open()
        for number in range(1, turns + 1):
            for contestant in contestants:
                found = await _round(scenario, contestant, number)
                _same(rounds, found)
                rounds.append(found)
                say(_told(scenario, found, turns))
        return Outcome(
            scenario=kind,
            plan=plan,
            rounds=rounds,
            standings=judge(kind.goals, rounds),
            appendix=await scenario.appendix(),
        )
    finally:
        await scenario.close()


async def rehearse(
    scenario: Scenario, contestant: Contestant, count: int, given: dict[str, Any], number: int = 0
) -> Measured:
    """One round's process: nothing of it is kept. For a scenario that needs what a round leaves. Raises Wrong."""
    await scenario.servers.settle()
    job = Job(contestant=contestant.name, round=number, count=count, pids=scenario.servers.pids, given=given)
    measured = await asyncio.to_thread(_run, scenario, contestant, job)
    if measured.count != count:
        raise Wrong(f"{scenario.name}: {contestant.name} did {measured.count} of {count} {scenario.unit}")
    return measured


async def _round(scenario: Scenario, contestant: Contestant, number: int) -> Round:
    count = max(1, round(scenario.count * contestant.share))
    given = contestant.given | await scenario.arrange(contestant, count)
    try:
        measured = await rehearse(scenario, contestant, count, given, number)
        rows = await scenario.check(contestant, count, given, measured)
    finally:
        await scenario.tidy(contestant, given)
    return Round(contestant.name, number, measured, rows)


def _run(scenario: Scenario, contestant: Contestant, job: Job) -> Measured:
    """The round, in a process of its own. Raises Wrong with the end of its log."""
    place = scenario.servers.place
    stem = f"{scenario.name}-{contestant.name}"
    job_file, result, log = (place / f"{stem}.{kind}" for kind in ("job", "result", "log"))
    job_file.write_bytes(msgspec.json.encode(job))
    result.unlink(missing_ok=True)
    command = [sys.executable, "-m", "tests.bench.stopwatch", contestant.run, str(job_file), str(result)]
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        try:
            process.wait(ROUND_S)
        except subprocess.TimeoutExpired:
            raise Wrong(f"{scenario.name}: {contestant.name} took over {ROUND_S} s:\n{_end(log)}") from None
        finally:
            process.kill()
            process.wait()
    if not result.exists():
        raise Wrong(f"{scenario.name}: {contestant.name} failed:\n{_end(log)}")
    return msgspec.json.decode(result.read_bytes(), type=Measured)


def _end(log: Path, lines: int = 30) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


def _same(before: Sequence[Round], found: Round) -> None:
    """Whoever did as much left the same rows."""
    for other in before:
        if other.measured.count == found.measured.count and other.rows.digest != found.rows.digest:
            raise Wrong(
                f"{found.contestant} left other rows behind than {other.contestant}: "
                f"{found.rows.count} ({found.rows.digest}), {other.rows.count} ({other.rows.digest})"
            )


def _told(scenario: Scenario, found: Round, rounds: int) -> str:
    measured = found.measured
    more = "".join(
        f", {column.heading} {measured.figures[column.figure]:{column.form}}"
        for column in scenario.columns
        if column.figure in measured.figures
    )
    return (
        f"  {time.strftime('%H:%M:%S')} {found.number}/{rounds} {found.contestant:<22} {found.figure('rate'):>10,.0f} "
        f"{scenario.unit}/s  {measured.count:,} in {measured.seconds:.2f} s, {found.rows.count:,} rows, "
        f"{measured.peak_bytes / 2**20:.0f} MiB{more}"
    )
