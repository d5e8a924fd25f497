"""What can be broken, and how: each a context in which it is broken, entered at a moment when work was in flight."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from random import Random

import asyncpg
import psutil

from shared.bus.relay import LOCK
from tests.chaos.history import Answered, Spent
from tests.chaos.load import Load
from tests.chaos.recorder import Recorder
from tests.chaos.stories import ORGANISATIONS
from tests.stacks import RunningStack

__all__ = ["FAULTS", "OUTBOX_ROWS", "SERVICES", "Fault", "Ground", "Moment"]

SERVICES = ("intake", "sla", "access", "consent")
MOMENT_S = 5.0
DEEPER_S = 0.03
"""A fault comes up to so long after the work was offered, so that it meets the work here and there."""
THERE_S = 60.0
WELL_S = 120.0
BURST = 12
SLOW_S = 0.3
OUTBOX_ROWS = 300
"""So little may wait for Kafka that a run spends it."""
PROMPT = "select coalesce(min(created_at) > clock_timestamp() - interval '1 s', true) from outbox"
WAITS = "select (select count(*) from outbox), (select count(*) from deliveries where state = 'pending')"

SLOW_DISK = f"""
    create or replace function chaos_slow() returns trigger language plpgsql as
        $$ begin perform pg_sleep({SLOW_S}); return null; end $$;
    create or replace trigger chaos_slow before insert on outbox for each statement execute function chaos_slow();
"""
FAST_AGAIN = "drop trigger if exists chaos_slow on outbox; drop function if exists chaos_slow()"
LEADER = """
    select a.client_port from pg_locks l join pg_stat_activity a using (pid)
    where l.locktype = 'advisory' and l.classid = $1 and l.objid = $2 and l.granted and a.datname = current_database()
