"""`python -m tests.chaos.stalled URL`: holds a lock and reads a large answer, so that it can be stopped in the midst of it."""

import asyncio
import sys

from shared.platform.db import Database, sql

__all__ = ["LOCK", "NAME"]

LOCK = 20_260_309
NAME = "stalled"
LARGE = "select repeat('x', 1000) from generate_series(1, 300000)"


async def main(url: str) -> None:
    """Take the lock and read for some seconds."""
    async with Database(url, application_name=NAME).begin() as connection:
        await connection.execute(sql("select pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        await connection.execute(sql(LARGE))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
