"""The scenario: its contestants, its goals, and what a round must leave behind."""

import pickle
import secrets
from collections import Counter
from collections.abc import Mapping
from typing import Any

import asyncpg

from deploy.local.databases import Databases
from shared.bus import Topics
from shared.platform.clock import ClockFile
from shared.policy import load_packs
from tests.bench.contest import Column, Contestant, Goal, Measured, Rows, Wrong
from tests.bench.handler import workload
from tests.bench.handler.limits import COPIED
from tests.bench.harness import Scenario, rehearse

__all__ = ["Handler"]

FASTSTREAM = "https://faststream.ag2.ai/latest/kafka/Subscriber/batch_subscriber/"
FASTSTREAM_ACK = "https://faststream.ag2.ai/latest/kafka/ack/"
AIOKAFKA = "https://aiokafka.readthedocs.io/en/stable/consumer.html"
COPY = "https://www.postgresql.org/docs/18/populate.html#POPULATE-COPY-FROM"
SLOW = 0.02
"""A transaction a message takes so long that a fiftieth of the events is enough."""

OURS = "tests.bench.handler.ours:run"
TABLES = 8
"""positions, inbox, authors, blocks, conversations, facts, targets, outbox."""

DIGESTS = {
    "inbox": "organisation, source, id",
    "authors": "organisation, author",
    "conversations": "organisation, conversation, state, next_at",
    "facts": "organisation, conversation, source, id, name, at, message, author, details",
    "targets": ", ".join(COPIED["targets"]),
    "outbox": "organisation, topic, key, body",
}
"""What must be alike, whoever wrote it. An outbox row's headers hold an id of its own."""

DIGEST = """
    select count(*), coalesce(md5(string_agg(line, '|' order by line)), '') from (
        select md5(row({columns})::text) as line from {table}
    ) as lines
"""


