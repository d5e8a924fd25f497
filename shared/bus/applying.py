"""One batch, one database transaction: positions, inbox, handler, dead letters, outbox, positions."""

import time
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import structlog

from shared.bus import deadletters, inbox, positions
from shared.bus.bugs import Bugs
from shared.bus.deadletters import DeadLetter
from shared.bus.errors import Permanent, Transient
from shared.bus.faults import transient, where
from shared.bus.positions import Partition, Position, Progress
from shared.bus.reading import Portion, Work
from shared.bus.records import Batch, Record
from shared.bus.stories import handled
from shared.bus.tx import Bus, Tx
from shared.platform.figures import Heard

__all__ = ["Applier", "Displaced"]

log = structlog.get_logger("bus")

TRIES = 3
OUTCOMES = ("applied", "duplicate", "ignored", "dead")


class Displaced(Exception):
    """The stored position is before what was read: somebody moved it back. The partition is to be read again."""


@dataclass(slots=True)
class Applier:
    """Applies work and says how far each partition was brought. `reached` is what is committed, whatever is raised.

    `stopped` are partitions in which over 1 % of the last 1,000 records, and at least 20, failed in our own code.
    """

    bus: Bus
    reached: dict[Partition, int] = field(default_factory=dict)
    bugs: dict[Partition, Bugs] = field(default_factory=dict)
    stopped: set[Partition] = field(default_factory=set)

    def take_stopped(self, partitions: Collection[Partition]) -> set[Partition]:
        """Which of these are to be held, each told once."""
        stopped = self.stopped.intersection(partitions)
        self.stopped -= stopped
        return stopped

    async def apply(self, work: Work) -> None:
        """Apply all of it in one transaction; after a bug, record by record.

        Raises Transient when it is to be tried again later, and Displaced. Either way some may be `stopped`.
        """
        topic = work.subscription.logical_topic
        began = time.monotonic()
        try:
            await self._transaction(work)
        except Exception as error:
            if transient(error):
                self.bus.instruments.add("batches", topic, "transient")
                raise Transient(f"{type(error).__name__} in a batch of {topic}") from error
            if isinstance(error, Displaced):
                raise
            self.bus.instruments.add("batches", topic, "divided")
            log.error("batch is divided", topic=topic, error=type(error).__name__, reason=where(error))
            await self._one_by_one(work)
        else:
            self.bus.instruments.add("batches", topic, "applied")
        self.bus.instruments.observe("batch_seconds", topic, value=time.monotonic() - began)

    async def _transaction(self, work: Work, verdict: DeadLetter | None = None) -> None:
        """The transaction. `verdict` is what the only record of `work` is known to be: dead."""
        began = time.time()
        fresh: Sequence[Record] = ()
        async with self.bus.transaction() as tx:
            stored = await positions.lock(tx, sorted(p.partition for p in work.portions))
            portions = [_fresh(portion, stored) for portion in work.portions]
            progress = {p.partition: Progress(p.end, ignored=p.end - p.start) for p in portions}
            if verdict is None:
                fresh, letters = await self._handle(tx, work, portions, progress)
            else:
                letters = [verdict] if portions[0].raws else []
            for letter in letters:
                step = progress[Partition(letter.raw.topic, letter.raw.partition)]
                step.dead += 1
                step.ignored -= 1
            await deadletters.bury(tx, self.bus.group, letters)
            await positions.move(tx, progress)
        self._committed(work, progress, letters, time.time() - began)
        if self.bus.tracer.on:
            handled(self.bus.tracer, self.bus.service, self.bus.group, fresh, began, time.time())

    async def _handle(
        self, tx: Tx, work: Work, portions: Sequence[Portion], progress: dict[Partition, Progress]
    ) -> tuple[Sequence[Record], list[DeadLetter]]:
        """Admit what is new, give it to the handler, count; that, and the records that could not even be decoded."""
        entries = [entry for portion in portions for entry in portion.entries]
        records = [entry for entry in entries if type(entry) is Record]
        fresh = await inbox.admit(tx, records)
        if self.bus.measure is not None:
            now = time.time()
            tx.heard = [Heard(record.event, record.timestamp_ms / 1000, now) for record in fresh]
        if fresh:
            await work.subscription.handler(Batch(work.subscription.logical_topic, fresh), tx)
        for (topic, partition), count in _by_partition(records).items():
            step = progress[Partition(topic, partition)]
            step.duplicate += count
            step.ignored -= count
        for (topic, partition), count in _by_partition(fresh).items():
            step = progress[Partition(topic, partition)]
            step.applied += count
            step.duplicate -= count
        return fresh, [entry for entry in entries if type(entry) is DeadLetter]

    def _committed(
        self, work: Work, progress: dict[Partition, Progress], letters: Sequence[DeadLetter], seconds: float
    ) -> None:
        topic, add = work.subscription.logical_topic, self.bus.instruments.add
        for partition, step in progress.items():
            self.reached[partition] = step.next_offset
            self.bugs.setdefault(partition, Bugs()).count(step.applied + step.duplicate + step.ignored + step.dead)
        counts = {o: sum(getattr(step, o) for step in progress.values()) for o in OUTCOMES}
        taken = sum(counts.values())
        counts["redelivered"] = sum(p.end - p.start for p in work.portions) - taken
        for outcome, count in counts.items():
            add("records", topic, outcome, by=count)  # nought, too: a rate then sees the first of its kind
        self.bus.instruments.observe("batch_records", topic, value=taken)
        if taken:
            log.info("batch", topic=topic, seconds=round(seconds, 4), **counts)
        for letter in letters:
            add("dead_letters", topic, letter.code)
            log.warning("dead letter", topic=letter.raw.topic, partition=letter.raw.partition,
                        offset=letter.raw.offset, code=letter.code, error=letter.error_class)  # fmt: skip

    async def _one_by_one(self, work: Work) -> None:
        """Each record in a transaction of its own; a partition with too many bugs stops, the others go on."""
        for portion in work.portions:
            if not portion.raws:
                await self._transaction(Work(work.subscription, [portion]))
            for index in range(len(portion.raws)):
                await self._single(Work(work.subscription, [portion.single(index)]))
                if portion.partition in self.stopped:
                    break

    async def _single(self, work: Work) -> None:
        """One record: three tries, then it is dead."""
        (portion,) = work.portions
        (raw,) = portion.raws
        for attempt in range(1, TRIES + 1):
            try:
                return await self._transaction(work)
            except Displaced:
                raise
            except Permanent as fault:
                letter = DeadLetter(raw, fault.code, fault.detail, "Permanent", _organisation(portion))
                return await self._transaction(work, letter)
            except Exception as error:
                if transient(error):
                    raise Transient(f"{type(error).__name__} in a record") from error
                if attempt == TRIES:
                    letter = DeadLetter(raw, "bug", where(error), type(error).__qualname__, _organisation(portion))
        await self._transaction(work, letter)
        if self.bugs[portion.partition].fail():
            self.stopped.add(portion.partition)


def _fresh(portion: Portion, stored: dict[Partition, Position]) -> Portion:
    """What of a portion is not applied yet: the rest was delivered again."""
    position = stored.get(portion.partition)
    if position is None or position.next_offset < portion.start:
        raise Displaced(f"{portion.partition.topic} partition {portion.partition.partition}")
    return portion.behind(position.next_offset)


def _by_partition(records: Sequence[Record]) -> Counter[tuple[str, int]]:
    """How many records are of each topic and partition."""
    return Counter((record.topic, record.partition) for record in records)


def _organisation(portion: Portion) -> str | None:
    entry = portion.entries[0]
    return entry.event.organisation if isinstance(entry, Record) else None
