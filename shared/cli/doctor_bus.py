"""What `houserules doctor` asks Kafka: whether it answers, whose it is to write, its topics, and where logs end."""

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING

from shared.cli import doctor_verdicts as verdicts
from shared.cli.cluster import cluster
from shared.cli.doctor_finding import Finding, bad, ok, unchecked, warning
from shared.cli.doctor_place import Place
from shared.cli.failure import Misuse
from shared.cli.topics import specs
from shared.platform.addresses import of_this_machine

if TYPE_CHECKING:
    from shared.bus.topics import Topics
    from shared.platform.cluster import Cluster

__all__ = ["Ends", "Waiting", "access_lists", "behind", "examine", "judge_lag", "log_ends", "standing"]

Ends = dict[tuple[str, int], tuple[int, int]]
"""Topic and partition to where its log starts and ends."""

Waiting = dict[tuple[str, int], int]
"""Topic and partition to the records that wait, where any do."""

ANY, MATCH_ANY, SECURITY_DISABLED, DENIED = 1, 1, 54, 31
"""Of Kafka's protocol: any resource, operation or permission; any pattern; and two errors of DescribeAcls."""


async def examine(bootstrap: str, place: Place) -> list[Finding]:
    """The broker, its access lists and its topics. A broker that is away is one finding."""
    from aiokafka.errors import KafkaError

    from shared.bus.refusals import in_words
    from shared.bus.topics import topic_faults

    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    try:
        kafka = cluster(bootstrap)
    except Misuse as misuse:
        return [bad("kafka", "", str(misuse), "set them as the services' are set (HOUSERULES_KAFKA_…)")]
    try:
        lists = await _access_lists(kafka, place)
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


async def _access_lists(kafka: "Cluster", place: Place) -> Finding:
    """Whether the broker asks who writes: an outside system must be able to write its own topics and no other."""
    from aiokafka.admin import AIOKafkaAdminClient
    from aiokafka.protocol.admin import DescribeAclsRequest

    from shared.bus.refusals import explained

    admin = AIOKafkaAdminClient(**kafka.arguments(), request_timeout_ms=5_000)
    try:
        async with explained(kafka):
            await admin.start()
        answer = await admin._send_request(DescribeAclsRequest(ANY, None, MATCH_ANY, None, None, ANY, ANY))
    finally:
        await admin.close()
    return access_lists(kafka.servers, answer.error_code, len(answer.resources), compose=place.compose)


def access_lists(bootstrap: str, error: int, resources: int, *, compose: bool = False) -> Finding:
    """The verdict on DescribeAcls' answer. Compose publishes its broker to this machine alone."""
    if error == SECURITY_DISABLED:
        if compose or of_this_machine(bootstrap):
            return ok("access lists", "", "none, and none are needed: the broker is this machine's alone")
        do = "switch an authorizer on, and let each outside system write its own `in.` topics only"
        return warning("access lists", "", "none: whoever reaches the broker may write to every topic", do)
    if error == DENIED:
        return unchecked("access lists", "", "the broker has some, and does not show them to this client")
    if error:
        return unchecked("access lists", "", f"the broker answers with error {error}")
    return ok("access lists", "", f"for {resources} resources")


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
