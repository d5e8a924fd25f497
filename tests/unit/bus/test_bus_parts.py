"""The pieces of the bus that need no server."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

import pytest
from aiokafka.errors import KafkaConnectionError
from prometheus_client import CollectorRegistry, generate_latest

from shared.bus.applying import Applier
from shared.bus.bugs import Bugs
from shared.bus.deadletters import DeadLetter
from shared.bus.errors import StalePosition, Transient
from shared.bus.faults import transient
from shared.bus.metrics import BUS, BUS_PREFIX, Instruments
from shared.bus.outbox import Headers, pack, unpack
from shared.bus.positions import Log, Partition, Position, Progress, check
from shared.bus.quiet import limit_client_logs
from shared.bus.reading import Portion, Work
from shared.bus.records import Subscription
from shared.bus.topics import READERS, SHARED, Topics
from shared.bus.tx import Bus
from shared.bus.watchdog import Watchdog
from shared.platform.backoff import jitter
from shared.platform.clock import Clock

TOPICS = Topics(frozenset({"westward", "wheatley"}))
P = Partition("t", 0)
ID, OTHER_ID = UUID(int=1), UUID(int=2)


@pytest.mark.parametrize(
    ("topic", "meaning"),
    [
        ("houserules.messages", ("messages", None)),
        ("houserules.in.westward.people", ("people", "westward")),
        ("houserules.in.wheatley.images", ("images", "wheatley")),
    ],
)
def test_a_topic_says_what_it_carries_and_whose_it_is(topic: str, meaning: tuple[str, str | None]) -> None:
    assert TOPICS.logical(topic) == meaning


@pytest.mark.parametrize(
    "topic", ["houserules.gossip", "other.messages", "houserules.in.westward.sla", "houserules.in.a.b.people"]
)
def test_other_topics_are_not_ours(topic: str) -> None:
    with pytest.raises(ValueError, match="not a topic"):
        TOPICS.logical(topic)


def test_every_topic_has_its_settings_and_every_reader_a_dead_letter_topic() -> None:
    specs = {spec.name: spec for spec in TOPICS.specs()}
    live = [
        *(TOPICS.shared(name) for name in SHARED),
        *(TOPICS.inbound(o, n) for o in TOPICS.organisations for n in ("people", "images")),
    ]
    readers = sum(len(READERS[TOPICS.logical(name)[0]]) for name in live)
    assert len(specs) == len(live) + readers
    assert dict(specs["houserules.messages"].config) == {
        "cleanup.policy": "delete", "retention.ms": "604800000", "max.message.bytes": "4194304"}  # fmt: skip
    dead = specs["houserules.in.westward.people.houserules-consent.dlt"]
    assert (dead.partitions, dead.config["retention.ms"], dead.config["max.message.bytes"]) == (
        6,
        "2592000000",
        "5242880",
    )


@dataclass
class AsRead:
    """A record as it was read."""

    offset: int
    topic: str = "t"
    partition: int = 0
    timestamp: int = 0
    key: bytes | None = None
    value: bytes | None = None
    headers: Headers = ()


def _portion(start: int, end: int, *offsets: int) -> Portion:
    return Portion(P, start, end, [AsRead(o) for o in offsets], [None for _ in offsets])


@pytest.mark.parametrize(
    ("stored", "left"),
    [
        (3, (5, 12, [5, 7, 11])),
        (5, (5, 12, [5, 7, 11])),
        (6, (6, 12, [7, 11])),
        (11, (11, 12, [11])),
        (12, (12, 12, [])),
        (40, (40, 40, [])),
    ],
)
def test_what_is_applied_already_is_left_out(stored: int, left: tuple[int, int, list[int]]) -> None:
    rest = _portion(5, 12, 5, 7, 11).behind(stored)
    assert (rest.start, rest.end, [raw.offset for raw in rest.raws]) == left
    assert len(rest.entries) == len(rest.raws)


def test_single_records_cover_the_whole_portion_with_its_holes() -> None:
    portion = _portion(4, 14, 5, 7, 11)
    singles = [portion.single(n) for n in range(3)]
    assert [(s.start, s.end) for s in singles] == [(4, 6), (6, 8), (8, 14)]


@pytest.mark.parametrize(
    ("good_between", "bugs", "stops"),
    [(0, 19, False), (0, 20, True), (49, 20, True), (99, 30, False)],
    ids=["19 are too few", "20 in a row", "20 in the last 1000", "one in a hundred is not over 1 %"],
)
def test_too_many_bugs(good_between: int, bugs: int, stops: bool) -> None:
    count = Bugs()
    verdicts = []
    for _ in range(bugs):
        count.count(good_between)
        verdicts.append(count.fail())
    assert verdicts[-1] is stops
    assert not any(verdicts[:-1])


def test_a_stopped_partition_that_is_taken_over_stops_at_its_next_bug() -> None:
    assert Bugs.of(5_000, range(4_000, 4_020)).fail()
    assert not Bugs.of(5_000, range(3_900, 3_920)).fail()


class Failing(Applier):
    """Every record of every partition is a bug, but the last partition needs what is away."""

    async def _transaction(self, work: Work, verdict: DeadLetter | None = None) -> None:
        (portion, *more) = work.portions
        if portion.partition.partition == 5 and not more:
            raise Transient("away")
        if verdict is None:
            raise ZeroDivisionError
        self._committed(work, {portion.partition: Progress(portion.end, dead=1)}, [], 0.0)


def test_every_partition_with_too_many_bugs_stops_whatever_comes_after() -> None:
    async def handle(batch: object, tx: object) -> None:
        raise AssertionError

    bus = Bus("s", cast(Any, None), Clock(), TOPICS)
    applier = Failing(bus)
    portions = [Portion(Partition("t", n), 0, 83, [AsRead(o) for o in range(83)], [None] * 83) for n in range(6)]
    with pytest.raises(Transient):
        asyncio.run(applier.apply(Work(Subscription("messages", ("t",), handle, frozenset()), portions)))
    five = {Partition("t", n) for n in range(5)}
    assert applier.take_stopped({Partition("t", 5)}) == set()
    assert applier.take_stopped(five) == five
    assert {p.partition: offset for p, offset in applier.reached.items()} == dict.fromkeys(range(5), 20)
    assert applier.take_stopped(five) == set()


def test_headers_are_kept_as_they_are() -> None:
    headers = [("a", b"\xff\x00"), ("a", None), ("ce_id", b"1")]
    assert unpack(pack(headers)) == headers


@pytest.mark.parametrize(
    ("position", "log", "complaint"),
    [
        (Position(ID, 10), Log(ID, 0, 10), None),
        (Position(ID, 10), Log(ID, 20, 30), None),
        (Position(None, 10), Log(ID, 0, 10), None),
        (Position(ID, 11), Log(ID, 0, 10), "ends at 10, before the stored position 11"),
        (Position(ID, 5), Log(OTHER_ID, 0, 10), "made anew"),
    ],
    ids=["at the end", "lost records are not this check's", "no id stored", "beyond the end", "another log"],
)
def test_a_stored_position_belongs_to_its_log(position: Position, log: Log, complaint: str | None) -> None:
    if complaint is None:
        check("sla", P, position, log)
        return
    with pytest.raises(StalePosition, match=f"{complaint}.*`houserules positions reset sla t`"):
        check("sla", P, position, log)


def test_jitter_is_full_and_bounded() -> None:
    assert all(0 <= jitter(1) <= 0.2 for _ in range(100))
    assert max(jitter(50) for _ in range(2000)) <= 30
    assert max(jitter(50) for _ in range(2000)) > 20
    assert 0 <= jitter(100_000) <= 30


@pytest.mark.parametrize(
    ("error", "expected"),
    [(Transient(), True), (KafkaConnectionError(), True), (ConnectionResetError(), True), (ValueError(), False)],
)
def test_what_is_transient(error: Exception, expected: bool) -> None:
    assert transient(error) is expected


def _fault_of(prepare: Callable[[Watchdog], None], after_s: float) -> str | None:
    watchdog = Watchdog(patience_s=60, most=20)
    prepare(watchdog)
    return watchdog.fault(watchdog._beat + after_s)


def test_the_watchdog_sees_a_blocked_loop_lag_without_progress_and_fights_over_an_ordinal() -> None:
    assert _fault_of(lambda w: None, 59) is None
    assert "blocked" in (_fault_of(lambda w: None, 61) or "")

    def stuck(watchdog: Watchdog) -> None:
        watchdog._progress -= 30

    assert "no progress" in (_fault_of(stuck, 31) or "")

    def fight(watchdog: Watchdog) -> None:
        for _ in range(21):
            watchdog.assigned()

    assert "ordinal" in (_fault_of(fight, 1) or "")


def test_client_logs_are_limited(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("aiokafka.a-test")
    limit_client_logs()
    with caplog.at_level(logging.ERROR, logger.name):
        for n in range(60):
            logger.error("connection %s failed", n)
    assert [record.getMessage() for record in caplog.records] == ["connection 0 failed"]


def test_metrics_are_declared_once_and_exposed() -> None:
    registry = CollectorRegistry()
    instruments = Instruments(BUS, registry, BUS_PREFIX)
    instruments.add("records", "messages", "applied", by=5)
    instruments.set("lag_records", "houserules.messages", "0", to=3)
    text = generate_latest(registry).decode()
    assert 'houserules_bus_records_total{outcome="applied",topic="messages"} 5.0' in text
    assert 'houserules_bus_lag_records{partition="0",topic="houserules.messages"} 3.0' in text
    instruments.forget("lag_records", "houserules.messages", "0")
    assert "houserules_bus_lag_records{" not in generate_latest(registry).decode()
    assert len({metric.name for metric in BUS}) == len(BUS)
    with pytest.raises(KeyError):
        instruments.add("misspelt")
