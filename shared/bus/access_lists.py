"""A broker's access lists, in the protocol's own terms: aiokafka has the requests, and its admin client no calls for them.

librdkafka's client has calls, but takes a refusal to show the lists for an empty list: nothing can be judged by that.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import asynccontextmanager
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import NoError, SecurityDisabled, for_code
from aiokafka.protocol.admin import CreateAclsRequest, DeleteAclsRequest, DescribeAclsRequest

from shared.bus.errors import BusFault
from shared.bus.refusals import explained
from shared.contracts.acls import Rule
from shared.platform.cluster import Cluster

__all__ = ["AccessLists", "NoAccessLists"]

ANY = 1
RESOURCES = {"TOPIC": 2, "GROUP": 3, "CLUSTER": 4, "TRANSACTIONAL_ID": 5, "DELEGATION_TOKEN": 6, "USER": 7}
PATTERNS = {"LITERAL": 3, "PREFIXED": 4}
OPERATIONS = {
    "ALL": 2,
    "READ": 3,
    "WRITE": 4,
    "CREATE": 5,
    "DELETE": 6,
    "ALTER": 7,
    "DESCRIBE": 8,
    "CLUSTER_ACTION": 9,
    "DESCRIBE_CONFIGS": 10,
    "ALTER_CONFIGS": 11,
    "IDEMPOTENT_WRITE": 12,
    "CREATE_TOKENS": 13,
    "DESCRIBE_TOKENS": 14,
    "TWO_PHASE_COMMIT": 15,
}
PERMISSIONS = {"DENY": 2, "ALLOW": 3}
NAMES = tuple(
    {number: name for name, number in each.items()} for each in (RESOURCES, PATTERNS, OPERATIONS, PERMISSIONS)
)
APPEAR_S = 15.0


class NoAccessLists(BusFault):
    """The cluster keeps none: it has no authorizer."""


class AccessLists:
    """The rules of one cluster. Calls raise KafkaError, ClusterAuthorizationFailedError where they are not ours to see."""

    def __init__(self, client: AIOKafkaAdminClient) -> None:
        self._client = client

    @classmethod
    @asynccontextmanager
    async def of(cls, cluster: Cluster) -> "AsyncIterator[AccessLists]":
        """As this cluster's user sees them."""
        client = AIOKafkaAdminClient(**cluster.arguments(), request_timeout_ms=10_000)
        try:
            async with explained(cluster):
                await client.start()
            yield cls(client)
        finally:
            await client.close()

    async def read(self) -> set[Rule]:
        """All there are. Raises NoAccessLists where the cluster keeps none."""
        answer = await self._client._send_request(DescribeAclsRequest(ANY, None, ANY, None, None, ANY, ANY))
        _check(answer.error_code)
        return {
            _rule(kind, name, pattern, *entry) for kind, name, pattern, entries in answer.resources for entry in entries
        }

    async def make(self, rules: Iterable[Rule]) -> None:
        """Add rules, and wait until they are in force here."""
        wanted = list(rules)
        answers = await asyncio.gather(*(self._ask(CreateAclsRequest, rule) for rule in wanted))
        for answer in answers:
            for code, _ in answer.creation_responses:
                _check(code)
        await self._until(present=wanted)

    async def remove(self, rules: Iterable[Rule]) -> None:
        """Take exactly these away, and wait until they are."""
        unwanted = list(rules)
        answers = await asyncio.gather(*(self._ask(DeleteAclsRequest, rule) for rule in unwanted))
        for answer in answers:
            for code, *_ in answer.filter_responses:
                _check(code)
        await self._until(absent=unwanted)

    async def _ask(self, request: Any, rule: Rule) -> Any:
        return await self._client._send_request(
            request(
                RESOURCES[rule.resource],
                rule.name,
                PATTERNS[rule.pattern],
                rule.principal,
                rule.host,
                OPERATIONS[rule.operation],
                PERMISSIONS[rule.permission],
            )
        )

    async def _until(self, present: Collection[Rule] = (), absent: Collection[Rule] = ()) -> None:
        """A controller decides, and brokers hear of it a moment later."""
        end = time.monotonic() + APPEAR_S
        while True:
            there = await self.read()
            if there.issuperset(present) and there.isdisjoint(absent):
                return
            if time.monotonic() > end:
                raise BusFault("access lists were changed, and the broker does not say so")
            await asyncio.sleep(0.05)


def _check(code: int) -> None:
    error = for_code(code)
    if error is SecurityDisabled:
        raise NoAccessLists(
            "the broker keeps no access lists: its authorizer.class.name is to be "
            "org.apache.kafka.metadata.authorizer.StandardAuthorizer"
        )
    if error is not NoError:
        raise error


def _rule(kind: int, name: str, pattern: int, principal: str, host: str, operation: int, permission: int) -> Rule:
    """What the broker says; a number that is newer than this code stays one."""
    resource, form, does, may = (
        names.get(number, str(number))
        for names, number in zip(NAMES, (kind, pattern, operation, permission), strict=True)
    )
    return Rule(principal, resource, name, does, form, host, may)
