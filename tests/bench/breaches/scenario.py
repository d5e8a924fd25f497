"""From a due time to the breach on Kafka: the timer of the running sla service, with few and with many open targets."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from services.sla.store.locks import CLAIM_DUE
from shared.platform.clock import ClockFile
from shared.platform.db import Database
from shared.platform.db import sql as prepared
from shared.policy import load_packs
from tests.bench.breaches.histories import FRIDAY, MONDAY, lay_down, received, settle_down
from tests.bench.contest import Column, Contestant, Goal, Measured, Rows, Wrong
from tests.bench.harness import Scenario
from tests.bench.installation import Installation, Running, opened

__all__ = ["Breaches", "ManyBreaches"]

LISTEN = "tests.bench.breaches.listener:listen"
A_MINUTE = 1_000
"""Due within a minute: a round goes on at this rate, a minute or a part of one."""
STEP = timedelta(minutes=1) / A_MINUTE
CLAIM = (
    "The claim's plan with the most targets. `for update` has to see each row that it takes, so that the scan of "
    "`conversations_next_at` cannot be index-only: it reads the index and, of the table, what is due."
)
BETWEEN = timedelta(seconds=90)
"""From the first due time of a round to that of the next: policy time never goes back."""
BEFORE = timedelta(seconds=30)
"""Before the first of all is due: every warning was given by then."""


def contestant(open_targets: int) -> Contestant:
    """The service with so many open targets."""
    return Contestant(
        name=f"{open_targets:,} open",
        what=f"sla (`worker`) with {open_targets:,} open targets",
        run=LISTEN,
        settings="as shipped: a claim every 250 ms, 500 at the most",
        given={"open": open_targets},
    )


@dataclass(slots=True)
class Office:
    """A contestant's process and what it works on."""

    installation: Installation
    running: Running
    clock: Path
    rounds: int = 0


