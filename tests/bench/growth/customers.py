"""Writes a backlog of conversations, lets the service go, and waits until all is committed and told."""

import asyncio
import time

import asyncpg
from aiokafka import AIOKafkaProducer

from shared.bus import encode
from tests.bench.contest import Job
from tests.bench.handler import workload
from tests.bench.stopwatch import Stopwatch

__all__ = ["write"]

LIMIT_S = 240.0
EVERY_S = 0.02
SETTLE_S = 1.5
"""A backend of PostgreSQL tells its statistics once a second at the most."""
TAKEN = "select coalesce(sum(next_offset - first_offset), 0)::int8 from positions"
UNSENT = "select count(*) from outbox"
WORK = """
    select pg_current_wal_insert_lsn() - '0/0' as wal_bytes, (select wal_fpi from pg_stat_wal) as page_images,
           (select blks_read from pg_stat_database where datname = current_database()) as blocks_read,
           (select sum(seq_tup_read) from pg_stat_user_tables) as rows_scanned
"""
"""What PostgreSQL has had to do so far: beside the time, what says why more rows take longer."""


async def write(watch: Stopwatch, job: Job) -> None:
    """A round: the backlog is written while the inbox is locked; its release is the beginning."""
    given = job.given
    watch.watch(*given["pids_of_service"])
    wires = [encode(event) for event in workload.conversations(job.count)]
    producer = AIOKafkaProducer(
        bootstrap_servers=given["bootstrap"], acks="all", linger_ms=20, max_batch_size=256 * 1024
    )
    await producer.start()
    rows, gate = await asyncpg.connect(given["database"]), await asyncpg.connect(given["database"])
    before = await rows.fetchval(TAKEN)
    worked = await rows.fetchrow(WORK)
    async with gate.transaction():
        await gate.execute("lock table inbox in share mode")
        for wire in wires:
            await producer.send(given["messages"], wire.body, wire.key, headers=list(wire.headers))
        await producer.flush()
        watch.begin()
        began = time.perf_counter()
    await _until(rows, TAKEN, before + job.count)
    watch.end(await rows.fetchval(TAKEN) - before)
    await _until(rows, UNSENT, 0)
    watch.figure("told_s", time.perf_counter() - began)
    await asyncio.sleep(SETTLE_S)
    for name, value in (await rows.fetchrow(WORK)).items():
        watch.figure(name, float(value - worked[name]) / job.count)
    await producer.stop()


async def _until(rows: asyncpg.Connection, statement: str, wanted: int) -> None:
    end = time.perf_counter() + LIMIT_S
    while await rows.fetchval(statement) != wanted and time.perf_counter() < end:
        await asyncio.sleep(EVERY_S)
