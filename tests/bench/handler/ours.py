"""Our own: the service's consumer and handler as `services.sla.app` wires them, without the relay and the timer.

What it emits stays in the outbox, so that it can be counted and compared; the relay is a scenario of its own.
"""

import asyncio
import pickle
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from sqlalchemy import event

from services.sla.handlers import NAMES, messages
from services.sla.metrics import FIGURES
from services.sla.settings import SlaSettings
from shared.bus import Subscription
from shared.bus.committing import Committer
from shared.bus.consumer import Consumer
from shared.bus.ground import Ground
from shared.bus.metrics import Instruments
from shared.bus.positions import Partition
from shared.bus.reading import Portion
from shared.platform.logs import configure
from shared.platform.watching import Watch
from tests.bench.contest import Job
from tests.bench.stopwatch import Stopwatch

__all__ = ["Silent", "Statements", "run", "settings_of"]


def settings_of(job: Job) -> SlaSettings:
    """As the environment would give them."""
    given = job.given
    return SlaSettings(
        database_url=given["database"],
        port=0,
        ordinal=0,
        pool_size=8,
        kafka=given["bootstrap"],
        topic_prefix=given["topics"],
        group_prefix=given["group"],
        clock=Path(given["clock"]),
        traces=given.get("traces", ""),
        traces_ratio=given.get("traces_ratio", 1.0),
    )


class Silent:
    """In place of instruments: measures nothing. For what metrics cost."""

    def add(self, *_: Any, **__: Any) -> None:
        """Nothing."""

    set = observe = forget = replace = add


class Reader(Consumer):
    """The consumer, with a stopwatch: from its first assignment until all is committed."""

    def timed(self, watch: Stopwatch, ends: dict[Partition, int], done: asyncio.Event) -> None:
        """Say what there is to read."""
        self._watch, self._ends, self._done = watch, ends, done

    async def assigned(self, client: AIOKafkaConsumer, partitions: Iterable[TopicPartition]) -> None:
        """It may begin."""
        self._watch.begin()
        await super().assigned(client, partitions)

    async def _write(self, client: AIOKafkaConsumer, portions: Any, committer: Committer, stop: asyncio.Event) -> None:
        await super()._write(client, portions, committer, stop)
        self._look(portions)

    def _look(self, portions: Iterable[Portion]) -> None:
        reached = self.applier.reached
        if portions and all(reached.get(one, 0) >= end for one, end in self._ends.items()):
            self._watch.end(sum(self._ends.values()))
            self._done.set()


class Statements:
    """Records what goes to the database, by transaction: each statement with its parameters, as the driver gets them."""

    def __init__(self, ground: Ground) -> None:
        self.transactions: list[list[tuple[str, Any]]] = []
        self._open: dict[int, list[tuple[str, Any]]] = {}
        engine = ground.database.engine.sync_engine
        event.listen(engine, "begin", self._begin)
        event.listen(engine, "before_cursor_execute", self._execute)
        event.listen(engine, "commit", self._commit)

    def _begin(self, connection: Any) -> None:
        self._open[id(connection)] = []

    def _execute(self, connection: Any, _: Any, statement: str, parameters: Any, *__: Any) -> None:
        self._open[id(connection)].append((statement, tuple(parameters)))

    def _commit(self, connection: Any) -> None:
        if found := self._open.pop(id(connection), []):
            self.transactions.append(found)

    def write(self, file: Path) -> None:
        """Keep them, in the order of their commits."""
        file.write_bytes(pickle.dumps(self.transactions))


async def run(watch: Stopwatch, job: Job) -> None:
    """With `measured` false metrics and logs are off; with `record` the statements are written to that file."""
    measured = job.given.get("measured", True)
    configure("sla", "info" if measured else "critical")
    ground = Ground.of("sla", settings_of(job), FIGURES)
    bus = ground.bus
    if not measured:
        bus.measure, bus.instruments, ground.database.instruments = None, _silent(), None
    statements = Statements(ground) if "record" in job.given else None
    reads = [Subscription("messages", bus.topics.sources("messages"), messages(ground.packs), NAMES)]
    consumer = Reader(bus, ground.settings.cluster, reads)
    topic = bus.topics.shared("messages")
    stop = asyncio.Event()
    consumer.timed(watch, {Partition(topic, n): end for n, end in enumerate(job.given["ends"]) if end}, stop)
    parts = [consumer.run(stop)]
    if measured and statements is None:
        parts += [Watch(ground.platform, ground.database).run(stop), ground.sampler().run(stop)]
    await asyncio.gather(*parts)
    if statements is not None:
        statements.write(Path(job.given["record"]))
    await ground.database.close()


def _silent() -> Instruments:
    silent: Any = Silent()
    instruments: Instruments = silent
    return instruments