"""


@dataclass(slots=True)
class Moment:
    """When a fault struck, and what was proved of it."""

    at: float = 0.0
    detail: str = ""
    services: tuple[str, ...] = ()
    """Whose work it interrupts, where that is decided in the moment."""


@dataclass(slots=True)
class Ground:
    """What the faults are struck on: a running stack, and the load on it."""

    running: RunningStack
    recorder: Recorder
    load: Load
    random: Random

    async def pid(self, name: str) -> int:
        """The process, once it is there: its supervisor may not have noticed yet that the last one died."""
        end = time.monotonic() + THERE_S
        while not _alive(pid := await asyncio.to_thread(self.running.stack.pid, name)):
            if time.monotonic() > end:
                raise TimeoutError(f"{name} does not come back")
            await asyncio.sleep(0.1)
        return pid

    async def moment(self, services: tuple[str, ...]) -> float:
        """Have everybody tell something, and wait until work of these services is on its way; the instant."""
        deeper = self.random.uniform(0.0, DEEPER_S)
        end, since = time.monotonic() + MOMENT_S, time.time()
        self.load.nudge()
        while not self.recorder.in_flight(services, since) and time.monotonic() < end:
            await asyncio.sleep(0.001)
        await asyncio.sleep(deeper)
        return time.time()

    async def well(self) -> None:
        """Wait until every process answers. Raises TimeoutError."""
        stack, end = self.running.stack, time.monotonic() + WELL_S
        for name in ("postgres", "kafka", *SERVICES):
            while not await asyncio.to_thread(stack.answers, name):
                if time.monotonic() > end:
                    raise TimeoutError(f"{name} does not get well")
                await asyncio.sleep(0.1)

    async def sent(self) -> None:
        """Wait until every service sends what it tells as it tells it: nothing is left of an outage. Raises TimeoutError."""
        end = time.monotonic() + WELL_S
        for service in SERVICES:
            async with self.database(service) as database:
                while not await database.fetchval(PROMPT):
                    if time.monotonic() > end:
                        raise TimeoutError(f"what {service} told in the last outage is not sent")
                    await asyncio.sleep(0.1)

    @asynccontextmanager
    async def database(self, service: str) -> AsyncIterator[asyncpg.Connection]:
        """A superuser's connection to a service's database, once there is one to be had."""
        url, end = self.running.stack.admin_url, time.monotonic() + THERE_S
        while True:
            try:
                connection = await asyncpg.connect(url, database=service, timeout=10)
                break
            except (OSError, TimeoutError, asyncpg.PostgresError):
                if time.monotonic() > end:
                    raise
                await asyncio.sleep(0.2)
        try:
            yield connection
        finally:
            await connection.close()


Strike = Callable[[Ground, tuple[str, ...], Moment], AbstractAsyncContextManager[None]]


@dataclass(frozen=True, slots=True)
class Fault:
    """How it is done, and whose work it interrupts."""

    strike: Strike
    services: tuple[str, ...] = SERVICES
    lasts: bool = False
    """It is broken until it is healed; else it is over at once."""
    waited_for: bool = False
    """Everything stands still with it: the next one waits until the stack has got over it."""


def _alive(pid: int) -> bool:
    try:
        return pid != 0 and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _signal(pids: list[int], number: int) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


async def _family(ground: Ground, name: str) -> list[int]:
    """A process and its children: PostgreSQL is many."""
    pid = await ground.pid(name)
    return [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]


@asynccontextmanager
async def killed(
    ground: Ground, services: tuple[str, ...], moment: Moment, *, name: str, number: int = signal.SIGKILL
) -> AsyncIterator[None]:
    """A signal that ends the process; its supervisor brings it back."""
    pid = await ground.pid(name)
    moment.at = await ground.moment(services)
    os.kill(pid, number)
    while _alive(pid):
        await asyncio.sleep(0.02)
    yield


@asynccontextmanager
async def paused(ground: Ground, services: tuple[str, ...], moment: Moment, *, name: str) -> AsyncIterator[None]:
    """SIGSTOP, and SIGCONT afterwards."""
    pids = await _family(ground, name)
    moment.at = await ground.moment(services)
    _signal(pids, signal.SIGSTOP)
    try:
        yield
    finally:
        _signal(pids, signal.SIGCONT)


@asynccontextmanager
async def stopped(ground: Ground, services: tuple[str, ...], moment: Moment, *, name: str) -> AsyncIterator[None]:
    """Stopped as an operator would, and started again."""
    stack = ground.running.stack
    await ground.pid(name)
    moment.at = await ground.moment(services)
    await asyncio.to_thread(stack.halt, name)
    try:
        yield
    finally:
        await asyncio.to_thread(stack.resume, name)


@asynccontextmanager
async def relay_leader(ground: Ground, _: tuple[str, ...], moment: Moment, *, number: int) -> AsyncIterator[None]:
    """The process that sends some service's outbox, stopped while rows are there that it has not deleted yet."""
    service = ground.random.choice(SERVICES)
    moment.services = (service,)
    pids = [await ground.pid(name) for name in SERVICES]
    async with ground.database(service) as database:
        waiting = partial(database.fetchval, "select count(*) from outbox")
        port = await _until(partial(database.fetchval, LEADER, *LOCK), THERE_S)
        leader = await asyncio.to_thread(_process_with, port, pids)
        end = time.monotonic() + MOMENT_S
        while True:
            ground.load.nudge()
            await _until(waiting, 1.0)
            moment.at = time.time()
            _signal([leader], signal.SIGSTOP)
            if (rows := await waiting()) or time.monotonic() > end:
                break
            _signal([leader], signal.SIGCONT)
    moment.detail = f"{service}: {rows} rows in its outbox"
    _signal([leader], number)
    try:
        yield
    finally:
        _signal([leader], signal.SIGCONT)


def _process_with(port: int | None, pids: list[int]) -> int:
    """Whose end of a connection this is. Raises LookupError when it is nobody's."""
    for pid in pids:
        with contextlib.suppress(psutil.Error):
            if any(one.laddr and one.laddr.port == port for one in psutil.Process(pid).net_connections("tcp")):
                return pid
    raise LookupError(f"nobody has port {port}")


async def _until(ask: Callable[[], Awaitable[int | None]], seconds: float) -> int | None:
    """The first answer that is neither nothing nor nought; the last one, when the time is over."""
    end = time.monotonic() + seconds
    while not (answer := await ask()) and time.monotonic() < end:
        await asyncio.sleep(0.001)
    return answer


@asynccontextmanager
async def slow_disk(ground: Ground, services: tuple[str, ...], moment: Moment) -> AsyncIterator[None]:
    """Every write of one service's outbox takes its time."""
    service = ground.random.choice(SERVICES)
    async with ground.database(service) as database:
        await database.execute(SLOW_DISK)
    try:
        moment.at, moment.detail = await ground.moment((service,)), service
        moment.services = (service,)
        yield
    finally:
        async with ground.database(service) as database:
            await database.execute(FAST_AGAIN)


