"""An installation on a broker that asks: users of their own, the lists as the command makes them, sla as a process."""

import asyncio
import gc
import os
import signal
import subprocess
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import NoError, for_code
from typer.testing import CliRunner, Result

from deploy.local.databases import Databases
from deploy.local.ports import free_ports
from shared.bus import Bus, Topics
from shared.bus.access_lists import OPERATIONS, AccessLists
from shared.bus.broker import MetadataRequestV10, TopicsRequest
from shared.bus.topics import READERS
from shared.cli.main import app
from shared.contracts.acls import Rule
from shared.platform.clock import Clock
from shared.platform.db import Database
from shared.policy import load_packs
from tests.plain import plain_client
from tests.secured import ADMIN, SecuredKafka

__all__ = ["ATTENDANTS", "OUTSIDE", "SERVICES", "Installation", "Sla", "expected"]

ROOT = Path(__file__).resolve().parents[3]
SERVICES = ("intake", "sla", "access", "consent")
OUTSIDE = tuple(
    f"{organisation}-{system}" for organisation in ("westward", "wheatley") for system in ("hr-system", "image-library")
)
ATTENDANTS = ("prepare", "ops")
"""Who makes topics, and who looks at them."""


class AllowedRequest(TopicsRequest):
    """The topics, with what whoever asks may do with each (KIP-430)."""

    def build(self, request_struct_class: type[MetadataRequestV10]) -> MetadataRequestV10:
        """As its parent, and asks for the rights."""
        topics: list[tuple[UUID, str, dict[int, bytes]]] = [(UUID(int=0), name, {}) for name in self._topics]
        return request_struct_class(topics, False, False, True, {})


@dataclass(frozen=True, slots=True)
class Installation:
    """The broker, and the command as one of its users runs it."""

    server: SecuredKafka
    topics: Topics

    @classmethod
    def on(cls, server: SecuredKafka) -> "Installation":
        """With the topics of the shipped packs."""
        return cls(server, Topics(load_packs().organisations))

    def told(self, user: str, prefix: str = "HOUSERULES_", password: str | None = None) -> dict[str, str]:
        """The environment of a program that is this user."""
        return {
            "HOUSERULES_KAFKA": self.server.bootstrap,
            "HOUSERULES_KAFKA_SECURITY": "SASL_SSL",
            "HOUSERULES_KAFKA_CA": str(self.server.authority.ca),
            f"{prefix}KAFKA_USER": user,
            f"{prefix}KAFKA_PASSWORD": password or self.server.passwords[user],
        }

    async def command(self, *words: str, user: str = ADMIN, password: str | None = None) -> Result:
        """`houserules topics …`, as this user."""
        return await asyncio.to_thread(_invoke, words, self.told(user, password=password))

    async def make(self, *rules: Rule) -> None:
        """Add rules, as the administrator."""
        async with AccessLists.of(self.server.cluster(ADMIN)) as lists:
            await lists.make(rules)

    async def remove(self, *rules: Rule) -> None:
        """Take rules away, as the administrator."""
        async with AccessLists.of(self.server.cluster(ADMIN)) as lists:
            await lists.remove(rules)

    async def write(self, user: str, topic: str, value: bytes | None, **more: Any) -> Any:
        """One record as a user writes it; where it is."""
        arguments = self.server.cluster(user).arguments()
        async with AIOKafkaProducer(**arguments, acks="all", enable_idempotence=True) as producer:
            return await producer.send_and_wait(topic, value, **more)

    async def read(self, user: str, topic: str, count: int, seconds: float = 60.0) -> list[Any]:
        """The first records of a topic as a user reads them, in no group."""
        async with AIOKafkaConsumer(**self.server.cluster(user).arguments()) as consumer:
            partitions = [TopicPartition(topic, number) for number in range(self.topics.partitions)]
            consumer.assign(partitions)
            await consumer.seek_to_beginning(*partitions)
            found: list[Any] = []
            async with asyncio.timeout(seconds):
                while len(found) < count:
                    for records in (await consumer.getmany(timeout_ms=200)).values():
                        found += records
        return found

    async def held(self, topic: str) -> int:
        """How many records a topic has."""
        async with AIOKafkaConsumer(**self.server.cluster(ADMIN).arguments()) as consumer:
            ends = await consumer.end_offsets([TopicPartition(topic, n) for n in range(self.topics.partitions)])
        return sum(ends.values())

    async def may(self, user: str) -> dict[str, set[str]]:
        """By topic, what the broker itself says that a user may do there; nothing is said of topics they may not see."""
        names = [spec.name for spec in self.topics.specs()]
        client = AIOKafkaClient(**self.server.cluster(user).arguments())
        await client.bootstrap()
        try:
            answer = await client.send(client.get_random_node(), AllowedRequest(names))
        finally:
            await client.close()
        seen = {name: bits for error, name, _, _, _, bits, _ in answer.topics if for_code(error) is NoError}
        return {
            name: {operation for operation, number in OPERATIONS.items() if bits >> number & 1}
            for name, bits in seen.items()
        }


