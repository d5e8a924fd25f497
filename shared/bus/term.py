"""One term of the relay's leader: what it read is loaded, sent and deleted side by side, until it stops or a part fails."""

import asyncio
import math
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NoReturn

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    KafkaError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    TopicAuthorizationFailedError,
)

from shared.bus.desk import Desk
from shared.bus.hand import Flight, Hand, Lane, Load, Row
from shared.bus.outbox import unpack
from shared.bus.refusals import in_words
from shared.bus.stories import sent

if TYPE_CHECKING:
    from shared.bus.relay import Relay

__all__ = ["READ_BYTES", "READ_ROWS", "Refused", "Restart", "Term", "has_room"]

log = structlog.get_logger("relay")

READ_ROWS = 2_000
READ_BYTES = 16 * 1024 * 1024
POLL_S = (0.02, 0.25)
DRAIN_S = 3.0
ASK_AGAIN_S = 5.0
BEAT_S = 5.0
"""A leader with nothing to read says that it lives: well within the session's idle timeout."""

TOO_LARGE = (MessageSizeTooLargeError, RecordListTooLargeError)
NOT_OURS = (TopicAuthorizationFailedError,)


class Restart(Exception):
    """The producer cannot be trusted any more; everything is read and sent again by a new one."""


class Refused(Restart):
    """A topic took no batch of this size, or none of ours. That is dealt with: only the producer's numbering is lost."""


