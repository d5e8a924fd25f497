"""Hears breaches on Kafka as they come, and says how late each was: the process of a contestant."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from shared.platform.clock import ClockFile
from tests.bench.contest import Job
from tests.bench.installation import percentile, tail
from tests.bench.stopwatch import Stopwatch

__all__ = ["listen"]

LEAD = timedelta(seconds=2)
"""How long before the first due time policy time begins to run."""
LIMIT_S = 90.0


class _Breach(msgspec.Struct):
    conversation: str
    due_at: datetime


_breach = msgspec.json.Decoder(_Breach)


async def listen(watch: Stopwatch, job: Job) -> None:
    """A round: set policy time going just before the first is due, hear `count` breaches, stop it.

    A lag is from the due time, by policy time at the rate of real time, to the moment at which a reader of Kafka has the
    record.
    """
    given = job.given
    watch.watch(int(given["pid"]))
    clock_file, opens = Path(given["clock"]), datetime.fromisoformat(given["opens"])
    lags: dict[str, float] = {}
    async with tail(given["bootstrap"], given["topic"], int(given["partitions"])) as consumer:
        now = datetime.now(UTC)
        clock = ClockFile(machine=now, policy=opens - LEAD, rate=1.0)
        clock.write(clock_file)
        await asyncio.sleep(LEAD.total_seconds())
        watch.begin()
        limit = time.monotonic() + LIMIT_S
        while len(lags) < job.count and time.monotonic() < limit:
            found = await consumer.getmany(timeout_ms=200)
            heard = clock.at(datetime.now(UTC))
            for record in (record for records in found.values() for record in records):
                note(lags, record, heard)
        watch.end(len(lags))
        machine = datetime.now(UTC)
        ClockFile(machine=machine, policy=clock.at(machine)).write(clock_file)
    for name, share in (("p50_ms", 0.5), ("p99_ms", 0.99)):
        watch.figure(name, percentile(lags.values(), share) * 1000)
    watch.figure("least_ms", min(lags.values()) * 1000)
    watch.figure("most_ms", max(lags.values()) * 1000)


def note(lags: dict[str, float], record: Any, heard: datetime) -> None:
    """A breach, by conversation, with its lag in seconds; other events are passed over."""
    if dict(record.headers)["ce_type"] == b"houserules.sla-breach.v1":
        breach = _breach.decode(record.value)
        lags[breach.conversation] = (heard - breach.due_at).total_seconds()
