"""The consumer: one process's reading of a service's topics. Positions in the database are the truth."""

import asyncio
import contextlib
import random
import time
from collections.abc import Iterable, Sequence

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import GroupAuthorizationFailedError, KafkaError

from shared.bus.applying import Applier, Displaced
from shared.bus.assignment import Assignment
from shared.bus.broker import Broker
from shared.bus.committing import Committer
from shared.bus.errors import BusFault, Transient
from shared.bus.polling import POLL_MS, poll
from shared.bus.positions import Partition
from shared.bus.quiet import limit_client_logs
from shared.bus.reading import Portion, Work, decode_portion, divide
from shared.bus.records import Batch, Handler, Record, Subscription
from shared.bus.refusals import in_words
from shared.bus.tx import Bus
from shared.bus.watchdog import Watchdog
from shared.bus.writing import Writing
from shared.platform.backoff import jitter
from shared.platform.cluster import Cluster, FileUnusable
from shared.platform.collector import calm_collector

__all__ = ["Batch", "Consumer", "Handler", "Record", "Subscription"]

log = structlog.get_logger("bus")

RELEASE_S = 5.0
BEAT_S = 1.0
OBSERVE_S = 5.0
CLOSE_S = 2.0
REFUSED_S = 5.0
"""A refusal is met again and again as long as it lasts: one that is older than this is over."""
EXPELLED_S = (0.5, 1.5)