class Breaches(Scenario):
    """See the module."""

    name = "breaches"
    title = "Breach lag"
    work = (
        "From the due time of a target to the moment at which a reader of Kafka has its `sla-breach`: claim, fold, commit, "
        f"relay. They fall due at the rate of {A_MINUTE:,} a minute, spread evenly; a round is twelve seconds of that, and five "
        "rounds are 1,000 for each number of open targets. A goal's p99 is of all rounds' lags together, in brackets that of "
        "single rounds. The targets that are due have histories that were folded by the service's code; the others are open, "
        "and not due."
    )
    unit = "breaches"
    size = 200
    quick_size = 75
    contestants: ClassVar[Sequence[Contestant]] = (contestant(1_000), contestant(100_000))
    goals: ClassVar[Sequence[Goal]] = (
        Goal(text="p99 with 100,000 open, ms", of="100,000 open", figure="lag_ms", share=0.99, at_most=1000),
        Goal(text="p99 with 100,000 open, of that with 1,000", of="100,000 open", to="1,000 open", figure="lag_ms",
             share=0.99, at_most=1.5),
        Goal(text="never early: the least lag, ms", of="100,000 open", figure="least_ms", at_least=0, gated=True),
        Goal(text="peak memory of the service, MiB", of="100,000 open", figure="peak_mib", at_most=250, gated=True),
    )  # fmt: skip
    columns: ClassVar = (
        Column("p50_ms", "p50 ms", ".0f"),
        Column("p99_ms", "p99 ms", ".0f"),
        Column("most_ms", "worst ms", ".0f"),
    )

    async def open(self) -> None:
        """Each service is started when it is first needed, and stays."""
        self.packs = load_packs()
        self.offices: dict[str, Office] = {}

    async def _office(self, open_targets: int) -> Office:
        """Fill a database and start a service on it, policy time standing still."""
        place = self.servers.place
        database = await self.servers.database("sla")
        prefix = f"{self.name}{len(self.offices)}."
        installation = await self.stack.enter_async_context(
            opened("sla", database, self.servers.bootstrap, prefix, place)
        )
        self.say(f"  … laying down {open_targets:,} open targets")
        await lay_down(installation.rows, self.packs, max(1, open_targets - self.count))
        clock = place / f"{prefix}clock.json"
        machine = datetime.now(UTC)
        ClockFile(machine=machine, policy=MONDAY - BEFORE).write(clock)
        running = installation.start("worker", extra={"HOUSERULES_CLOCK": str(clock)})
        await running.ready()
        return Office(installation, running, clock)

    async def _due(self, office: Office) -> datetime:
        """Histories that fall due in the next part of the minute; when the first of them does."""
        opens = BETWEEN * office.rounds
        events = [received(f"due-{office.rounds}-{one}", FRIDAY + opens + STEP * one) for one in range(self.count)]
        await settle_down(office.installation.rows, self.packs, events, MONDAY - BEFORE)
        office.rounds += 1
        return MONDAY + opens

    async def arrange(self, contestant: Contestant, count: int) -> dict[str, Any]:
        """The next part of the minute."""
        if contestant.name not in self.offices:
            self.offices[contestant.name] = await self._office(contestant.given["open"])
        office = self.offices[contestant.name]
        opens = await self._due(office)
        topics = office.installation.topics
        return {
            "pid": office.running.process.pid,
            "clock": str(office.clock),
            "opens": opens.isoformat(),
            "lasts_s": (STEP * count).total_seconds(),
            "bootstrap": self.servers.bootstrap,
            "topic": topics.shared("sla"),
            "partitions": topics.partitions,
        }

    async def check(self, contestant: Contestant, count: int, given: Mapping[str, Any], measured: Measured) -> Rows:
        """What was due in this round is breached, and nothing else."""
        office = self.offices[contestant.name]
        name = f"due-{office.rounds - 1}-"
        kept = await office.installation.rows.fetch(
            "select conversation, due_at, revision from targets where state = 'breached' and breach is not null "
            "order by conversation, due_at"
        )
        mine = [row["conversation"].removeprefix(name) for row in kept if row["conversation"].startswith(name)]
        if len(mine) != count or len(kept) != count * office.rounds:
            raise Wrong(f"{contestant.name}: {len(mine)} of {count} are breached, {len(kept)} in all")
        return Rows(len(mine), hashlib.sha256("\n".join(sorted(mine)).encode()).hexdigest()[:12])

    async def appendix(self) -> str:
        """The claim's plan, with nothing due and with much due, among the most targets."""
        office = list(self.offices.values())[-1]
        url = office.installation.databases.app_url
        database = Database(url, application_name="bench", pool_size=2)
        ahead = await self._due(office)
        texts = [CLAIM]
        for what, now in (("nothing due", ahead - timedelta(seconds=1)), (f"{self.count} due", ahead + BETWEEN)):
            lines = await _plan(database, now, sorted(self.packs.organisations))
            texts.append(f"With {what}:\n\n```\n" + "\n".join(lines) + "\n```")
        await database.close()
        return "\n\n".join(texts)


async def _plan(database: Database, now: datetime, organisations: list[str]) -> list[str]:
    """EXPLAIN of the claim, run and rolled back; the second time, when what it reads is in memory."""
    parameters = {"now": now, "organisations": organisations, "most": 500}
    statement = prepared("explain (analyze, buffers) " + CLAIM_DUE)
    async with database.engine.connect() as connection:
        for _ in range(2):
            lines = [str(row[0]) for row in (await connection.execute(statement, parameters)).all()]
            await connection.rollback()
    return lines


class ManyBreaches(Breaches):
    """The same with a million open targets, for whole minutes."""

    name = "breaches-many"
    title = "Breach lag with a million open targets"
    work = (
        "As with fewer, for whole minutes: 1,000 are due within each, spread evenly, and a round is one minute. A goal's p99 is of "
        "all rounds' lags together, in brackets that of single rounds."
    )
    size = A_MINUTE
    quick_size = 75
    rounds = 3
    long = True
    contestants: ClassVar[Sequence[Contestant]] = (contestant(1_000), contestant(1_000_000))
    goals: ClassVar[Sequence[Goal]] = (
        Goal(text="p99 with 1,000,000 open, ms", of="1,000,000 open", figure="lag_ms", share=0.99, at_most=1000),
        Goal(text="p99 with 1,000,000 open, of that with 1,000", of="1,000,000 open", to="1,000 open", figure="lag_ms",
             share=0.99, at_most=1.5),
        Goal(text="never early: the least lag, ms", of="1,000,000 open", figure="least_ms", at_least=0, gated=True),
        Goal(text="peak memory of the service, MiB", of="1,000,000 open", figure="peak_mib", at_most=250, gated=True),
    )  # fmt: skip
