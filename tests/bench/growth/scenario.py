"""What it costs to grow: the sla service as 1, 2 and 4 processes, and with more and more rows already there."""

import asyncio
from collections.abc import Mapping
from typing import Any, ClassVar

from shared.platform.clock import ClockFile
from shared.policy import load_packs
from tests.bench.breaches.histories import lay_down
from tests.bench.contest import Column, Contestant, Goal, Measured, Rows, Wrong
from tests.bench.handler import workload
from tests.bench.harness import Scenario
from tests.bench.installation import Installation, eventually, opened

__all__ = ["Growth"]

WRITE = "tests.bench.growth.customers:write"
FIRST_ROWS = 5_000
WARM_UP = 1_200
TAKEN = "select sum(next_offset - first_offset) from positions"
TABLES = ("inbox", "authors", "facts", "targets", "conversations")


def processes(number: int) -> Contestant:
    """So many processes on one topic of six partitions."""
    many = f"{number} {'process' if number == 1 else 'processes'}"
    return Contestant(
        name=many,
        what=f"sla (`worker`) as {many} of one group, {FIRST_ROWS:,} conversations there",
        run=WRITE,
        settings="as shipped: up to 500 records a transaction",
        given={"processes": number, "there": FIRST_ROWS},
    )


def rows(times: int) -> Contestant:
    """One process, with so many times the rows already there."""
    return Contestant(
        name=f"{times}× rows",
        what=f"one process; {FIRST_ROWS * times:,} conversations there, with a fact, a target and an id in the inbox each",
        run=WRITE,
        settings="as shipped: up to 500 records a transaction",
        given={"processes": 1, "there": FIRST_ROWS * times},
    )


class Growth(Scenario):
    """See the module."""

    name = "growth"
    title = "What it costs to grow"
    work = (
        "The conversations of the first scenario, from Kafka to committed, by the whole service: consumer, handler, relay, "
        "timer, figures. A backlog is written while nobody can commit, and measured from its release until the last "
        "position has moved. What a round adds is taken away after it. Memory is the first process's, CPU all processes'."
    )
    size = 40_000
    rounds = 3
    quick_size = 2_000
    long = True
    contestants: ClassVar = (processes(1), processes(2), processes(4), rows(10), rows(100))
    goals: ClassVar = (
        Goal(text="with 10 times the rows, of the rate with few", of="10× rows", to="1 process", at_least=0.8),
        Goal(text="with 100 times the rows, of the rate with few", of="100× rows", to="1 process", at_least=0.8),
        Goal(text="peak memory of a process, MiB", of="100× rows", figure="peak_mib", at_most=250, gated=True),
    )
    columns: ClassVar = (
        Column("told_s", "s until all is told", ".2f"),
        Column("wal_bytes", "WAL bytes an event", ",.0f"),
        Column("page_images", "whole pages in it", ".2f"),
        Column("blocks_read", "blocks read an event", ".2f"),
        Column("rows_scanned", "rows read without an index an event", ".1f"),
    )

    async def open(self) -> None:
        """A database and topics for each."""
        self.packs = load_packs()
        self.clock = self.servers.place / "growth.clock"
        ClockFile(machine=workload.NOW, policy=workload.NOW).write(self.clock)
        self.expected = workload.expected(workload.conversations(self.count), self.packs).rows
        self.installations: dict[str, Installation] = {}
        for number, one in enumerate(self.contestants):
            database = await self.servers.database("sla")
            place = self.servers.place
            installation = await self.stack.enter_async_context(
                opened("sla", database, self.servers.bootstrap, f"growth{number}.", place)
            )
            self.say(f"  … laying down {one.given['there']:,} conversations")
            await lay_down(installation.rows, self.packs, one.given["there"])
            self.installations[one.name] = installation

    async def arrange(self, contestant: Contestant, count: int) -> dict[str, Any]:
        """Start its processes, and see each of the group's partitions read."""
        installation = self.installations[contestant.name]
        for _ in range(contestant.given["processes"]):
            installation.start("worker", extra={"HOUSERULES_CLOCK": str(self.clock)})
        for one in installation.running:
            await one.ready()
        await self._warm_up(installation)
        return {
            "pids_of_service": [one.process.pid for one in installation.running],
            "bootstrap": self.servers.bootstrap,
            "database": installation.databases.owner_url,
            "messages": installation.topics.shared("messages"),
        }

    async def _warm_up(self, installation: Installation) -> None:
        wanted = await installation.count(TAKEN) + WARM_UP
        events = workload.conversations(WARM_UP, seed=1)
        await installation.write(installation.topics.shared("messages"), events)

        async def taken() -> bool:
            return await installation.count(TAKEN) == wanted

        await eventually(taken, "every process reads")
        await self._forget(installation)
        await asyncio.sleep(1)

    async def _forget(self, installation: Installation) -> None:
        """Take away what was added."""
        kept = "starts_with({column}, 'old-')"
        columns = {"inbox": "id", "authors": "author"}
        for table in TABLES:
            where = kept.format(column=columns.get(table, "conversation"))
            await installation.rows.execute(f"delete from {table} where not {where}")
        await installation.rows.execute(f"vacuum analyze {', '.join(TABLES)}", timeout=300)

    async def check(self, contestant: Contestant, count: int, given: Mapping[str, Any], measured: Measured) -> Rows:
        """What is there, and what the events come to by the domain alone."""
        installation = self.installations[contestant.name]
        added = {
            table: await installation.count(f"select count(*) from {table}") - contestant.given["there"]
            for table in TABLES
        }
        wanted = {table: self.expected[table] for table in TABLES}
        if added != wanted or await installation.count("select count(*) from outbox"):
            raise Wrong(f"{contestant.name} added {added}, not {wanted}, or has not told all")
        return Rows(sum(added.values()), str(sorted(added.items())))

    async def tidy(self, contestant: Contestant, given: Mapping[str, Any]) -> None:
        """Stop its processes."""
        installation = self.installations[contestant.name]
        await installation.stop()
        await self._forget(installation)
