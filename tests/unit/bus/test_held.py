"""What is measured of a partition ends when it is read here no longer."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiokafka import TopicPartition
from prometheus_client import CollectorRegistry

from shared.bus.assignment import STANDS, Assignment
from shared.bus.broker import Broker
from shared.bus.metrics import BUS, BUS_PREFIX, HELD, Instruments
from shared.bus.positions import Partition
from shared.bus.reading import Portion
from shared.bus.track import Track
from shared.bus.tx import Bus

P, Q = Partition("houserules.messages", 0), Partition("houserules.messages", 1)


@dataclass(slots=True)
class Client:
    """As much of aiokafka's as is asked for here."""

    paused: set[TopicPartition] = field(default_factory=set)

    def pause(self, *partitions: TopicPartition) -> None:
        self.paused.update(partitions)


@dataclass(slots=True)
class Desk:
    """An assignment of two partitions, and what is exposed of them."""

    assignment: Assignment
    client: Client
    registry: CollectorRegistry

    def exposed(self, partition: Partition) -> set[str]:
        """The reasons and gauges that have a series of this partition."""
        found = {
            sample.labels.get("reason", sample.name.removeprefix(BUS_PREFIX))
            for metric in self.registry.collect()
            for sample in metric.samples
            if sample.labels.get("partition") == str(partition.partition)
        }
        return found


@pytest.fixture
def desk() -> Desk:
    registry = CollectorRegistry()
    bus: Any = SimpleNamespace(instruments=Instruments(BUS, registry, BUS_PREFIX), service="sla")
    assignment = Assignment(cast(Bus, bus), cast(Broker, None), {P.topic}, {})
    desk = Desk(assignment, Client(), registry)
    bus.instruments.set("assigned", to=2)
    for partition in (P, Q):
        assignment.tracks[partition] = Track(None, 5, 5)
        for gauge in STANDS:
            bus.instruments.set(gauge, partition.topic, str(partition.partition), to=3)
    return desk


@pytest.mark.parametrize("reason", HELD)
def test_with_its_partitions_go_their_gauges(desk: Desk, reason: str) -> None:
    desk.assignment.hold(desk.client, [P], reason)
    assert desk.exposed(P) == {*STANDS, reason}
    desk.assignment.revoked()
    assert desk.exposed(P) == desk.exposed(Q) == set()
    assert desk.registry.get_sample_value(f"{BUS_PREFIX}assigned") == 0


@pytest.mark.parametrize("reason", HELD)
def test_a_partition_that_is_to_be_placed_anew_has_none_and_its_neighbour_keeps_its_own(
    desk: Desk, reason: str
) -> None:
    desk.assignment.hold(desk.client, [P, Q], reason)
    desk.assignment.reposition(desk.client, [P])
    assert desk.exposed(P) == set()
    assert desk.exposed(Q) == {*STANDS, reason}
    desk.assignment.revoked()
    assert desk.exposed(Q) == set()


def test_what_was_dropped_on_the_way_goes_too(desk: Desk) -> None:
    desk.assignment.hold(desk.client, [P], "bugs")
    desk.assignment.tracks.pop(P)
    desk.assignment.revoked()
    assert desk.exposed(P) == set()


def test_what_is_held_for_good_is_not_let_go_with_what_is_tried_again(desk: Desk) -> None:
    desk.assignment.hold(desk.client, [P], "bugs")
    desk.assignment.hold(desk.client, [P, Q], "transient", 0.0)
    assert [(track.held, track.until is None) for track in desk.assignment.tracks.values()] == [
        ("bugs", True),
        ("transient", False),
    ]


def test_what_is_read_elsewhere_than_it_is_applied_is_read_again_from_its_position(desk: Desk) -> None:
    portions = [Portion(P, 500, 501, [], []), Portion(Q, 5, 6, [], [])]
    desk.assignment.read_astray_again(desk.client, portions)
    assert desk.assignment.unplaced == {P}
    assert [desk.assignment.follows(portion) for portion in portions] == [False, True]


async def test_what_is_in_hand_is_placed_when_it_is_done(desk: Desk) -> None:
    """Its position is not what the database says now; and without a broker nothing here could be asked."""
    desk.assignment.unplaced = {P}
    desk.assignment.in_hand = lambda: {P}
    await desk.assignment.mend(desk.client)
    assert desk.assignment.unplaced == {P}
