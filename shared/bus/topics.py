"""The topics, by name: who writes them, who reads them, how they are set."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import MappingProxyType

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import NoError, TopicAlreadyExistsError, UnknownTopicOrPartitionError, for_code

from shared.bus.errors import BusFault
from shared.bus.refusals import explained
from shared.platform.cluster import Cluster

__all__ = ["INBOUND", "READERS", "SHARED", "TopicSpec", "Topics", "ensure_topics", "topic_faults"]

SHARED = ("messages", "people", "images", "sla", "access", "consent")
INBOUND = ("people", "images")

READERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "messages": ("sla", "access"),
        "people": ("access", "consent"),
        "images": ("consent",),
        "sla": ("intake", "access"),
        "access": ("intake", "access"),
        "consent": ("access",),
    }
)
"""Which services read a logical topic; an inbound topic has the readers of the shared one."""

DAY_MS = 86_400_000
MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """One topic as it must be on the broker."""

    name: str
    partitions: int
    config: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Topics:
    """Names of one installation's topics. `organisations` are those with a policy pack."""

    organisations: frozenset[str]
    prefix: str = "houserules."
    group_prefix: str = "houserules-"
    partitions: int = 6
    _parsed: dict[str, tuple[str, str | None]] = field(default_factory=dict, compare=False, repr=False)

    def shared(self, logical: str) -> str:
        """`messages` → `houserules.messages`."""
        return f"{self.prefix}{logical}"

    def inbound(self, organisation: str, logical: str) -> str:
        """`westward`, `people` → `houserules.in.westward.people`."""
        return f"{self.prefix}in.{organisation}.{logical}"

    def group(self, service: str) -> str:
        """The consumer group of a service."""
        return f"{self.group_prefix}{service}"

    def dead(self, topic: str, group: str) -> str:
        """Where a group puts what it could not read of a topic."""
        return f"{topic}.{group}.dlt"

    def sources(self, logical: str) -> tuple[str, ...]:
        """Every topic that carries a logical topic's events: the shared one and each organisation's inbound one."""
        inbound = sorted(self.inbound(o, logical) for o in self.organisations) if logical in INBOUND else []
        return (self.shared(logical), *inbound)

    def read_by(self, service: str) -> tuple[str, ...]:
        """Every topic that a service reads."""
        return tuple(
            name for logical, readers in READERS.items() if service in readers for name in self.sources(logical)
        )

    def logical(self, topic: str) -> tuple[str, str | None]:
        """The logical topic of a topic's name, and for an inbound topic its organisation. Raises ValueError."""
        parsed = self._parsed.get(topic)
        if parsed is None:
            parsed = self._parsed[topic] = self._parse(topic)
        return parsed

    def _parse(self, topic: str) -> tuple[str, str | None]:
        if topic.startswith(self.prefix):
            rest = topic.removeprefix(self.prefix)
            if rest in SHARED:
                return rest, None
            parts = rest.split(".")
            if len(parts) == 3 and parts[0] == "in" and parts[2] in INBOUND:
                return parts[2], parts[1]
        raise ValueError(f"{topic} is not a topic of this installation")

    def specs(self) -> list[TopicSpec]:
        """Every topic that must exist: shared, inbound, and a dead letter topic for each reader of each."""
        names = [(logical, name) for logical in SHARED for name in self.sources(logical)]
        live = [self._live(name) for _, name in names]
        dead = [self._dead(name, reader) for logical, name in names for reader in READERS[logical]]
        return [*live, *dead]

    def _live(self, name: str) -> TopicSpec:
        return TopicSpec(name, self.partitions, _config(retention_days=7, max_mib=4))

    def _dead(self, topic: str, service: str) -> TopicSpec:
        name = self.dead(topic, self.group(service))
        return TopicSpec(name, self.partitions, _config(retention_days=30, max_mib=5))


