"""One run on a running stack: the clients connect, tell and watch; in the end all that there is to know is read."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random

import asyncpg
from aiokafka import TopicPartition

from shared.cli.failure import Failure
from shared.cli.quiet import until_quiet
from shared.cli.stack import Stack as StackOfCommands
from shared.platform.clock import ClockFile
from tests.chaos.faults import OUTBOX_ROWS, SERVICES
from tests.chaos.history import Applied, History, Taken
from tests.chaos.load import Load
from tests.chaos.outside import Outside
from tests.chaos.recorder import Recorder
from tests.chaos.stories import ORGANISATIONS, Staff, Stories
from tests.chaos.watching import log_ends, read_all, watch
from tests.stacks import RunningStack

__all__ = ["OUTBOX_ROWS", "Scene", "prepared", "scene"]

MONDAY = datetime(2026, 3, 23, 13, tzinfo=UTC)
"""At this hour a Monday's messages of 09:00 fall due at the one landlord, and Friday's of 13:00 at the other."""
QUIET_S = 180.0
TELLERS = 5
POSITIONS = (
    "select topic, partition, first_offset, next_offset, applied + duplicate + ignored + dead, dead from positions"
)
INBOX = "select organisation, source, id from inbox"
SET_ASIDE = "select organisation, source, delivery from deliveries where state = 'failed'"

Places = Mapping[TopicPartition, int]


@dataclass(frozen=True, slots=True)
class _Known:
    """What the databases say."""

    applied: frozenset[Applied]
    positions: Mapping[tuple[str, str, int], tuple[int, int, int, int]]
    """By service, topic and partition: the first offset, the next, the records accounted for, those that are dead."""


@dataclass(slots=True)
class Scene:
    """What is under way between `scene` and `end`."""

    running: RunningStack
    recorder: Recorder
    load: Load
    _begin: Places
    _before: _Known
    _watching: "asyncio.Task[None]"
    _stop: asyncio.Event
    _telling: "asyncio.Task[None] | None" = None

    def begin(self) -> None:
        """Let the load run."""
        self._telling = asyncio.create_task(self.load.run())

    async def end(self) -> History:
        """End the load, wait until all is quiet, and read what was said in the meantime."""
        if self._telling is not None:
            self.load.stop.set()
            await self._telling
        await asyncio.sleep(max(0.0, self.recorder.last_due() - time.time()))
        unquiet = ""
        try:
            await until_quiet(StackOfCommands(self.running.stack.folders.stack_file), QUIET_S)
        except Failure as failure:  # the history says whether anything is missing
            unquiet = str(failure)
        self._stop.set()
        await self._watching
        kafka = self.running.file["kafka"]
        ends = await log_ends(kafka)
        known = await _known(self.running)
        emitted = await read_all(kafka, self._begin, ends)
        taken = tuple(_taken(place, counted, self._before, ends) for place, counted in known.positions.items())
        return self.recorder.history(tuple(emitted), known.applied - self._before.applied, taken, unquiet)


def _taken(place: tuple[str, str, int], counted: tuple[int, int, int, int], before: _Known, ends: Places) -> Taken:
    """A position, counted from where the scene began."""
    service, topic, partition = place
    first, after, records, dead = counted
    start = before.positions.get(place, (first, first, 0, 0))
    end = ends[TopicPartition(topic, partition)]
    return Taken(service, topic, partition, start[1], after, records - start[2], dead - start[3], end)


async def prepared(running: RunningStack, number: int) -> dict[str, Staff]:
    """Set policy time going, and bring people into the registers: so many may leave."""
    if ClockFile.read(running.clock).policy != MONDAY:
        ClockFile(machine=datetime.now(UTC), policy=MONDAY, rate=1.0).write(running.clock)
    staff = {organisation: Staff(number) for organisation in ORGANISATIONS}
    async with Outside(running.file, ClockFile.read(running.clock)) as outside:
        for organisation, some in staff.items():
            await outside.register(organisation, some.tables(organisation))
    await until_quiet(StackOfCommands(running.stack.folders.stack_file), QUIET_S)
    return staff


@asynccontextmanager
async def scene(
    running: RunningStack, staff: dict[str, Staff], seed: int, tellers: int = TELLERS
) -> AsyncIterator[Scene]:
    """Connect and watch; the load begins when it is told to."""
    kafka, stop = running.file["kafka"], asyncio.Event()
    begin, before = await log_ends(kafka), await _known(running)
    recorder = Recorder()
    async with Outside(running.file, ClockFile.read(running.clock)) as outside:
        stories = Stories(outside, Random(seed), staff)
        load = Load(stories, recorder, Random(seed), tellers)
        watching = asyncio.create_task(watch(kafka, begin, recorder.saw, stop))
        try:
            yield Scene(running, recorder, load, begin, before, watching, stop)
        finally:
            stop.set()
            await asyncio.wait([watching], timeout=15)


async def _known(running: RunningStack) -> _Known:
    applied: set[Applied] = set()
    positions: dict[tuple[str, str, int], tuple[int, int, int, int]] = {}
    for service in SERVICES:
        connection = await asyncpg.connect(running.stack.databases[service].owner_url)
        try:
            applied |= {Applied(service, *row) for row in await connection.fetch(INBOX)}
            if service == "intake":
                applied |= {Applied("intake: set aside", *row) for row in await connection.fetch(SET_ASIDE)}
            for topic, partition, *counted in await connection.fetch(POSITIONS):
                positions[service, topic, partition] = tuple(counted)
        finally:
            await connection.close()
    return _Known(frozenset(applied), positions)
