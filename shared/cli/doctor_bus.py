"""What `houserules doctor` asks Kafka: whether it answers, whose it is to write, its topics, and where logs end."""

import logging
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from shared.cli import doctor_verdicts as verdicts
from shared.cli.acls import is_ours, wanted_lists
from shared.cli.cluster import cluster
from shared.cli.doctor_finding import Finding, bad, ok, unchecked, warning
from shared.cli.doctor_place import Place
from shared.cli.failure import Misuse
from shared.cli.topics import names, specs
from shared.platform.addresses import of_this_machine

if TYPE_CHECKING:
    from shared.bus.topics import Topics
    from shared.contracts.acls import Rule
    from shared.platform.cluster import Cluster

__all__ = [
    "Ends", "Waiting", "access_lists", "behind", "examine", "judge_lag", "log_ends", "no_access_lists", "standing",
]  # fmt: skip

Ends = dict[tuple[str, int], tuple[int, int]]
"""Topic and partition to where its log starts and ends."""

Waiting = dict[tuple[str, int], int]
"""Topic and partition to the records that wait, where any do."""


async def examine(bootstrap: str, place: Place, users: Iterable[str] = ()) -> list[Finding]:
    """The broker, its access lists and its topics. A broker that is away is one finding.

    `users` are those whom Kafka knows by another name, as NAME=KAFKA-NAME. Raises Misuse for one that there is not.
    """
    from aiokafka.errors import KafkaError

    from shared.bus.refusals import in_words
    from shared.bus.topics import topic_faults

    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    try:
        kafka = cluster(bootstrap)
    except Misuse as misuse:
        return [bad("kafka", "", str(misuse), "set them as the services' are set (HOUSERULES_KAFKA_…)")]
    try:
        lists = await _access_lists(kafka, place, users)
        wanted = specs()
        faults = await topic_faults(kafka, wanted)
    except (KafkaError, OSError) as error:
        if (refused := in_words(error, kafka)) is not None:
            do = "HOUSERULES_KAFKA_USER and HOUSERULES_KAFKA_PASSWORD say as whom the doctor asks"
            return [bad("kafka", "", refused, do)]
        says = f"does not answer at {bootstrap} ({type(error).__name__})"
        return [bad("kafka", "", says, place.start("kafka", bootstrap))]
    do = "houserules topics ensure makes what is missing; settings and partitions are an operator's to change"
    topics = [bad("topics", "", fault, do) for fault in faults]
    return [
        ok("kafka", "", f"answers at {bootstrap}"),
        lists,
        *(topics or [ok("topics", "", f"{len(wanted)}, as they must be")]),
    ]


async def _access_lists(kafka: "Cluster", place: Place, users: Iterable[str]) -> Finding:
    """Whether the broker lets each do what the contract says, and nothing more. Raises KafkaError where it is away."""
    from aiokafka.errors import BrokerResponseError, ClusterAuthorizationFailedError

    from shared.bus.access_lists import AccessLists, NoAccessLists

    topics = names()
    wanted = wanted_lists(topics, users)
    principals = {rule.principal for rule in wanted}
    async with AccessLists.of(kafka) as lists:
        try:
            there = {rule for rule in await lists.read() if is_ours(rule, topics, principals)}
        except NoAccessLists:
            return no_access_lists(kafka.servers, compose=place.compose)
        except ClusterAuthorizationFailedError:
            return unchecked("access lists", "", "the broker has some, and does not show them to this client")
        except BrokerResponseError as error:
            return unchecked("access lists", "", f"the broker answers with {type(error).__name__}")
    return access_lists(wanted, there)


def access_lists(wanted: "set[Rule]", there: "set[Rule]") -> Finding:
    """The verdict on the lists that touch this installation, beside those that the contract asks for."""
    missing, others = sorted(wanted - there), sorted(there - wanted)
    says = [
        *([f"{len(missing)} of {len(wanted)} are missing, like {_words(missing[0])}"] if missing else []),
        *([f"{len(others)} should not be there, like {_words(others[0])}"] if others else []),
    ]
    if missing:
        do = "houserules topics acls --apply, as an administrator of Kafka, makes what is missing"
        return bad("access lists", "", "; ".join(says), do)
    if others:
        do = "houserules topics acls shows them; with --apply --remove an administrator of Kafka takes them away"
        return warning("access lists", "", "; ".join(says), do)
    return ok("access lists", "", f"{len(wanted)}, as they must be")


def _words(rule: "Rule") -> str:
    return " ".join(str(rule).split())


def no_access_lists(bootstrap: str, *, compose: bool = False) -> Finding:
    """The verdict on a broker that keeps none. Compose publishes its broker to this machine alone."""
    if compose or of_this_machine(bootstrap):
        return unchecked("access lists", "", "the broker keeps none, as it is this machine's alone")
    do = "switch an authorizer on, then houserules topics acls --apply"
    return warning("access lists", "", "none: whoever reaches the broker may write to every topic", do)


async def log_ends(bootstrap: str, topics: "Topics", services: list[str]) -> Ends | None:
    """Where the logs that these services read start and end; None when the broker does not say."""
    from aiokafka.errors import KafkaError

    from shared.bus.broker import Broker
    from shared.bus.positions import Partition

    try:
        broker = Broker(cluster(bootstrap), "houserules-doctor")
    except Misuse:
        return None
    try:
        found = await broker.topics({topic for service in services for topic in topics.read_by(service)})
        partitions = [Partition(topic, n) for topic, (_, leaders) in found.items() for n in leaders]
        starts, ends = await broker.logs(partitions), await broker.ends(partitions)
    except (KafkaError, OSError):
        return None
    finally:
        await broker.close()
    return {(p.topic, p.partition): (starts[p].start, ends[p]) for p in partitions}


def behind(ends: Ends, positions: Mapping[tuple[str, int], int], read: tuple[str, ...]) -> Waiting:
    """Records that wait, by partition, where any do."""
    waiting = {p: end - positions.get(p, start) for p, (start, end) in ends.items() if p[0] in read}
    return {partition: count for partition, count in waiting.items() if count > 0}


def standing(before: Waiting, after: Waiting) -> list[tuple[str, int]]:
    """Partitions where what waited in the first look waits unchanged in a later one: its position has not moved."""
    return [partition for partition, count in before.items() if after.get(partition, 0) >= count]


def judge_lag(service: str, before: Waiting, after: Waiting, *, up: bool) -> Finding:
    """Two looks, ten seconds apart where nothing moved."""
    return verdicts.lag(service, sum(after.values()), not standing(before, after), up=up)
