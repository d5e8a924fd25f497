"""The bus, as an outside system and an onlooker see it."""

import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from shared.cli.cluster import cluster, unreachable
from shared.cli.failure import Failure

if TYPE_CHECKING:
    from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

    from shared.bus.codec import Wire

__all__ = ["onlooker", "send", "writer"]

TIMEOUT_MS = 10_000
HINT = ": is the stack up? `make run`"


async def send(bootstrap: str, topic: str, wire: "Wire") -> Any:
    """Write one record and wait for all replicas; its metadata. Raises Failure."""
    from aiokafka.errors import KafkaError, UnknownTopicOrPartitionError

    try:
        async with writer(bootstrap) as producer:
            if topic not in (await producer.client.fetch_all_metadata()).topics():
                raise UnknownTopicOrPartitionError(topic)
            return await producer.send_and_wait(topic, wire.body, key=wire.key, headers=list(wire.headers))
    except UnknownTopicOrPartitionError as error:
        raise Failure(
            f"There is no topic {topic}: the stack makes it for each organisation that has a pack."
        ) from error
    except KafkaError as error:
        raise unreachable(cluster(bootstrap), error, HINT) from error


@asynccontextmanager
async def writer(bootstrap: str) -> AsyncIterator["AIOKafkaProducer"]:
    """A producer that waits for all replicas. Raises Failure where nobody answers."""
    from aiokafka import AIOKafkaProducer
    from aiokafka.errors import KafkaError

    from shared.bus.refusals import explained

    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    kafka = cluster(bootstrap)
    producer = AIOKafkaProducer(
        **kafka.arguments(), enable_idempotence=True, request_timeout_ms=TIMEOUT_MS, max_request_size=5 << 20
    )
    try:
        try:
            async with explained(kafka):
                await producer.start()
        except KafkaError as error:
            raise unreachable(kafka, error, HINT) from error
        yield producer
    finally:
        await producer.stop()


@asynccontextmanager
async def onlooker(bootstrap: str, topics: Sequence[str], *, from_beginning: bool) -> AsyncIterator["AIOKafkaConsumer"]:
    """A consumer of no group, placed at the start or the end of every partition of those topics that exist."""
    from aiokafka import AIOKafkaConsumer, TopicPartition
    from aiokafka.errors import KafkaError

    from shared.bus.refusals import explained

    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    kafka = cluster(bootstrap)
    consumer = AIOKafkaConsumer(**kafka.arguments(), request_timeout_ms=TIMEOUT_MS, fetch_max_wait_ms=100)
    try:
        try:
            async with explained(kafka):
                await consumer.start()
            metadata = await consumer._client.fetch_all_metadata()  # `partitions_for_topic` knows subscribed ones only
            partitions = [
                TopicPartition(topic, number)
                for topic in topics
                for number in sorted(metadata.partitions_for_topic(topic) or ())
            ]
            if not partitions:
                raise Failure(
                    f"None of these topics is on {bootstrap}: {', '.join(topics)}. Start the stack: `make run`."
                )
            consumer.assign(partitions)
            await (consumer.seek_to_beginning if from_beginning else consumer.seek_to_end)(*partitions)
            for partition in partitions:
                await consumer.position(partition)
        except KafkaError as error:
            raise unreachable(kafka, error, HINT) from error
        yield consumer
    finally:
        await consumer.stop()
