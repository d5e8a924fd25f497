"""A service with faults planted in it, to see that the checker finds them: never a switch of the service's own.

`python -m tests.chaos.planted SERVICE FOLDER` runs the service as it is wired, but for its relay, which loses, doubles, swaps
or makes up one event, once, and in some for its applying, which leaves out or does twice one record, once. Each writes to a
file of the folder what it did.
"""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from deploy.local.program import Program
from deploy.local.waiting import until
from shared.bus.consumer import Consumer
from shared.bus.hand import Row
from shared.bus.outbox import pack, unpack
from shared.bus.records import Batch, Handler, Record
from shared.bus.relay import Relay
from shared.bus.tx import Tx
from shared.platform.ids import uuid7
from shared.platform.service import Part, Service, main
from tests.servers import Process
from tests.stacks import RunningStack

__all__ = ["PLANTS", "Plant", "planted"]


class Plant(NamedTuple):
    """A fault: what the checker is to call it, in which service, what is done wrong, and the event that it befalls, which is
    the first of that name."""

    anomaly: str
    service: str
    done: str
    subject: str

    def note(self, folder: Path) -> Path:
        """The file that says what was done."""
        return folder / f"{self.service}-{self.done}.json"


PLANTS = (
    Plant("nonmonotonic-send", "intake", "swapped", "message-received"),
    Plant("phantom", "sla", "made-up", "sla-started"),
    Plant("duplicate", "access", "sent-twice", "revoke-access"),
    Plant("lost-write", "consent", "not-sent", "consent-missing"),
    Plant("lost-write", "access", "not-applied", "staff-left"),
    Plant("duplicate", "sla", "applied-twice", "message-received"),
)
READY_S = 90.0
AGAIN = """
    insert into outbox (organisation, topic, partition, key, headers, body)
    select organisation, topic, partition, key, $2, $3 from outbox where id = $1
"""


class _Faulty(Relay):
    """Does one thing wrong with the first event of a name that it reads."""

    def __init__(self, relay: Relay, plant: Plant, note: Path) -> None:
        super().__init__(relay.bus, relay.cluster, deadline_s=relay.deadline_s)
        self._spoil: Callable[[Any, list[Row]], Any] | None = {
            "not-sent": self._lose,
            "sent-twice": self._double,
            "made-up": self._make_up,
            "swapped": self._swap,
        }[plant.done]
        self._name = plant.subject
        self._note = note
        self._held: Row | None = None

    async def read(self, connection: Any, *known: Any) -> Sequence[Row]:
        """The next rows, of which one may be spoilt."""
        rows = list(await super().read(connection, *known))
        return rows if self._spoil is None else await self._spoil(connection, rows)

    def _first(self, rows: Sequence[Row]) -> Row | None:
        kind = f"houserules.{self._name}.v1".encode()
        return next((row for row in rows if (b"ce_type" in row.headers and kind in row.headers)), None)

    def _done(self, row: Row, event: str | None = None) -> None:
        """Note what was done to which event, and do nothing more."""
        headers = {name: (value or b"").decode() for name, value in unpack(row.headers)}
        note = {
            "event": event or headers["ce_id"],
            "cause": headers.get("ce_causationid"),
            "data": json.loads(row.body or b""),
        }
        self._note.write_text(json.dumps(note))
        self._spoil = None

    async def _lose(self, connection: Any, rows: list[Row]) -> list[Row]:
        """Delete it unsent."""
        if (row := self._first(rows)) is None:
            return rows
        await self.delete(connection, [row.id])
        self._done(row)
        return [one for one in rows if one is not row]

    async def _double(self, connection: Any, rows: list[Row]) -> list[Row]:
        """Say it again under another id."""
        if (row := self._first(rows)) is not None:
            event = await self._said_again(connection, row, self._name, row.body)
            self._done(row, event)
        return rows

    async def _make_up(self, connection: Any, rows: list[Row]) -> list[Row]:
        """Say that what has just begun is broken."""
        if (row := self._first(rows)) is not None:
            data = json.loads(row.body or b"")
            data |= {"noticed_at": data["due_at"], "revision": data["revision"] + 1}
            del data["warn_at"]
            event = await self._said_again(connection, row, "sla-breach", json.dumps(data).encode())
            self._done(row, event)
        return rows

    async def _said_again(self, connection: Any, row: Row, name: str, body: bytes | None) -> str:
        changed = {"ce_id": uuid7(), "ce_type": f"houserules.{name}.v1"}
        headers = [(key, changed[key].encode() if key in changed else value) for key, value in unpack(row.headers)]
        await connection.execute(AGAIN, row.id, pack(headers), body)
        return changed["ce_id"]

    async def _swap(self, _: Any, rows: list[Row]) -> list[Row]:
        """Keep it back until the next one of its key is there, and send it after that."""
        self._held = self._held or self._first(rows)
        if self._held is None:
            return rows
        held = next((row for row in rows if row.id == self._held.id), None)
        others = [row for row in rows if row is not held]
        place = next(
            (n for n, row in enumerate(others) if held and (row.topic, row.key) == (held.topic, held.key)), None
        )
        if held is not None and place is not None:
            others.insert(place + 1, held)
            self._done(held)
        return others