class Handler(Scenario):
    """(a) of the goals: from Kafka to committed."""

    name = "handler"
    title = "The handler of `messages`, Kafka to committed"
    work = (
        "The topic `messages` is full: conversations of two landlords, 85 % of them answered, in six partitions. From the "
        "first assignment of partitions to the commit of the last transaction: inbox, authors, conversations, facts, "
        "targets and outbox. Every round begins with an empty database; all rows are counted and compared afterwards."
    )
    size = 20_000
    quick_size = 15_000
    """Enough that a second connection and the first plan of each statement do not count for a tenth of a round."""
    columns = (Column("statements", "statements a batch, at most", ".0f"),)
    contestants = (
        Contestant(
            name="copy",
            what="a raw ceiling: the same rows by COPY from memory, no decoding, no decision",
            run="tests.bench.handler.limits:copy",
            settings="binary format, finished bytes, as many transactions as the handler has",
            tuned_by=COPY,
        ),
        Contestant(
            name="own SQL",
            what="the handler's own statements with their parameters from memory, no Kafka, no decision",
            run="tests.bench.handler.limits:own_sql",
            settings="asyncpg without SQLAlchemy, prepared statements, the same transactions",
        ),
        Contestant(
            name="handler",
            what="the service's consumer and handler, metrics and logs as shipped",
            run=OURS,
            settings="as shipped: up to 500 records a transaction, offsets committed behind the work, no collector of traces",
        ),
        Contestant(
            name="handler, unmeasured",
            what="the same without metrics, figures and logs",
            run=OURS,
            settings="instruments that do nothing, log level critical, no sampler",
            given={"measured": False},
            quick=False,
        ),
        Contestant(
            name="FastStream batch",
            what="a batch subscriber that is given our decisions and our SQL (columns of rows in one statement a table), a transaction a batch",
            run="tests.bench.handler.peers:faststream_batch",
            settings="max_records=500, ack_policy=ACK (offsets after the transaction), apply_types=False, decoder=our codec, uvloop",
            tuned_by=FASTSTREAM,
        ),
        Contestant(
            name="FastStream ORM",
            what="idiomatic: a subscriber, a SQLAlchemy session and a transaction a message",
            run="tests.bench.handler.peers:faststream_orm",
            settings="ack_policy=ACK, apply_types=False, decoder=our codec, pooled asyncpg, uvloop",
            tuned_by=FASTSTREAM_ACK,
            share=SLOW,
        ),
        Contestant(
            name="aiokafka ORM",
            what="aiokafka alone, a SQLAlchemy session and a transaction a message, a commit after each",
            run="tests.bench.handler.peers:aiokafka_orm",
            settings="enable_auto_commit=False, commit after the transaction, pooled asyncpg, uvloop",
            tuned_by=AIOKAFKA,
            share=SLOW,
            quick=False,
        ),
    )
    goals = (
        Goal(text="the handler against COPY", of="handler", to="copy", at_least=0.35),
        Goal(text="against its own SQL", of="handler", to="own SQL", at_least=0.75),
        Goal(text="against idiomatic FastStream with an ORM", of="handler", to="FastStream ORM", at_least=100),
        Goal(
            text="against FastStream's batches with the same decisions and SQL",
            of="handler",
            to="FastStream batch",
            at_least=1.5,
        ),
        Goal(
            text=f"statements a batch ({TABLES} tables and 3)",
            of="handler",
            figure="statements",
            at_most=TABLES + 3,
            gated=True,
        ),
        Goal(
            text="what metrics and logs cost: CPU of an event with them, of that without (rates: in the table)",
            of="handler",
            to="handler, unmeasured",
            figure="cpu_ms",
            at_most=1.03,
        ),
        Goal(text="peak memory of the consumer, MiB", of="handler", figure="peak_mib", at_most=250, gated=True),
    )

    async def open(self) -> None:
        """Two topics, of all and of the slow ones' events; what the limits play back is recorded from our own."""
        place = self.servers.place
        self._packs = load_packs()
        self._clock = place / "handler.clock"
        ClockFile(machine=workload.NOW, policy=workload.NOW).write(self._clock)
        self._databases: dict[str, Databases] = {}
        self._topics: dict[int, Topics] = {}
        self._ends: dict[int, list[int]] = {}
        self._expected: dict[int, workload.Counts] = {}
        prefix = f"handler{secrets.token_hex(3)}"
        for count in {self.count, max(1, round(self.count * SLOW))}:
            self.say(f"  … writing {count:,} events to Kafka")
            topics = Topics(self._packs.organisations, f"{prefix}.{count}.")
            events = workload.conversations(count)
            await workload.publish(self.servers.bootstrap, topics, events)
            self._topics[count] = topics
            self._ends[count] = await workload.ends(self.servers.bootstrap, topics)
            self._expected[count] = workload.expected(events, self._packs)
        await self._record()

    async def _record(self) -> None:
        """A round of our own that is not counted: what it sends to the database, and the rows that it leaves."""
        self.say("  … a round to record the handler's statements and rows")
        place = self.servers.place
        self._statements, self._copies = place / "handler.statements", place / "handler.copies"
        recorder = Contestant(name="recorder", what="", run=OURS, given={"record": str(self._statements)})
        given = recorder.given | await self.arrange(recorder, self.count)
        await rehearse(self, recorder, self.count, given)
        transactions = pickle.loads(self._statements.read_bytes())
        batches = [one for one in transactions if any("insert into inbox" in statement for statement, _ in one)]
        self._most = max(len(one) for one in batches)
        self._shape = Counter(len(one) for one in batches)
        self._batches = len(batches)
        await self._copy_out(given, len(batches))
        await self.tidy(recorder, given)

    async def _copy_out(self, given: Mapping[str, Any], chunks: int) -> None:
        """Each table's rows in the format of COPY, in as many parts as there were transactions."""
        connection = await asyncpg.connect(given["database"])
        parts: list[dict[str, bytes]] = [{} for _ in range(chunks)]
        for table, columns in COPIED.items():
            rows = await connection.fetchval(f"select count(*) from {table}")
            each = -(-rows // chunks)
            for number, part in enumerate(parts):
                part[table] = await _binary(connection, table, columns, each, number * each)
        self._copies.write_bytes(pickle.dumps(parts))
        await connection.close()

    async def arrange(self, contestant: Contestant, count: int) -> dict[str, Any]:
        """A fresh database and a group that nobody had."""
        database = await self.servers.database("sla")
        group = f"bench-{secrets.token_hex(4)}-"
        self._databases[group] = database
        given = {
            "database": database.app_url,
            "bootstrap": self.servers.bootstrap,
            "topics": self._topics[count].prefix,
            "group": group,
            "clock": str(self._clock),
            "ends": self._ends[count],
        }
        if contestant.name in ("copy", "own SQL"):
            given |= {"copies": str(self._copies), "statements": str(self._statements)}
        return given

    async def check(self, contestant: Contestant, count: int, given: Mapping[str, Any], measured: Measured) -> Rows:
        """Every table's rows, by number and by content."""
        connection = await asyncpg.connect(given["database"])
        found = {
            table: tuple(await connection.fetchrow(DIGEST.format(columns=columns, table=table)))
            for table, columns in DIGESTS.items()
        }
        await connection.close()
        for table, rows in self._expected[count].rows.items():
            if found[table][0] != rows:
                raise Wrong(f"{contestant.name} left {found[table][0]} of {rows} rows in {table}")
        if contestant.run == OURS:
            measured.figures["statements"] = float(self._most)
        return Rows(sum(rows for rows, _ in found.values()), "-".join(digest[:8] for _, digest in found.values()))

    async def tidy(self, contestant: Contestant, given: Mapping[str, Any]) -> None:
        """Away with its database."""
        if (database := self._databases.pop(given["group"], None)) is not None:
            await self.servers.drop(database)

    async def appendix(self) -> str:
        """What a batch is."""
        shape = ", ".join(f"{number} transactions of {length}" for length, number in sorted(self._shape.items()))
        return (
            f"Statements, counted in a round of their own: {shape}; beside them begin and commit. "
            f"{self.count:,} events came in {self._batches} batches."
        )


async def _binary(
    connection: asyncpg.Connection, table: str, columns: tuple[str, ...], limit: int, offset: int
) -> bytes:
    parts: list[bytes] = []

    async def take(data: bytes) -> None:
        parts.append(bytes(data))

    query = f"select {', '.join(columns)} from {table} order by ctid limit {limit} offset {offset}"
    await connection.copy_from_query(query, output=take, format="binary")
    return b"".join(parts)