def _config(*, retention_days: int, max_mib: int) -> Mapping[str, str]:
    return MappingProxyType(
        {
            "cleanup.policy": "delete",
            "retention.ms": str(retention_days * DAY_MS),
            "max.message.bytes": str(max_mib * MIB),
        }
    )


APPEAR_S = 15.0


async def ensure_topics(kafka: Cluster | str, specs: Sequence[TopicSpec], *, replication: int = 1) -> list[str]:
    """Make the topics that are missing, check those that are there; the names of those that were made.

    Raises BusFault that lists every setting which differs: settings are an operator's to change, with data behind them.
    """
    async with _administering(Cluster.of(kafka)) as admin:
        made = await _create(admin, specs, replication)
        await _check(admin, specs)
    return made


@asynccontextmanager
async def _administering(cluster: Cluster) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(**cluster.arguments(), request_timeout_ms=15_000)
    try:
        async with explained(cluster):
            await admin.start()
        yield admin
    finally:
        await admin.close()


async def _create(admin: AIOKafkaAdminClient, specs: Sequence[TopicSpec], replication: int) -> list[str]:
    there = set(await admin.list_topics())
    missing = [spec for spec in specs if spec.name not in there]
    if not missing:
        return []
    topics = [NewTopic(s.name, s.partitions, replication, topic_configs=dict(s.config)) for s in missing]
    response = await admin.create_topics(topics)
    for name, code, *reason in response.topic_errors:
        error = for_code(code)
        if error not in (NoError, TopicAlreadyExistsError):
            raise BusFault(f"topic {name} cannot be made: {error.__name__} {reason[0] if reason else ''}".rstrip())
    return [spec.name for spec in missing]


async def topic_faults(kafka: Cluster | str, specs: Sequence[TopicSpec]) -> list[str]:
    """What is missing or set otherwise than it must be, one sentence each. Changes nothing."""
    cluster = Cluster.of(kafka)
    unseen = f", or {cluster.who} may not see it" if cluster.asks else ""
    async with _administering(cluster) as admin:
        there = set(await admin.list_topics())
        missing = [f"there is no topic {spec.name}{unseen}" for spec in specs if spec.name not in there]
        return missing + await _differences(admin, [spec for spec in specs if spec.name in there])


async def _check(admin: AIOKafkaAdminClient, specs: Sequence[TopicSpec]) -> None:
    wrong = await _differences(admin, specs)
    if wrong:
        raise BusFault(f"topics are set otherwise than they must be: {'; '.join(wrong)}")


async def _differences(admin: AIOKafkaAdminClient, specs: Sequence[TopicSpec]) -> list[str]:
    if not specs:
        return []
    partitions, settings = await _described(admin, specs)
    wrong = []
    for spec in specs:
        if partitions[spec.name] != spec.partitions:
            wrong.append(f"{spec.name} has {partitions[spec.name]} partitions, not {spec.partitions}")
        for name, value in spec.config.items():
            found = settings[spec.name].get(name)
            if found != value:
                wrong.append(f"{spec.name} has {name}={found}, not {value}")
    return wrong


async def _described(
    admin: AIOKafkaAdminClient, specs: Sequence[TopicSpec]
) -> tuple[dict[str, int], dict[str, dict[str, str]]]:
    """Partitions and settings by topic; a topic just made may take a moment to be known everywhere."""
    names = [spec.name for spec in specs]
    deadline = time.monotonic() + APPEAR_S
    while True:
        described = await admin.describe_topics(names)
        if all(for_code(topic["error_code"]) is NoError for topic in described):
            partitions = {topic["topic"]: len(topic["partitions"]) for topic in described}
            break
        if time.monotonic() > deadline:
            raise UnknownTopicOrPartitionError("topics that were made do not appear")
        await asyncio.sleep(0.1)
    answers = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name) for name in names])
    return partitions, {
        name: {entry[0]: entry[1] for entry in entries}
        for answer in answers
        for _, _, _, name, entries in answer.resources
    }