class _Misapplied:
    """Around a handler: does one thing wrong with the first record of a name, in the transaction of its batch."""

    def __init__(self, handler: Handler, plant: Plant, note: Path) -> None:
        self._handler = handler
        self._plant = plant
        self._note = note
        self._over = False

    async def __call__(self, batch: Batch, tx: Tx) -> None:
        """The batch, of which one record may be left out or done twice."""
        names = [record.name for record in batch]
        if self._over or self._plant.subject not in names:
            await self._handler(batch, tx)
            return
        self._over = True  # before the first wait: batches of other partitions are handled beside this one
        place = names.index(self._plant.subject)
        await self._some(batch, batch[:place], tx)
        subject = batch[place]
        said = await self._twice(batch, subject, tx) if self._plant.done == "applied-twice" else []
        self._note.write_text(json.dumps({"record": subject.event.id, "events": said}))
        await self._some(batch, batch[place + 1 :], tx)

    async def _some(self, batch: Batch, records: Sequence[Record], tx: Tx) -> None:
        if records:
            await self._handler(Batch(batch.logical_topic, records), tx)

    async def _twice(self, batch: Batch, record: Record, tx: Tx) -> list[str]:
        """Undo what was written and not what was to be said, and do it again: as whoever repeats a handler would who
        keeps what it emits outside the transaction. The ids of what is said twice."""
        before = len(tx.said)
        undone = await tx.connection.begin_nested()
        await self._some(batch, [record], tx)
        await undone.rollback()
        await self._some(batch, [record], tx)
        return [event.id for event in tx.said[before:] if event.name == "sla-started"]


def _run(name: str, folder: str) -> None:
    wired: Callable[[Any], Service] = import_module(f"services.{name}.app").build
    settings = getattr(import_module(f"services.{name}.settings"), f"{name.capitalize()}Settings")

    def build(chosen: Any) -> Service:
        service = wired(chosen)
        for plant in PLANTS:
            if plant.service == name:
                service.workers = [_spoilt(part, plant, plant.note(Path(folder))) for part in service.workers]
        return service

    sys.argv = [f"services.{name}", "all"]
    main(name, settings, build)


def _spoilt(part: Part, plant: Plant, note: Path) -> Part:
    whose, applies = getattr(part, "__self__", None), "applied" in plant.done
    if isinstance(whose, Relay) and not applies:
        return _Faulty(whose, plant, note).run
    consumer = getattr(whose, "consumer", None)
    if isinstance(consumer, Consumer) and applies:
        concerned = {topic: reads for topic, reads in consumer.by_topic.items() if plant.subject in reads.names}
        (handler,) = {reads.handler for reads in concerned.values()}
        spoilt = _Misapplied(handler, plant, note)
        consumer.by_topic |= {topic: replace(reads, handler=spoilt) for topic, reads in concerned.items()}
    return part


@contextmanager
def planted(running: RunningStack, place: Path) -> Iterator[Mapping[Plant, Path]]:
    """Every service of a running stack exchanged for a faulty one, for good; by fault, the file that will say what was
    done."""
    stack, services = running.stack, sorted({plant.service for plant in PLANTS})
    processes = []
    for service in services:
        told = json.loads((stack.folders.run / f"{service}.json").read_text())
        command = (sys.executable, "-m", "tests.chaos.planted", service, str(place))
        program = Program(name=f"faulty-{service}", command=command, environment=told["environment"])
        processes.append(Process(place, program))
        stack.halt(service)
    try:
        for process in processes:
            process.start()
        for service, process in zip(services, processes, strict=True):
            until(partial(stack.answers, service), process.program.name, READY_S, process.alive)
        yield {plant: plant.note(place) for plant in PLANTS}
    finally:
        for process in processes:
            process.stop()


if __name__ == "__main__":
    _run(*sys.argv[1:])
