"""Questions to the broker, on a connection of their own: idleness of a consumer proves nothing, an answer does."""

import asyncio
import random
from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO
from typing import Any, Literal
from uuid import UUID

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import (
    KafkaError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
    for_code,
)
from aiokafka.protocol.abstract import AbstractType
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.offset import OffsetRequest
from aiokafka.protocol.types import Boolean, CompactArray, CompactString, Int16, Int32, Schema, TaggedFields

from shared.bus.positions import Log, Partition
from shared.bus.refusals import explained
from shared.platform.cluster import Cluster

__all__ = ["Broker"]

TIMEOUT_S = 5.0
SIDES = {"start": -2, "end": -1}
READ_COMMITTED, READ_UNCOMMITTED = 1, 0


class Uuid(AbstractType):  # type: ignore[misc] # aiokafka has no types
    """Sixteen bytes: aiokafka speaks no version of the protocol that has one."""

    @classmethod
    def encode(cls, value: UUID) -> bytes:
        """To the wire."""
        return value.bytes

    @classmethod
    def decode(cls, data: BytesIO) -> UUID:
        """From the wire."""
        return UUID(bytes=data.read(16))


class MetadataResponse(Response):  # type: ignore[misc] # aiokafka has no types
    """Metadata v10 (KIP-516): the first version with topic ids."""

    API_KEY = 3
    API_VERSION = 10
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "brokers",
            CompactArray(
                ("node_id", Int32),
                ("host", CompactString()),
                ("port", Int32),
                ("rack", CompactString()),
                ("tags", TaggedFields),
            ),
        ),
        ("cluster_id", CompactString()),
        ("controller_id", Int32),
        (
            "topics",
            CompactArray(
                ("error_code", Int16),
                ("topic", CompactString()),
                ("topic_id", Uuid),
                ("is_internal", Boolean),
                (
                    "partitions",
                    CompactArray(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", CompactArray(Int32)),
                        ("isr", CompactArray(Int32)),
                        ("offline", CompactArray(Int32)),
                        ("tags", TaggedFields),
                    ),
                ),
                ("authorized_operations", Int32),
                ("tags", TaggedFields),
            ),
        ),
        ("cluster_authorized_operations", Int32),
        ("tags", TaggedFields),
    )


class MetadataRequestV10(RequestStruct):  # type: ignore[misc] # aiokafka has no types
    """Asks for topics by name."""

    FLEXIBLE_VERSION = True
    API_KEY = 3
    API_VERSION = 10
    RESPONSE_TYPE = MetadataResponse
    SCHEMA = Schema(
        ("topics", CompactArray(("topic_id", Uuid), ("name", CompactString()), ("tags", TaggedFields))),
        ("allow_auto_topic_creation", Boolean),
        ("include_cluster_authorized_operations", Boolean),
        ("include_topic_authorized_operations", Boolean),
        ("tags", TaggedFields),
    )


class TopicsRequest(Request[MetadataRequestV10]):  # type: ignore[misc] # aiokafka has no types
    """Which topics there are, with their ids and their partitions' leaders."""

    API_KEY = 3

    def __init__(self, topics: Sequence[str]) -> None:
        self._topics = topics

    def build(self, request_struct_class: type[MetadataRequestV10]) -> MetadataRequestV10:
        """The request in the only version that we speak."""
        topics: list[tuple[UUID, str, dict[int, bytes]]] = [(UUID(int=0), name, {}) for name in self._topics]
        return request_struct_class(topics, False, False, False, {})


class Broker:
    """Asks a cluster about topics and logs. Every answer comes within five seconds or is a KafkaError."""

    def __init__(self, kafka: Cluster | str, client_id: str) -> None:
        self.cluster = Cluster.of(kafka)
        self._client_id = client_id
        self._client: Any = None
        self._lock = asyncio.Lock()

    async def _connected(self) -> Any:
        async with self._lock:
            if self._client is None:
                client = AIOKafkaClient(
                    **self.cluster.arguments(),
                    client_id=self._client_id,
                    request_timeout_ms=int(TIMEOUT_S * 1000),
                    metadata_max_age_ms=30_000,
                )
                try:
                    async with explained(self.cluster):
                        await client.bootstrap()
                except BaseException:
                    await client.close()
                    raise
                self._client = client
        return self._client

    async def close(self) -> None:
        """Close the connection."""
        if self._client is not None:
            client, self._client = self._client, None
            await client.close()

    async def topics(self, names: Iterable[str]) -> dict[str, tuple[UUID, dict[int, int]]]:
        """Each topic's id and the leader of each partition.

        Raises UnknownTopicOrPartitionError for a missing one, TopicAuthorizationFailedError for one that we may not see.
        """
        client = await self._connected()
        nodes = [broker.nodeId for broker in client.cluster.brokers()] or [client.get_random_node()]
        response = await self._ask(client, random.choice(nodes), TopicsRequest(sorted(set(names))))
        found = {}
        for error, topic, topic_id, _, partitions, *_ in response.topics:
            if (refused := for_code(error)) in (UnknownTopicOrPartitionError, TopicAuthorizationFailedError):
                raise refused(topic)
            found[topic] = (topic_id, {number: leader for _, number, leader, *_ in partitions})
        return found

    async def logs(self, partitions: Iterable[Partition]) -> dict[Partition, Log]:
        """Whose each partition's log is, where it starts and where it ends (uncommitted records included)."""
        wanted = sorted(set(partitions))
        topics = await self.topics(p.topic for p in wanted)
        leaders = {p: topics[p.topic][1].get(p.partition, -1) for p in wanted}
        starts, ends = await asyncio.gather(
            self._offsets(leaders, "start", READ_UNCOMMITTED), self._offsets(leaders, "end", READ_UNCOMMITTED)
        )
        return {p: Log(topics[p.topic][0], starts[p], ends[p]) for p in wanted}

    async def ends(self, partitions: Iterable[Partition]) -> dict[Partition, int]:
        """Where a reader of committed records comes to the end."""
        wanted = sorted(set(partitions))
        topics = await self.topics(p.topic for p in wanted)
        return await self._offsets({p: topics[p.topic][1].get(p.partition, -1) for p in wanted}, "end", READ_COMMITTED)

    async def _offsets(
        self, leaders: Mapping[Partition, int], side: Literal["start", "end"], isolation: int
    ) -> dict[Partition, int]:
        client = await self._connected()
        by_node: dict[int, dict[str, list[tuple[int, int]]]] = {}
        for partition, leader in leaders.items():
            by_topic = by_node.setdefault(leader, {})
            by_topic.setdefault(partition.topic, []).append((partition.partition, SIDES[side]))
        answers = await asyncio.gather(
            *(self._ask(client, node, OffsetRequest(-1, isolation, list(t.items()))) for node, t in by_node.items())
        )
        offsets = {}
        for answer in answers:
            for topic, parts in answer.topics:
                for number, error, _, offset in parts:
                    if error:
                        raise for_code(error)(topic)
                    offsets[Partition(topic, number)] = offset
        return offsets

    async def _ask(self, client: Any, node: int, request: Any) -> Any:
        try:
            async with asyncio.timeout(TIMEOUT_S):
                return await client.send(node, request)
        except (TimeoutError, AssertionError, OSError) as error:
            raise KafkaError(f"{self.cluster} does not answer") from error
        except KafkaError:
            client.force_metadata_update()
            raise
