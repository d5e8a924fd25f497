"""What the contestants of these tests do: little, in processes that start quickly."""

from typing import Any

from tests.bench.contest import Job
from tests.bench.stopwatch import Stopwatch

__all__ = ["fails", "works"]


async def works(watch: Stopwatch, job: Job) -> None:
    """Adds numbers; `short` is by how much it does less than it was told."""
    watch.begin()
    total = sum(range(job.count * job.given["much"]))
    watch.figure("total", float(total))
    watch.end(job.count - job.given.get("short", 0))


async def fails(watch: Stopwatch, job: Any) -> None:
    """Ends in the middle."""
    watch.begin()
    raise RuntimeError("no more numbers")
