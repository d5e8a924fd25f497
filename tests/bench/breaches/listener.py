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

LEAD = timedelta(seconds=1)
"""How long before the first due time policy time begins to run."""
SLACK_S = 60.0
"""What is not heard so long after the last was due has failed."""


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
        limit = time.monotonic() + float(given["lasts_s"]) + SLACK_S
        while len(lags) < job.count and time.monotonic() < limit:
            found = await consumer.getmany(timeout_ms=200)
            heard = clock.at(datetime.now(UTC))
            for record in (record for records in found.values() for record in records):
                note(lags, record, heard)
        watch.end(len(lags))
        machine = datetime.now(UTC)
        ClockFile(machine=machine, policy=clock.at(machine)).write(clock_file)
    milliseconds = [lag * 1000 for lag in lags.values()]
    watch.sample("lag_ms", milliseconds)
    for name, share in (("p50_ms", 0.5), ("p99_ms", 0.99)):
        watch.figure(name, percentile(milliseconds, share))
    watch.figure("least_ms", min(milliseconds))
    watch.figure("most_ms", max(milliseconds))


def note(lags: dict[str, float], record: Any, heard: datetime) -> None:
    """A breach, by conversation, with its lag in seconds; other events are passed over."""
    if dict(record.headers)["ce_type"] == b"houserules.sla-breach.v1":
        breach = _breach.decode(record.value)
        lags[breach.conversation] = (heard - breach.due_at).total_seconds()