@asynccontextmanager
async def full_budget(ground: Ground, services: tuple[str, ...], moment: Moment) -> AsyncIterator[None]:
    """No Kafka for so long that both doors, which go on accepting at first, refuse: P6 is broken if they never do.

    Whether they refused in time, and not before, is the checker's to say, by what waited at the beginning.
    """
    stack, load, stories = ground.running.stack, ground.load, ground.load.stories
    await ground.well()
    await ground.sent()
    moment.at = await ground.moment(services)
    await asyncio.to_thread(stack.halt, "kafka")
    async with ground.database("intake") as database:
        since, (unsent, unread) = time.time(), await database.fetchrow(WAITS)
    begun = len(ground.recorder.answered)
    pushing: list[asyncio.Task[None]] = []
    try:
        end = time.monotonic() + THERE_S
        while not all(spent := _answers(ground.recorder.answered[begun:])):
            if time.monotonic() > end:
                raise AssertionError(f"the doors do not accept until the budget is spent and then refuse: {spent}")
            organisation = ground.random.choice(ORGANISATIONS)
            some = (stories.trained(organisation, 100), stories.conversation(organisation))
            pushing += [asyncio.create_task(load.tell(story)) for story in some]
            await asyncio.sleep(0.3)
        ground.recorder.spent.append(Spent(since, time.time(), OUTBOX_ROWS, unsent, unread))
        moment.detail = f"{spent[0]} accepted without Kafka; refused: {spent[1]} deliveries, {spent[2]} batches"
        yield
    finally:
        await asyncio.to_thread(stack.resume, "kafka")
        await asyncio.gather(*pushing)


def _answers(answers: list[Answered]) -> tuple[int, int, int]:
    """How many facts the doors accepted, and how often each said 503 with Retry-After and that nothing was stored."""
    accepted = sum(answer.outcome == "ok" and answer.status is not None for answer in answers)
    refused = [answer for answer in answers if (answer.outcome, answer.status, answer.again) == ("fail", 503, True)]
    deliveries = sum(answer.fact.startswith("thread-") for answer in refused)
    return accepted, deliveries, len(refused) - deliveries


@asynccontextmanager
async def duplicates(ground: Ground, services: tuple[str, ...], moment: Moment) -> AsyncIterator[None]:
    """The last facts come again, all at once."""
    end = time.monotonic() + THERE_S
    while not ground.load.recent and time.monotonic() < end:
        await asyncio.sleep(0.05)
    moment.at = await ground.moment(services)
    moment.detail = f"{await ground.load.repeat_recent()} again"
    yield


@asynccontextmanager
async def reordered(ground: Ground, services: tuple[str, ...], moment: Moment) -> AsyncIterator[None]:
    """Answers come before what they answer."""
    moment.at = await ground.moment(services)
    stories = [ground.load.stories.reordered(ground.random.choice(ORGANISATIONS)) for _ in range(BURST)]
    await asyncio.gather(*(ground.load.tell(story) for story in stories))
    moment.detail = f"{len(stories)} conversations"
    yield


@asynccontextmanager
async def poison(ground: Ground, services: tuple[str, ...], moment: Moment) -> AsyncIterator[None]:
    """What nobody can read, over Kafka and at the door."""
    moment.at = await ground.moment(services)
    stories = ground.load.stories
    some = [make(organisation) for make in (stories.poison, stories.misread) for organisation in ORGANISATIONS]
    await asyncio.gather(*(ground.load.tell(story) for story in some))
    moment.detail = f"{len(some)} records and deliveries"
    yield


FAULTS: Mapping[str, Fault] = {
    **{f"kill-{name}": Fault(partial(killed, name=name), (name,)) for name in SERVICES},
    **{f"pause-{name}": Fault(partial(paused, name=name), (name,), lasts=True) for name in SERVICES},
    "kill-relay-leader": Fault(partial(relay_leader, number=signal.SIGKILL)),
    "pause-relay-leader": Fault(partial(relay_leader, number=signal.SIGSTOP), lasts=True),
    "kill-postgres": Fault(partial(killed, name="postgres"), waited_for=True),
    "pause-postgres": Fault(partial(paused, name="postgres"), waited_for=True, lasts=True),
    "immediate-postgres": Fault(partial(killed, name="postgres", number=signal.SIGQUIT), waited_for=True),
    "kill-kafka": Fault(partial(killed, name="kafka"), waited_for=True),
    "pause-kafka": Fault(partial(paused, name="kafka"), waited_for=True, lasts=True),
    "stop-kafka": Fault(partial(stopped, name="kafka"), waited_for=True, lasts=True),
    "duplicates": Fault(duplicates),
    "reordered": Fault(reordered),
    "poison": Fault(poison),
    "slow-disk": Fault(slow_disk, lasts=True),
    "full-budget": Fault(full_budget, waited_for=True, lasts=True),
}
"""By the names that `--faults` takes. SIGQUIT is PostgreSQL's immediate shutdown."""
