"""The process of a contestant: `python -m tests.bench.stopwatch RUN JOB RESULT` calls RUN and writes what it measured.

RUN is `module:function`, an `async def run(watch: Stopwatch, job: Job) -> None` that gets ready, calls `watch.begin()`,
does the work, and calls `watch.end(count)`. What comes before and after is not measured, but for the peak of memory.
"""

import asyncio
import gc
import importlib
import os
import resource
import sys
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

import msgspec
import psutil
import uvloop

from tests.bench.contest import Job, Measured

__all__ = ["Stopwatch", "main", "peak_bytes", "pythons_collector"]

PYTHONS_OWN = (700, 10, 10)
"""Of CPython 3.11 and 3.12, which are what this is run on."""


def pythons_collector() -> None:
    """Set the garbage collector as it is in a process of somebody else's: what is imported here has set it as ours is."""
    gc.set_threshold(*PYTHONS_OWN)


class Stopwatch:
    """Wall time, CPU and peak memory of this process, or of those that `watch` names, and CPU of the servers."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._servers = {name: psutil.Process(pid) for name, pid in pids.items()}
        self._watched: tuple[psutil.Process, ...] = ()
        self._began: tuple[float, float, dict[str, float]] | None = None
        self._figures: dict[str, float] = {}
        self._samples: dict[str, list[float]] = {}
        self.measured: Measured | None = None

    def watch(self, *pids: int) -> None:
        """Measure those processes, with their children, in place of this one: a service that this one drives.

        CPU is theirs together, the peak of memory that of the largest.
        """
        self._watched = tuple(psutil.Process(pid) for pid in pids)

    @property
    def running(self) -> bool:
        """Whether it has begun and not ended."""
        return self._began is not None and self.measured is None

    def begin(self) -> None:
        """Start. A second call changes nothing."""
        if self._began is None:
            servers = {name: _tree_cpu_s(process) for name, process in self._servers.items()}
            self._began = (time.perf_counter(), self._cpu_s(), servers)

    def end(self, count: int) -> None:
        """Stop: `count` is what was done, and committed. A second call changes nothing."""
        assert self._began is not None, "it was never begun"
        if self.measured is not None:
            return
        seconds = time.perf_counter() - self._began[0]
        before = self._began[2]
        self.measured = Measured(
            count=count,
            seconds=seconds,
            cpu_s=self._cpu_s() - self._began[1],
            peak_bytes=max(peak_bytes(one.pid) for one in self._watched) if self._watched else peak_bytes(),
            servers_cpu_s={name: _tree_cpu_s(one) - before[name] for name, one in self._servers.items()},
        )

    def figure(self, name: str, value: float) -> None:
        """A figure of the scenario's own: a percentile, a count of statements."""
        self._figures[name] = value

    def sample(self, name: str, values: Iterable[float]) -> None:
        """Single measurements of a name: a percentile is taken of all rounds' together."""
        self._samples.setdefault(name, []).extend(values)

    def whole(self) -> Measured | None:
        """All of it, with the figures and samples that were added after the end; None when it has not ended."""
        if self.measured is None:
            return None
        return msgspec.structs.replace(self.measured, figures=self._figures, samples=self._samples)

    def _cpu_s(self) -> float:
        return sum(_tree_cpu_s(one) for one in self._watched) if self._watched else time.process_time()


def _tree_cpu_s(root: psutil.Process) -> float:
    """CPU seconds of a process and all below it, those that have ended included."""
    total = 0.0
    for process in [root, *root.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system
            total += getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)
    return total


def peak_bytes(pid: int | None = None) -> int:
    """The most memory that a process has had; its children's are their own.

    On Linux from its `VmHWM`: `ru_maxrss` keeps the size of the parent from before the exec.
    """
    status = Path(f"/proc/{pid or os.getpid()}/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    if pid is not None:
        return int(psutil.Process(pid).memory_info().rss)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def main(run: str, job_file: str, result_file: str) -> None:
    """Do the job."""
    module, _, function = run.partition(":")
    job = msgspec.json.decode(Path(job_file).read_bytes(), type=Job)
    watch = Stopwatch(job.pids)
    uvloop.run(_do(getattr(importlib.import_module(module), function)(watch, job)))
    if (whole := watch.whole()) is None:
        sys.exit(f"{run} has not ended its round")
    Path(result_file).write_bytes(msgspec.json.encode(whole))
    sys.stderr.flush()
    os._exit(0)  # a library's thread that does not end is no part of the round


async def _do(work: "asyncio.Future[None]") -> None:
    await work


if __name__ == "__main__":
    main(*sys.argv[1:])
