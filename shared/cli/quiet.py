"""Quiet: there is nothing left to do at this policy time, in any service, nor on the way between them."""

import asyncio
import logging
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Self

from shared.bus.topics import SHARED
from shared.cli.cluster import cluster, unreachable
from shared.cli.doors import problem_text
from shared.cli.failure import Failure
from shared.cli.stack import Stack

if TYPE_CHECKING:
    import httpx
    from aiokafka.admin import AIOKafkaAdminClient

    from shared.bus.broker import Broker
    from shared.bus.positions import Partition

__all__ = ["Quiet", "until_quiet"]

PAUSE_S = 0.03
FLOW = ("intake", "access", "consent", "sla")
"""In this order what is under way is met before it is passed: deliveries become messages, messages targets."""


async def until_quiet(stack: Stack, timeout_s: float) -> None:
    """Wait until all is quiet. Raises Failure that names what is not."""
    async with Quiet(stack) as quiet:
        await quiet.reached(timeout_s)


class Quiet:
    """Asks every service (`GET /quiet`: outbox, deliveries, what is due) and the broker (lag of its group)."""

    _client: "httpx.AsyncClient"
    _broker: "Broker"
    _admin: "AIOKafkaAdminClient"

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._file = stack.file
        self._topics = stack.topics()
        self._services = sorted(self._file.services, key=lambda name: FLOW.index(name) if name in FLOW else 9)
        self._subscribed: dict[str, frozenset[str]] = {}
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        import httpx
        from aiokafka.admin import AIOKafkaAdminClient
        from aiokafka.errors import KafkaError

        from shared.bus.broker import Broker

        logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
        headers = {"Authorization": f"Bearer {self._stack.ops_token()}"}
        self._client = await self._open.enter_async_context(
            httpx.AsyncClient(headers=headers, timeout=10, trust_env=False)
        )
        kafka = cluster(self._file.kafka)
        self._broker = Broker(kafka, "houserules-quiet")
        self._open.push_async_callback(self._broker.close)
        self._admin = AIOKafkaAdminClient(**kafka.arguments())
        self._open.push_async_callback(self._admin.close)
        try:
            await self._admin.start()
        except KafkaError as error:
            await self._open.aclose()
            raise unreachable(kafka, error, ": is the stack up? `make run`") from error
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._open.aclose()

    async def reached(self, timeout_s: float) -> "Mapping[Partition, int]":
        """Wait until two looks in a row find nothing under way and nothing new; where the logs then end.

        Raises Failure after `timeout_s`.
        """
        deadline = time.monotonic() + timeout_s
        before: Mapping[Partition, int] | None = None
        while True:
            ends, busy = await self._look()
            if not busy and before == ends:
                return ends
            before = None if busy else ends
            if time.monotonic() > deadline:
                raise Failure(f"Not quiet after {timeout_s:g} s: {'; '.join(busy) or 'events keep coming'}.")
            await asyncio.sleep(PAUSE_S)

    async def _look(self) -> "tuple[Mapping[Partition, int], list[str]]":
        """The ends of all logs, and what is still under way."""
        from aiokafka.errors import KafkaError

        busy = [text for name in self._services if (text := await self._ask(name))]
        try:
            ends, lags = await self._lags()
        except KafkaError as error:
            return {}, [*busy, f"Kafka: {type(error).__name__}"]
        return ends, busy + lags

    async def _ask(self, service: str) -> str | None:
        """What a service still has to do; None for nothing."""
        import httpx

        try:
            answer = await self._client.get(f"{self._file.services[service]}/quiet")
        except httpx.HTTPError as error:
            return f"{service} does not answer ({type(error).__name__})"
        if answer.is_error:
            return f"{service}: {problem_text(answer)}"
        body = answer.json()
        return None if body["quiet"] else f"{service}: {', '.join(body['why'])}"

    async def _lags(self) -> "tuple[Mapping[Partition, int], list[str]]":
        from shared.bus.positions import Partition

        found = await self._broker.topics(source for logical in SHARED for source in self._topics.sources(logical))
        ends = await self._broker.ends(Partition(topic, n) for topic, (_, leaders) in found.items() for n in leaders)
        busy = []
        for name in self._services:
            group = self._topics.group(name)
            read = await self._read_by(group)
            offsets = await self._admin.list_consumer_group_offsets(group)
            reached = {Partition(tp.topic, tp.partition): known.offset for tp, known in offsets.items()}
            lag = sum(max(0, end - max(0, reached.get(p, 0))) for p, end in ends.items() if p.topic in read)
            if lag:
                busy.append(f"{name} is {lag} records behind")
        return ends, busy

    async def _read_by(self, group: str) -> frozenset[str]:
        """The topics that the members of a group read; asked until there are some."""
        from aiokafka.coordinator.protocol import ConsumerProtocolMemberMetadata

        if not self._subscribed.get(group):
            (answer,) = await self._admin.describe_consumer_groups([group])
            metadata = [member[3] for described in answer.groups for member in described[5]]
            self._subscribed[group] = frozenset(
                topic for raw in metadata if raw for topic in ConsumerProtocolMemberMetadata.decode(raw).subscription
            )
        return self._subscribed[group]
