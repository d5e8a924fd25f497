"""A service with one fault planted in it, to see that the checker finds it: never a switch of the service's own.

`python -m tests.chaos.planted SERVICE ANOMALY FILE` runs the service as it is wired, but for its relay, which loses, doubles,
swaps or makes up one event, once, and writes to FILE which.
"""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from deploy.local.program import Program
from deploy.local.waiting import until
from shared.bus.hand import Row
from shared.bus.outbox import pack, unpack
from shared.bus.relay import Relay
from shared.platform.ids import uuid7
from shared.platform.service import Part, Service, main
from tests.servers import Process
from tests.stacks import RunningStack

__all__ = ["PLANTS", "planted"]

PLANTS: Mapping[str, str] = {
    "intake": "nonmonotonic-send",
    "sla": "phantom",
    "access": "duplicate",
    "consent": "lost-write",
}
"""Which anomaly is planted in which service."""
SUBJECTS = {
    "nonmonotonic-send": "message-received",
    "phantom": "sla-started",
    "duplicate": "revoke-access",
    "lost-write": "consent-missing",
}
"""The event that it befalls: the first of that name."""
READY_S = 90.0
AGAIN = """
    insert into outbox (organisation, topic, partition, key, headers, body)
    select organisation, topic, partition, key, $2, $3 from outbox where id = $1
"""


class _Faulty(Relay):
    """Does one thing wrong with the first event of a name that it reads."""

    def __init__(self, relay: Relay, anomaly: str, note: Path) -> None:
        super().__init__(relay.bus, relay.cluster, deadline_s=relay.deadline_s)
        self._spoil: Callable[[Any, list[Row]], Any] | None = {
            "lost-write": self._lose,
            "duplicate": self._double,
            "phantom": self._make_up,
            "nonmonotonic-send": self._swap,
        }[anomaly]
        self._name = SUBJECTS[anomaly]
        self._note = note
        self._held: Row | None = None

    async def read(self, connection: Any, in_hand: set[int]) -> Sequence[Row]:
        """The next rows, of which one may be spoilt."""
        rows = list(await super().read(connection, in_hand))
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


def _run(name: str, anomaly: str, note: str) -> None:
    wired: Callable[[Any], Service] = import_module(f"services.{name}.app").build
    settings = getattr(import_module(f"services.{name}.settings"), f"{name.capitalize()}Settings")

    def build(chosen: Any) -> Service:
        service = wired(chosen)
        service.workers = [_spoilt(part, anomaly, Path(note)) for part in service.workers]
        return service

    sys.argv = [f"services.{name}", "all"]
    main(name, settings, build)


def _spoilt(part: Part, anomaly: str, note: Path) -> Part:
    relay = getattr(part, "__self__", None)
    return _Faulty(relay, anomaly, note).run if isinstance(relay, Relay) else part


@contextmanager
def planted(running: RunningStack, place: Path) -> Iterator[Mapping[str, Path]]:
    """Every service of a running stack exchanged for a faulty one, for good; by anomaly, the file that will say what was
    done."""
    stack, notes = running.stack, {anomaly: place / f"{anomaly}.json" for anomaly in PLANTS.values()}
    processes = []
    for service, anomaly in PLANTS.items():
        told = json.loads((stack.folders.run / f"{service}.json").read_text())
        command = (sys.executable, "-m", "tests.chaos.planted", service, anomaly, str(notes[anomaly]))
        program = Program(name=f"faulty-{service}", command=command, environment=told["environment"])
        processes.append(Process(place, program))
        stack.halt(service)
    try:
        for process in processes:
            process.start()
        for service, process in zip(PLANTS, processes, strict=True):
            until(partial(stack.answers, service), process.program.name, READY_S, process.alive)
        yield notes
    finally:
        for process in processes:
            process.stop()


if __name__ == "__main__":
    _run(*sys.argv[1:])
