"""The limits: the same rows by COPY, and the handler's own statements, both from memory and without Kafka or decision."""

import pickle
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg

from tests.bench.contest import Job
from tests.bench.stopwatch import Stopwatch

__all__ = ["COPIED", "SESSION", "copy", "own_sql"]

COPIED = {
    "inbox": ("organisation", "source", "id"),
    "authors": ("organisation", "author"),
    "conversations": ("organisation", "conversation", "state", "next_at"),
    "facts": ("organisation", "conversation", "source", "id", "name", "at", "message", "author", "details"),
    "targets": (
        "organisation", "target", "conversation", "kind", "message", "message_kind", "site", "cycle", "started_at",
        "due_at", "warn_at", "policy", "observe", "clauses", "story", "owner", "state", "revision", "warned_at",
        "breach", "noticed_at", "settled_at", "closing", "reason", "working_s", "retracted",
    ),
    "outbox": ("organisation", "topic", "partition", "key", "headers", "body"),
}  # fmt: skip
"""What the handler writes, by table; other columns have defaults."""

SESSION = {"timezone": "UTC", "synchronous_commit": "on", "jit": "off", "application_name": "sla"}
"""As the service's own connections."""


async def copy(watch: Stopwatch, job: Job) -> None:
    """The final rows by COPY in its binary format, as finished bytes, in as many transactions as the handler has."""
    chunks: list[dict[str, bytes]] = pickle.loads(Path(job.given["copies"]).read_bytes())
    connection = await asyncpg.connect(job.given["database"], server_settings=SESSION)
    watch.begin()
    for chunk in chunks:
        async with connection.transaction():
            for table, rows in chunk.items():
                await connection.copy_to_table(table, source=_once(rows), columns=COPIED[table], format="binary")
    watch.end(job.count)
    await connection.close()


async def _once(rows: bytes) -> AsyncIterator[bytes]:
    yield rows


async def own_sql(watch: Stopwatch, job: Job) -> None:
    """What the handler sent in a round of its own, statement by statement, in the same transactions, prepared."""
    transactions = pickle.loads(Path(job.given["statements"]).read_bytes())
    connection = await asyncpg.connect(job.given["database"], server_settings=SESSION)
    watch.begin()
    for transaction in transactions:
        async with connection.transaction():
            for statement, parameters in transaction:
                await connection.fetch(statement, *parameters)
    watch.end(job.count)
    await connection.close()
