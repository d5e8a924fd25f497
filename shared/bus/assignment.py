"""The partitions that this process reads: where each stands, which are held and why."""

import asyncio
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError

from shared.bus import deadletters, positions
from shared.bus.broker import Broker
from shared.bus.bugs import WINDOW, Bugs
from shared.bus.deadletters import Raw
from shared.bus.errors import StalePosition
from shared.bus.faults import transient
from shared.bus.metrics import HELD
from shared.bus.positions import Log, Partition, Position
from shared.bus.reading import Portion
from shared.bus.track import Track
from shared.bus.tx import Bus
from shared.platform.backoff import jitter

__all__ = ["Assignment"]

log = structlog.get_logger("bus")

LOOK_S = 1.0
STALE_S = 5.0
"""How often a consumer that refuses to read asks whether somebody has mended the positions."""

POSITION_S = 0.05
STANDS = ("lag_records", "next_offset", "applied_until_timestamp_seconds")
GAUGES = (*STANDS, "held")
"""What is measured of a partition as long as it is read here."""


class Assignment:
    """Partitions assigned to this member. One that is not positioned yet, or held, is paused in the client."""

    def __init__(
        self,
        bus: Bus,
        broker: Broker,
        topics: Iterable[str],
        bugs: dict[Partition, Bugs],
        in_hand: Callable[[], Collection[Partition]] = frozenset,
    ) -> None:
        """`in_hand`: what is being written, and moves the positions of these when it is done."""
        self.bus = bus
        self.in_hand = in_hand
        self.bugs = bugs
        self.broker = broker
        self.topics = frozenset(topics)
        self.tracks: dict[Partition, Track] = {}
        self.unplaced: set[Partition] = set()
        self.placed: dict[Partition, int] = {}
        """Where partitions stand that were positioned since `take_placed`."""
        self.joined = False
        self.stale: StalePosition | None = None
        """Why nothing is read, as long as a stored position belongs to another log."""
        self._fault: Exception | None = None
        self._stopped: dict[Partition, str] = {}
        self._topic_ids: dict[str, UUID | None] = {}
        self._placing = asyncio.Lock()
        self._generation = 0
        self._attempts = 0
        self._again_at = 0.0
        self._looked_at = 0.0

    async def assigned(self, client: Any, partitions: Iterable[Partition]) -> None:
        """Position what the group's coordinator gave us; what cannot be positioned now is left to `mend`."""
        self._generation += 1
        self.tracks.clear()
        self.unplaced = set(partitions)
        client.pause(*(TopicPartition(*p) for p in self.unplaced))
        self.bus.instruments.add("rebalances")
        self.bus.instruments.set("assigned", to=len(self.unplaced))
        await self._try_to_place(client)
        self.joined = True

    def revoked(self) -> None:
        """Everything is taken away: what comes in from now on is dropped."""
        self._generation += 1
        for gauge in GAUGES:
            self.bus.instruments.replace(gauge, {})
        self.bus.instruments.set("assigned", to=0)
        self.tracks.clear()
        self.unplaced.clear()
        self.placed.clear()
        self.joined = False

    def take_placed(self) -> dict[Partition, int]:
        """The partitions that were positioned, each told once.

        Whoever had one before may have died between its last commit in the database and the one in Kafka.
        """
        placed, self.placed = self.placed, {}
        return placed

    async def mend(self, client: Any) -> None:
        """Let go what was held long enough, position what is not. Raises what was a fault of ours in positioning."""
        now = time.monotonic()
        if self.stale is not None:
            self.reposition(client)
            for partition in self.unplaced:
                self.bus.instruments.set("held", partition.topic, str(partition.partition), "stale", to=1)
        for partition, track in self.tracks.items():
            if track.until is not None and now >= track.until:
                self._release(client, partition, track)
        if self.unplaced and now >= self._again_at:
            await self._try_to_place(client)
        if self._fault is not None:
            raise self._fault

    def _refuse(self, stale: StalePosition) -> None:
        """Read nothing until the positions are mended; say so when it begins, or changes."""
        self._again_at = time.monotonic() + STALE_S
        if str(stale) != str(self.stale):
            log.critical("reading stops", error=type(stale).__name__, reason=str(stale))
        self.stale = stale

    async def _try_to_place(self, client: Any) -> None:
        async with self._placing:
            try:
                await self._place(client)
                self._attempts = 0
            except StalePosition as stale:
                self._refuse(stale)
            except Exception as error:  # noqa: BLE001 aiokafka swallows what a listener raises; the reading loop must not
                if not transient(error):
                    self._fault = error
                    return
                self._attempts += 1
                self._again_at = time.monotonic() + jitter(self._attempts)
                log.warning("positions wait", error=type(error).__name__, attempt=self._attempts)

    async def _place(self, client: Any) -> None:
        generation, wanted = self._generation, sorted(self.unplaced.difference(self.in_hand()))
        if not wanted:
            return
        logs = await self.broker.logs(wanted)
        async with self.bus.transaction() as tx:
            stored = await positions.load(tx, wanted)
            if missing := {p: logs[p] for p in wanted if p not in stored}:
                await positions.create(tx, missing)
                stored = await positions.load(tx, wanted)
            failed = await deadletters.recent_bugs(tx, self.bus.group, stored, WINDOW)
        logs = await self._checked(stored, logs)
        if generation != self._generation:
            return
        self.stale = None
        for partition in wanted:
            self.bugs[partition] = Bugs.of(stored[partition].next_offset, failed.get(partition, ()))
            self._begin(client, partition, stored[partition], logs[partition])

    async def _checked(self, stored: Mapping[Partition, Position], logs: dict[Partition, Log]) -> dict[Partition, Log]:
        """The logs that the positions belong to. Raises StalePosition.

        Records may have come, and have been applied by another member, between the broker's answer and the database's:
        only what a second answer confirms is a contradiction.
        """
        try:
            self._check(stored, logs)
        except StalePosition:
            logs = await self.broker.logs(logs)
            self._check(stored, logs)
        return logs

    def _check(self, stored: Mapping[Partition, Position], logs: Mapping[Partition, Log]) -> None:
        """Raises one StalePosition for all: whoever mends them is told of every topic at once."""
        stale: dict[str, str] = {}
        for partition, log_ in logs.items():
            try:
                positions.check(self.bus.service, partition, stored[partition], log_)
            except StalePosition as one:
                stale.setdefault(partition.topic, str(one))
        if stale:
            raise StalePosition("; ".join(stale.values()))

    def _begin(self, client: Any, partition: Partition, position: Position, log_: Log) -> None:
        offset = position.next_offset
        track = self.tracks[partition] = Track(log_.topic_id, offset, offset, since=position.moved_at)
        self._topic_ids[partition.topic] = log_.topic_id
        self.unplaced.discard(partition)
        self.placed[partition] = offset
        self._forget(partition)
        if log_.start > offset:
            self._lost(client, partition, log_.start)
        elif partition in self._stopped:
            self.hold(client, [partition], self._stopped[partition])
        else:
            self._release(client, partition, track)

    def _lost(self, client: Any, partition: Partition, start: int) -> None:
        offset = self.tracks[partition].applied
        log.critical("records are lost: the log begins behind the stored position", topic=partition.topic,
                     partition=partition.partition, offset=offset, count=start - offset)  # fmt: skip
        self.hold(client, [partition], "lost")

    def _release(self, client: Any, partition: Partition, track: Track) -> None:
        """Read on. What is only tried again counts as held until it succeeds."""
        if track.held not in (None, "transient"):
            self.bus.instruments.forget("held", partition.topic, str(partition.partition), track.held)
        track.held = track.until = None
        self._seek(client, partition, track.polled)
        try:
            client.resume(TopicPartition(*partition))
        except IllegalStateError:
            self.tracks.pop(partition, None)

    def hold(self, client: Any, partitions: Iterable[Partition], reason: str, pause_s: float | None = None) -> None:
        """Read no further than what is applied, for `pause_s` or for good; what was read ahead is dropped."""
        for partition in partitions:
            if pause_s is not None and partition in self._stopped:
                continue  # for good
            if pause_s is None:
                self._stopped[partition] = reason
                self.bus.instruments.forget("held", partition.topic, str(partition.partition), "transient")
            track = self.tracks.get(partition)
            if track is None:
                continue
            track.polled = track.applied
            track.held, track.until = reason, None if pause_s is None else time.monotonic() + pause_s
            self.bus.instruments.set("held", partition.topic, str(partition.partition), reason, to=1)
            try:
                client.pause(TopicPartition(*partition))
            except IllegalStateError:
                self.tracks.pop(partition, None)

    def readable(self) -> list[Partition]:
        """Partitions that are read now."""
        return [partition for partition, track in self.tracks.items() if track.held is None]

    def rewind(self, client: Any) -> None:
        """Fetch again what the client took and did not give us."""
        for partition in self.readable():
            self._seek(client, partition, self.tracks[partition].polled)

    def unreadable(self, client: Any, partition: Partition, after: int | None, error: Exception) -> None:
        """A record cannot be read: what was read before it (up to `after`) is applied first, then nothing more is."""
        track = self.tracks.get(partition)
        if track is None:
            return
        if after is not None or track.applied < track.polled:
            self._seek(client, partition, track.polled if after is None else after)
            return
        log.critical("a record cannot be read: the partition is held", topic=partition.topic,
                     partition=partition.partition, offset=track.applied, error=type(error).__name__)  # fmt: skip
        self.hold(client, [partition], "unreadable")

    def reposition(self, client: Any, partitions: Iterable[Partition] | None = None) -> None:
        """Ask the database again where these partitions stand (None: all)."""
        for partition in list(self.tracks) if partitions is None else partitions:
            if self.tracks.pop(partition, None) is not None:
                self._forget(partition)
                self.unplaced.add(partition)
                try:
                    client.pause(TopicPartition(*partition))
                except IllegalStateError:
                    self.unplaced.discard(partition)

    def _forget(self, partition: Partition) -> None:
        place = partition.topic, str(partition.partition)
        for gauge in STANDS:
            self.bus.instruments.forget(gauge, *place)
        for reason in HELD:
            self.bus.instruments.forget("held", *place, reason)

    def follows(self, portion: Portion) -> bool:
        """Whether a portion begins where its partition stands; else one before it failed, or it is not ours any more."""
        track = self.tracks.get(portion.partition)
        return track is not None and track.held is None and track.applied == portion.start

    def read_astray_again(self, client: Any, portions: Iterable[Portion]) -> None:
        """Ask the database where those stand that are read elsewhere than they are applied, and neither held nor given up."""
        read = {portion.partition: portion.start for portion in portions}
        tracks = {partition: self.tracks.get(partition) for partition in read}
        astray = [p for p, track in tracks.items() if track and track.held is None and track.applied != read[p]]
        for partition in astray:
            log.info("read again from the stored position", topic=partition.topic, partition=partition.partition)
        self.reposition(client, astray)

    def reached(self, client: Any, offsets: Mapping[Partition, int]) -> None:
        """The database is at these offsets: where somebody else was ahead of us, we go on from there."""
        for partition, offset in offsets.items():
            track = self.tracks.get(partition)
            if track is not None:
                if offset > track.applied:
                    self.bus.instruments.set("next_offset", partition.topic, str(partition.partition), to=offset)
                    self.bus.instruments.forget("held", partition.topic, str(partition.partition), "transient")
                    track.moved(offset)
                if offset > track.polled:
                    track.polled = offset
                    self._seek(client, partition, offset)

    def _seek(self, client: Any, partition: Partition, offset: int) -> None:
        try:
            client.seek(TopicPartition(*partition), offset)
        except IllegalStateError:
            self.tracks.pop(partition, None)

    async def portions(self, client: Any, polled: Mapping[Any, Sequence[Raw]]) -> list[Portion]:
        """What a poll brought, as stretches that follow on each other; a hole at a start is looked into."""
        found = []
        for tp, raws in polled.items():
            portion = await self._portion(client, Partition(tp.topic, tp.partition), raws)
            if portion is not None:
                found.append(portion)
        if not polled and time.monotonic() - self._looked_at > LOOK_S:
            self._looked_at = time.monotonic()
            for partition in list(self.tracks):
                portion = await self._portion(client, partition, ())
                if portion is not None:
                    found.append(portion)
        return found

    async def _portion(self, client: Any, partition: Partition, raws: Sequence[Raw]) -> Portion | None:
        track = self.tracks.get(partition)
        if track is None or track.held is not None:
            return None
        try:
            async with asyncio.timeout(POSITION_S):
                end: int = await client.position(TopicPartition(*partition))
        except (IllegalStateError, TimeoutError):
            return None
        first = raws[0].offset if raws else end
        if first < track.polled:
            self.reposition(client, [partition])
            return None
        if first > track.polled and not await self._only_control_records(client, partition, track):
            return None
        if end == track.polled or track.held is not None or self.tracks.get(partition) is not track:
            return None
        start, track.polled = track.polled, end
        track.took(start, raws)
        return Portion(partition, start, end, raws)

    async def _only_control_records(self, client: Any, partition: Partition, track: Track) -> bool:
        """Whether a hole before the next record is inside the log, and not what retention took away before we came."""
        try:
            log_ = (await self.broker.logs([partition]))[partition]
        except (KafkaError, OSError):
            self.reposition(client, [partition])
            return False
        if log_.start > track.polled or log_.topic_id != track.topic_id:
            self.reposition(client, [partition])
            return False
        return True

    async def observe(self) -> bool:
        """Measure lag at the broker; whether there is any that should have been read. Notices a topic made anew."""
        tracks, asked_at = dict(self.tracks), time.time()
        topics = await self.broker.topics(self.topics)
        ends = await self.broker.ends(tracks)
        for topic, known in self._topic_ids.items():
            try:
                log_ = Log(topics[topic][0], 0, 0)
                positions.check(self.bus.service, Partition(topic, 0), Position(known, 0), log_)
            except StalePosition as error:
                self._refuse(error)
        lagging = not self.joined and self.stale is None
        for partition, track in tracks.items():
            if self.tracks.get(partition) is not track:
                continue
            lag = max(0, ends[partition] - track.applied)
            place, until = (partition.topic, str(partition.partition)), track.applied_until(ends[partition], asked_at)
            self.bus.instruments.set("lag_records", *place, to=lag)
            self.bus.instruments.set("next_offset", *place, to=track.applied)
            self.bus.instruments.set("applied_until_timestamp_seconds", *place, to=until)
            lagging = lagging or (lag > 0 and track.held is None)
        return lagging