class Consumer:
    """Reads the subscribed topics of one service; `run` is a part of its process, `ready` a probe of /readyz."""

    def __init__(
        self,
        bus: Bus,
        kafka: Cluster | str,
        subscriptions: Sequence[Subscription],
        *,
        ordinal: int = 0,
        session_timeout_ms: int = 30_000,
        watchdog: Watchdog | None = None,
    ) -> None:
        self.bus = bus
        self.cluster = Cluster.of(kafka)
        self._refused: tuple[str, float] | None = None
        self._expelled = False
        self.member = f"{bus.service}-{ordinal}"
        self.session_timeout_ms = session_timeout_ms
        self.by_topic = {topic: s for s in subscriptions for topic in s.topics}
        self.broker = Broker(self.cluster, f"{bus.group}-{ordinal}-probe")
        self.applier = Applier(bus)
        self.watchdog = watchdog or Watchdog()
        self.writing = Writing()
        self.assignment = Assignment(
            bus, self.broker, self.by_topic, self.applier.bugs, lambda: self.writing.partitions
        )
        self._committer: Committer | None = None
        self._failures: dict[Partition, int] = {}
        if not self.by_topic:
            raise BusFault("a consumer needs a subscription")

    async def run(self, stop: asyncio.Event) -> None:
        """Read until `stop`, then finish the batch in hand and close.

        Nothing is read while a stored position belongs to another log: `ready` names the way out until it is taken.
        """
        limit_client_logs()
        calm_collector()
        self.watchdog.start()
        beating = asyncio.create_task(self._beat())
        observing = asyncio.create_task(self._observe(stop))
        try:
            while not stop.is_set():
                await self._membership(stop, observing)
        finally:
            self.watchdog.stop()
            beating.cancel()
            observing.cancel()
            await self.broker.close()

    async def _membership(self, stop: asyncio.Event, observing: "asyncio.Task[None]") -> None:
        """One client's life: until `stop`, or until it is expelled from its group, as it never finds back by itself."""
        self._expelled = False
        client = await self._started(stop)
        if client is None:
            return
        try:
            await self._read(client, stop, observing)
        finally:
            await self._close(client)
        if self._expelled:
            self.assignment.revoked()
            await _sleep(random.uniform(*EXPELLED_S), stop)

    def _client(self) -> AIOKafkaConsumer:
        return AIOKafkaConsumer(
            **self.cluster.arguments(),
            client_id=self.member,
            group_id=self.bus.group,
            group_instance_id=self.member,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            max_partition_fetch_bytes=1024 * 1024,
            session_timeout_ms=self.session_timeout_ms,
            heartbeat_interval_ms=500,
            metadata_max_age_ms=60_000,
            request_timeout_ms=max(40_000, self.session_timeout_ms + 10_000),
        )

    async def _started(self, stop: asyncio.Event) -> AIOKafkaConsumer | None:
        """A client that is connected: the broker, the topics and the files of our own are waited for as long as it takes.

        None when stopped before.
        """
        attempt = 0
        client: AIOKafkaConsumer | None = None
        try:
            while not stop.is_set():
                attempt += 1
                self.watchdog.progress()
                try:
                    await self.broker.topics(self.by_topic)
                    self.bus.instruments.set("broker_answers", to=1)
                    client = client or self._client()
                    await client.start()
                    client.subscribe(topics=list(self.by_topic), listener=_Listener(self, client))
                    started, client = client, None
                    return started
                except (KafkaError, FileUnusable) as error:
                    log.warning("consumer waits for the broker", error=type(error).__name__, reason=self._said(error))
                    self.watchdog.progress()
                    await _sleep(jitter(attempt), stop)
            return None
        finally:
            if client is not None:
                await self._close(client)

    async def _read(self, client: AIOKafkaConsumer, stop: asyncio.Event, observing: "asyncio.Task[None]") -> None:
        """Poll and decode one batch while those before are written, of other partitions as long as there are any."""
        committer = self._committer = Committer(client, self.bus.instruments)
        ahead = asyncio.create_task(self._poll(client, frozenset()))
        try:
            while not (stop.is_set() or self._expelled):
                portions = await ahead
                await self.assignment.mend(client)
                committer.note(self.assignment.take_placed())
                taken = frozenset(portion.partition for portion in portions)
                ahead = asyncio.create_task(self._poll(client, taken | self.writing.partitions))
                if portions:
                    await self.writing.begin(self._write(client, portions, committer, stop), taken)
                await self.writing.take_faults()
                if observing.done():
                    observing.result()
        finally:
            await asyncio.wait([ahead])
            try:
                await self.writing.settle()
            finally:
                await committer.close()

    async def _poll(self, client: AIOKafkaConsumer, busy: frozenset[Partition]) -> list[Portion]:
        """What is there, decoded, of partitions that are not `busy` first. Never cancelled: aiokafka would lose what it
        had fetched."""
        try:
            polled = await poll(client, self.assignment, busy)
        except KafkaError as error:
            log.warning("poll failed", error=type(error).__name__, reason=self._said(error))
            self._expelled |= isinstance(error, GroupAuthorizationFailedError)
            self.assignment.reposition(client)
            await asyncio.sleep(POLL_MS / 1000)
            return []
        portions = await self.assignment.portions(client, polled)
        for portion in portions:
            decode_portion(portion, self.bus.topics, self.by_topic[portion.partition.topic])
            await asyncio.sleep(0)
        return portions

    async def _write(
        self, client: AIOKafkaConsumer, portions: Sequence[Portion], committer: Committer, stop: asyncio.Event
    ) -> None:
        """Apply what was read, but begin with nothing after `stop`: it is read again by whoever is next."""
        for work in divide(portions, self.by_topic):
            if stop.is_set():
                return
            await self._apply(client, work, committer)

    async def _apply(self, client: AIOKafkaConsumer, work: Work, committer: Committer) -> None:
        """Apply what still follows on the positions; hold or read again what could not be."""
        topic = work.subscription.logical_topic
        self.assignment.read_astray_again(client, work.portions)
        work.portions = [p for p in work.portions if self.assignment.follows(p)]
        if not work.portions:
            return
        partitions = [portion.partition for portion in work.portions]
        failure: Exception | None = None
        try:
            await self.applier.apply(work)
        except (Transient, Displaced) as error:
            failure = error
        reached = {p: self.applier.reached[p] for p in partitions if p in self.applier.reached}
        self.assignment.reached(client, reached)
        committer.note(reached)
        self.writing.got_on()
        if self.writing.stands_for_s() < self.watchdog.patience_s:  # else those that get on would hide it
            self.watchdog.progress()
        stopped = self.applier.take_stopped(partitions)
        for where in stopped:
            log.critical("partition stopped: too many bugs", topic=where.topic, partition=where.partition)
        self.assignment.hold(client, stopped, "bugs")
        self._judge(client, topic, [p for p in partitions if p not in stopped], failure)

    def _judge(
        self, client: AIOKafkaConsumer, topic: str, partitions: list[Partition], failure: Exception | None
    ) -> None:
        """What a failure means for the partitions of the batch. A success ends its partitions' back-off."""
        if failure is None:
            for partition in partitions:
                self._failures.pop(partition, None)
        elif isinstance(failure, Displaced):
            self.assignment.reposition(client, partitions)
        else:
            attempt = 1 + max((self._failures.get(partition, 0) for partition in partitions), default=0)
            self._failures |= dict.fromkeys(partitions, attempt)
            pause = jitter(attempt)
            log.warning("batch waits", topic=topic, reason=str(failure), attempt=attempt, seconds=round(pause, 2))
            self.assignment.hold(client, partitions, "transient", pause)

    async def revoked(self) -> None:
        """Finish the batches in hand, five seconds at the most, and give the partitions up."""
        self.assignment.revoked()
        await self.writing.idle(RELEASE_S)
        if self._committer is not None:
            await self._committer.last()

    async def assigned(self, client: AIOKafkaConsumer, partitions: Iterable[TopicPartition]) -> None:
        """Take partitions over, from their stored positions on."""
        self.watchdog.assigned()
        await self.assignment.assigned(client, [Partition(tp.topic, tp.partition) for tp in partitions])

    async def _beat(self) -> None:
        """Tell the watchdog that the event loop turns, whatever the reading waits for."""
        while True:
            self.watchdog.beat()
            await asyncio.sleep(BEAT_S)

    async def _observe(self, stop: asyncio.Event) -> None:
        """Measure lag at the broker. Lag without progress is what the watchdog acts on."""
        while not stop.is_set():
            await _sleep(OBSERVE_S, stop)
            try:
                if not await self.assignment.observe() or self.refusal is not None:
                    self.watchdog.progress()
                self.bus.instruments.set("broker_answers", to=0 if self.refusal else 1)
            except (KafkaError, OSError, TimeoutError) as error:
                log.info("broker does not answer", error=type(error).__name__)
                self.bus.instruments.set("broker_answers", to=0)
                self.watchdog.progress()

    @property
    def refusal(self) -> str | None:
        """What Kafka refuses us, as long as it does. A new start of the process would mend nothing: what waits is kept."""
        if self._refused is None or time.monotonic() - self._refused[1] > REFUSED_S:
            return None
        return self._refused[0]

    def _said(self, error: KafkaError | FileUnusable) -> str:
        """What an error says, in words where it is a refusal, which is noted."""
        words = in_words(error, self.cluster)
        if words is not None:
            self._refused = words, time.monotonic()
        return words or str(error)[:200]

    async def ready(self) -> str | None:
        """None when the broker answers and this member has joined its group and reads, else what is wrong."""
        if (stale := self.assignment.stale) is not None:
            return str(stale)
        try:
            await self.broker.topics(self.by_topic)
        except (KafkaError, OSError) as error:
            return (
                in_words(error, self.cluster)
                or f"Kafka at {self.cluster} does not answer as it should: {type(error).__name__}"
            )
        if self.refusal is not None:
            return self.refusal
        if not self.assignment.joined:
            return "the consumer has not joined its group yet"
        return None

    async def _close(self, client: AIOKafkaConsumer) -> None:
        closing = asyncio.create_task(client.stop())
        await asyncio.wait([closing], timeout=CLOSE_S)


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc] # aiokafka has no types
    """Tells the consumer what the group's coordinator decided."""

    def __init__(self, consumer: Consumer, client: AIOKafkaConsumer) -> None:
        self._consumer = consumer
        self._client = client

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Before every rebalance."""
        await self._consumer.revoked()

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """After it."""
        await self._consumer.assigned(self._client, assigned)


async def _sleep(seconds: float, stop: asyncio.Event) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