def _invoke(words: Sequence[str], told: Mapping[str, str]) -> Result:
    with warnings.catch_warnings():
        # asyncio's TLS takes its leave a moment after the command's loop has ended; a process would end then.
        warnings.simplefilter("ignore", ResourceWarning)
        done = CliRunner().invoke(app, ["topics", *words], env=dict(told))
        gc.collect()
    return done


@dataclass(slots=True)
class Sla:
    """sla as a process, with a user of its own; and its database."""

    installation: Installation
    bus: Bus
    url: str
    process: "subprocess.Popen[bytes]"
    log: Path

    @classmethod
    @contextmanager
    def running(cls, installation: Installation, database: Databases, folder: Path) -> Iterator["Sla"]:
        """Started as an installation starts it: settings from the environment, secrets from files."""
        secrets = folder / "secrets"
        secrets.mkdir()
        told = installation.told("sla", prefix="SLA_")
        (secrets / "SLA_KAFKA_PASSWORD").write_text(f"{told.pop('SLA_KAFKA_PASSWORD')}\n")
        (secrets / "SLA_DATABASE_URL").write_text(f"{database.app_url}\n")
        (port,) = free_ports(1)
        more = {"HOUSERULES_SECRETS": str(secrets), "SLA_PORT": str(port), "HOUSERULES_SESSION_TIMEOUT_MS": "6000"}
        log = folder / "sla.log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "services.sla"], cwd=ROOT, env=os.environ | told | more, stdout=out, stderr=out
            )
        kept = Database(database.app_url, application_name="test", pool_size=2)
        try:
            yield cls(
                installation, Bus("sla", kept, Clock(), installation.topics), f"http://127.0.0.1:{port}", process, log
            )
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(15)

    async def ready(self) -> Mapping[str, str]:
        """What it says of itself at /readyz, part by part; nothing while it does not answer yet."""
        try:
            async with plain_client() as client:
                answer = await client.get(f"{self.url}/readyz")
        except httpx.HTTPError:
            return {}
        checks: dict[str, str] = answer.json()["checks"]
        return checks

    async def metric(self, line: str) -> float:
        """The value of one series of /metrics; nought where there is none."""
        async with plain_client() as client:
            text = (await client.get(f"{self.url}/metrics")).text
        found = [one.rpartition(" ")[2] for one in text.splitlines() if one.rpartition(" ")[0] == line]
        return float(found[0]) if found else 0.0

    async def number(self, statement: str) -> int:
        """One number of its database."""
        return int((await self.bus.database.fetch(statement))[0][0] or 0)


def expected(topics: Topics) -> dict[str, dict[str, set[str]]]:
    """User → topic → what they may do there, by the table of topics in the design."""
    writers = {"messages": "intake", "people": "access intake", "images": "intake", "sla": "sla", "access": "access",
               "consent": "consent"}  # fmt: skip
    may: dict[str, dict[str, set[str]]] = {user: {} for user in (*SERVICES, *OUTSIDE)}
    for logical, readers in READERS.items():
        for user in writers[logical].split():
            may[user].setdefault(topics.shared(logical), set()).add("WRITE")
        for topic in topics.sources(logical):
            organisation = topics.logical(topic)[1]
            if organisation:
                system = {"people": "hr-system", "images": "image-library"}[logical]
                may[f"{organisation}-{system}"][topic] = {"WRITE"}
            for service in readers:
                # A dead letter's second chance is the same record on the same topic.
                may[service].setdefault(topic, set()).update({"READ", "WRITE"})
                may[service].setdefault(topics.dead(topic, topics.group(service)), set()).add("WRITE")
    return may