class Term:
    """A connection that holds the lock, a producer, and what is in hand: a failure of one ends all three.

    What keeps delivery whole and in order, though a statement is out while batches are loaded and on their way:

    - Only `run` changes what is in hand, and by a statement only when it heeds that. So the rows in hand are the same while
      a read is out: what the read brings is not in hand, and is taken once.
    - A row is in hand until its delete is answered. So no read brings back what was sent, though deletes come later.
    - Deletes follow acknowledgements, and those the order of a lane. So of a key what is left to the next leader is what
      came last, with no gap before it; that it was sent already makes it a repeat, and never a change of order.
    - A statement that fails ends the term as soon as it is heeded. Until then batches may leave, as from a leader that is
      slow: a lane's rows leave in order and without a gap, and whoever leads next sends all that is not deleted, from the
      first on. So one that comes late is a repeat, and overtakes nothing.
    - After `stop` nothing is read and nothing leaves that had not left. A read that is out then is waited for only where
      something that has arrived is to be deleted: by the same connection, which answers within its ten seconds or is given up.
    """

    def __init__(self, relay: "Relay", connection: Any, producer: AIOKafkaProducer, stop: asyncio.Event) -> None:
        self.relay = relay
        self.bus = relay.bus
        self.producer = producer
        self.stop = stop
        self.hand = Hand()
        self.desk = Desk(connection)
        self.pace = Pace()
        self._asking: dict[str, asyncio.Task[int]] = {}
        """Topics of which we do not know how many partitions they have. What is to go to them stays where it is."""

    async def run(self) -> None:
        """Send until `stop`; then wait for what is in flight, at the most three seconds, and delete it. Raises Restart."""
        for topic in self.relay.barred:
            self._ask_for(topic, after_s=ASK_AGAIN_S)
        self.relay.barred.clear()
        try:
            while not self.stop.is_set() or self.hand.flights or self.hand.arrived:
                await self._turn()
        except (Restart, KafkaError):
            await self.desk.rest()
            if ids := [row.id for row in self.hand.arrived]:
                await self.relay.delete(self.desk.connection, ids)
                self.deleted(ids)
            raise
        finally:
            for task in self._asking.values():
                task.cancel()
            await self.desk.close()

    async def _turn(self) -> None:
        """Set PostgreSQL and the broker to work first, then load one lane: a millisecond, and the process has its turn."""
        self._open_lanes()
        self._begin_statement()
        await self.send()
        if (lane := self._loadable()) is None:
            await self._wait()
        else:
            await asyncio.sleep(0)
            self._load(lane)
        self.desk.heed()
        await self._settle(self.hand.landed())
        self._check_deadline()

    def _open_lanes(self) -> None:
        """For topics that have become known: their rows are to be read now."""
        for topic in [topic for topic, task in self._asking.items() if task.done()]:
            self.hand.open(topic, self._asking.pop(topic).result())
            self.pace.hurry()

    def _ask_for(self, topic: str, *, after_s: float = 0.0) -> None:
        self._asking[topic] = asyncio.create_task(_count_partitions(self.producer, topic, after_s))

    async def send(self) -> None:
        """Send one batch to each lane that has rows and nothing in flight: once all are loaded, so that they go as one request."""
        free = [lane for lane in self.hand if lane.free]
        if self.stop.is_set() or any(lane.loadable for lane in free):
            return
        for lane in free:
            load, lane.load = lane.load, None
            assert load is not None
            load.batch.close()
            acknowledged = await self.producer.send_batch(load.batch, lane.topic, partition=lane.partition)
            lane.flight = Flight(load.rows, acknowledged, time.monotonic())

    def _loadable(self) -> Lane | None:
        """The lane to load next: one that has nothing in flight before the others."""
        lanes = [] if self.stop.is_set() else [lane for lane in self.hand if lane.loadable]
        return next((lane for lane in lanes if lane.free), lanes[0] if lanes else None)

    def _load(self, lane: Lane) -> None:
        """Move what waits into the lane's next batch, until that is full."""
        load = lane.load = lane.load or Load(self.producer.create_batch())
        alone, rows, waiting = self.relay.alone, load.rows, lane.waiting
        append, now = load.batch.append, int(time.time() * 1000)
        while waiting:
            row = waiting[0]
            if alone and rows and not alone.isdisjoint((row.id, rows[0].id)):
                load.batch.close()
                return
            if append(timestamp=now, key=row.key, value=row.body, headers=unpack(row.headers)) is None:
                return
            rows.append(waiting.popleft())

    def _begin_statement(self) -> None:
        """Put the next statement out, if none is. Deletes go before reads, so that a crash has little sent again."""
        if self.desk.out is not None:
            return
        connection = self.desk.connection
        if self.hand.arrived:
            ids = [row.id for row in self.hand.arrived]
            self.desk.begin(self.relay.delete(connection, ids), lambda _: self.deleted(ids))
        elif self._readable() and (self.pace.due or self.bus.wake.is_set()):
            self.bus.wake.clear()
            self.pace.begin()
            self.desk.begin(self.relay.read(connection, self.hand.runs, list(self._asking)), self._take)
        elif self.desk.quiet_s > BEAT_S:
            self.desk.begin(self.relay.beat(connection))

    def _readable(self) -> bool:
        return has_room(self.hand) and not self.stop.is_set()

    def _take(self, rows: Sequence[Row]) -> None:
        """Rows into their lanes; those of a topic whose partitions are not known yet are read again when they are."""
        before = len(self.hand.ids)
        for topic in self.hand.take(rows) - self._asking.keys():
            self._ask_for(topic)
        self.pace.end(len(self.hand.ids) - before)

    def deleted(self, ids: Sequence[int]) -> None:
        """The first that had arrived are gone from the outbox, and so from the hand."""
        self.hand.drop(len(ids))
        self.relay.alone.difference_update(ids)

    async def _settle(self, landed: Sequence[Lane]) -> None:
        """Free the lanes of acknowledged flights. Raises Restart for one that failed."""
        lost: list[tuple[Lane, Flight, BaseException]] = []
        for lane in landed:
            flight = lane.flight
            assert flight is not None
            if (error := flight.acknowledged.exception()) is not None:
                lost.append((lane, flight, error))
                continue
            self.hand.arrive(lane, flight)
            self.bus.instruments.add("relay_sent", lane.topic, by=len(flight.rows))
            self.bus.instruments.observe("relay_seconds", value=max(0.0, time.time() - flight.rows[0].at))
            if self.bus.tracer.on:
                sent(self.bus.tracer, self.bus.service, flight.rows, time.time())
        if lost:
            await self._give_up(lost)

    async def _give_up(self, lost: Sequence[tuple[Lane, Flight, BaseException]]) -> NoReturn:
        """Deal with what stands in the way of batches that were not taken, and raise Restart or Refused."""
        for lane, flight, error in lost:
            if isinstance(error, TOO_LARGE):
                await self.desk.rest()
                await self.relay.refuse(self.desk.connection, flight.rows, type(error).__name__)
                raise Refused(f"{lane.topic} takes no batch of this size") from error
        if barred := {lane.topic: error for lane, _, error in lost if isinstance(error, NOT_OURS)}:
            self.relay.barred.update(barred)
            for topic, error in barred.items():
                log.error("topic may not be written", topic=topic, reason=in_words(error, self.relay.cluster))
            raise Refused("a topic takes nothing of ours") from error
        lane, _, error = lost[0]
        raise Restart(f"{lane.topic} partition {lane.partition} refused a batch") from error

    async def _wait(self) -> None:
        """Until a statement is answered, a flight lands, a topic becomes known, rows are committed or a read is due."""
        flights = [flight.acknowledged for flight in self.hand.flights]
        events: list[asyncio.Future[Any]] = [*flights, *self._asking.values()]
        wake, limit_s = None, POLL_S[1]
        if self.desk.out is not None:
            events.append(self.desk.out)
        elif self._readable():
            wake, limit_s = asyncio.create_task(self.bus.wake.wait()), self.pace.left_s
            events.append(wake)
        try:
            if events:
                await asyncio.wait(events, timeout=limit_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if wake is not None:
                wake.cancel()

    def _check_deadline(self) -> None:
        limit_s = DRAIN_S if self.stop.is_set() else self.relay.deadline_s
        if any(time.monotonic() - flight.since > limit_s for flight in self.hand.flights):
            raise Restart(f"a batch was not acknowledged in {limit_s:g} s")


class Pace:
    """When to read next: at once after a read that brought much, else after a pause that grows while there is nothing."""

    def __init__(self) -> None:
        self._pause_s = POLL_S[0]
        self._at = 0.0

    def begin(self) -> None:
        """A read goes out."""
        self._at = math.inf

    def end(self, rows: int) -> None:
        """It brought so many rows for us. Who made haste since it went out has not been answered by it."""
        self._pause_s = POLL_S[0] if rows else min(POLL_S[1], self._pause_s * 2)
        self._at = min(self._at, time.monotonic() + (0.0 if rows >= READ_ROWS // 2 else self._pause_s))

    def hurry(self) -> None:
        """There is something to read."""
        self._at = 0.0

    @property
    def left_s(self) -> float:
        """Seconds until the next read."""
        return max(0.0, self._at - time.monotonic())

    @property
    def due(self) -> bool:
        """Whether it is time."""
        return not self.left_s


async def _count_partitions(producer: AIOKafkaProducer, topic: str, after_s: float) -> int:
    """How many partitions a topic has. A missing one is asked for again and again; other topics go on."""
    await asyncio.sleep(after_s)
    while True:
        try:
            return len(await producer.partitions_for(topic))
        except KafkaError as error:
            log.error("topic cannot be written", topic=topic, error=type(error).__name__)
            await asyncio.sleep(ASK_AGAIN_S)


def has_room(hand: Hand) -> bool:
    """Whether another read may join what is in hand: of bytes it holds two reads and what the last one is over.

    Of rows it holds one more: some are on their way, some are loaded, and some are still to be deleted.
    """
    return len(hand.ids) < 3 * READ_ROWS and hand.size < 2 * READ_BYTES
