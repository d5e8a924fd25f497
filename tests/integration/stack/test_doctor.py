"""`houserules doctor` on a running stack: well, all is well; broken on purpose, the right line says so, and only it.

Each test breaks one thing, looks, and mends it again.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from typer.testing import CliRunner

from shared.bus.codec import Wire
from shared.bus.relay import LOCK
from shared.cli.kafka import send
from shared.cli.main import app
from tests.stacks import RunningStack, running

pytestmark = pytest.mark.long  # each breaks a running stack and has it mended

Line = tuple[str, str]
ACCESS = ("access lists", "")
"""Of a broker that is this machine's alone there are none."""

UNREAD = "houserules.images.houserules-consent.dlt"
"""A topic that nobody reads."""


@pytest.fixture(scope="module")
def patient() -> Iterator[RunningStack]:
    """A stack of this file's own, as it is broken."""
    with running() as stack:
        yield stack


@pytest.fixture
def admin(patient: RunningStack) -> str:
    """The superuser's URL, without a database."""
    return patient.stack.admin_url.rpartition("/")[0]


def look(patient: RunningStack) -> dict[Line, dict[str, Any]]:
    """What the doctor says that is not ok, by check and subject; its exit code says whether any of it is bad."""
    done = CliRunner().invoke(app, ["doctor", "--json"], env=patient.environment)
    found = {(one["check"], one["subject"]): one for one in json.loads(done.stdout)}
    assert done.exit_code == any(one["verdict"] == "bad" for one in found.values())
    return {line: one for line, one in found.items() if one["verdict"] != "ok"}


def bad(patient: RunningStack, *others: Line) -> tuple[Line, dict[str, Any]]:
    """The one line that is bad; beside it only what cannot be looked at therefore."""
    found = look(patient)
    wrong = [(line, one) for line, one in found.items() if one["verdict"] in ("bad", "warning")]
    assert len(wrong) == 1, found
    assert set(found) - {wrong[0][0], ACCESS} == set(others)
    assert wrong[0][1]["do"]
    return wrong[0]


def well(patient: RunningStack, seconds: float = 60) -> None:
    """Nothing is wrong; waited for, as what was mended takes a moment."""
    end = time.monotonic() + seconds
    while set(found := look(patient)) != {ACCESS}:
        assert time.monotonic() < end, found
        time.sleep(0.5)


@asynccontextmanager
async def superuser(admin: str, service: str) -> AsyncIterator[asyncpg.Connection]:
    """In a service's database, as nobody of the installation is."""
    connection = await asyncpg.connect(f"{admin}/{service}", server_settings={"application_name": "psql"})
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def broker(patient: RunningStack) -> AsyncIterator[AIOKafkaAdminClient]:
    """The broker's administrator."""
    client = AIOKafkaAdminClient(bootstrap_servers=patient.file["kafka"])
    await client.start()
    try:
        yield client
    finally:
        await client.close()


async def test_a_stack_that_is_well(patient: RunningStack) -> None:
    await asyncio.to_thread(well, patient)


def test_a_stopped_service(patient: RunningStack) -> None:
    well(patient)
    patient.stack.halt("sla")
    try:
        line, one = bad(patient, ("relay", "sla"))
        assert line == ("services", "sla")
        assert one["says"] == "does not answer"
        assert "logs/sla.log" in one["do"]
    finally:
        patient.stack.resume("sla")
    well(patient)


def test_a_dead_letter(patient: RunningStack) -> None:
    well(patient)
    headers = {"ce_specversion": "1.0", "ce_id": f"bad-{uuid4()}", "ce_source": "/westward/dam",
               "ce_type": "houserules.nothing.v1", "ce_time": "2026-03-27T16:30:00Z"}  # fmt: skip
    wire = Wire(b"i", [(name, value.encode()) for name, value in headers.items()], b"{}")
    asyncio.run(send(patient.file["kafka"], "houserules.in.westward.images", wire))
    end = time.monotonic() + 60
    while ("dead letters", "consent") not in look(patient):
        assert time.monotonic() < end
    line, one = bad(patient)
    assert line == ("dead letters", "consent")
    assert one["says"].startswith("1 open (unknown-type 1)")
    url = patient.file["databases"]["consent"]
    asyncio.run(_settle(url))
    well(patient)


async def _settle(url: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute("update dead_letters set state = 'redriven'")
    await connection.close()


async def test_a_topic_that_is_missing(patient: RunningStack) -> None:
    await asyncio.to_thread(well, patient)
    async with broker(patient) as client:
        await client.delete_topics([UNREAD])
    await asyncio.sleep(0.5)
    line, one = await asyncio.to_thread(bad, patient)
    assert (line, one["says"]) == (("topics", ""), f"there is no topic {UNREAD}")
    made = await asyncio.to_thread(CliRunner().invoke, app, ["topics", "ensure"], env=patient.environment)
    assert (made.exit_code, made.stdout) == (0, f"{UNREAD}\n"), made.stderr
    await asyncio.to_thread(well, patient)


async def test_a_topic_that_is_set_otherwise(patient: RunningStack) -> None:
    await asyncio.to_thread(well, patient)

    async def keep(days: int) -> None:
        config = {"retention.ms": str(days * 86_400_000), "max.message.bytes": str(5 << 20), "cleanup.policy": "delete"}
        async with broker(patient) as client:
            await client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, UNREAD, config)])

    await keep(1)
    line, one = await asyncio.to_thread(bad, patient)
    assert line == ("topics", "")
    assert one["says"] == f"{UNREAD} has retention.ms=86400000, not 2592000000"
    checked = await asyncio.to_thread(CliRunner().invoke, app, ["topics", "check"], env=patient.environment)
    assert (checked.exit_code, checked.stdout) == (1, f"{one['says']}\n")
    await keep(30)
    await asyncio.to_thread(well, patient)


async def test_a_database_of_an_older_version(patient: RunningStack, admin: str) -> None:
    await asyncio.to_thread(well, patient)
    async with superuser(admin, "sla") as database:
        head = await database.fetchval("select version_num from alembic_version")
        await database.execute("update alembic_version set version_num = '0001'")
        try:
            line, one = await asyncio.to_thread(bad, patient, ("services", "sla"))
        finally:
            await database.execute("update alembic_version set version_num = $1", head)
    assert line == ("migrations", "sla")
    assert (one["says"], one["do"]) == (f"at 0001, the code at {head}", "houserules migrate sla")
    await asyncio.to_thread(well, patient)


async def test_an_app_role_that_may_create_tables(patient: RunningStack, admin: str) -> None:
    await asyncio.to_thread(well, patient)
    async with superuser(admin, "access") as database:
        await database.execute("grant create on schema public to access_app")
        try:
            line, one = await asyncio.to_thread(bad, patient)
        finally:
            await database.execute("revoke create on schema public from access_app")
    assert line == ("database roles", "access")
    assert "access_app may create tables" in one["says"]


async def test_an_app_role_that_may_enter_another_database(patient: RunningStack, admin: str) -> None:
    async with superuser(admin, "access") as database:
        await database.execute("grant connect on database consent to access_app")
        try:
            line, one = await asyncio.to_thread(bad, patient)
        finally:
            await database.execute("revoke connect on database consent from access_app")
    assert (line, one["verdict"]) == (("database roles", "access"), "warning")


def test_a_stack_file_that_others_may_read(patient: RunningStack) -> None:
    file = patient.stack.folders.stack_file
    file.chmod(0o644)
    try:
        line, one = bad(patient)
    finally:
        file.chmod(0o600)
    assert line == ("stack file", "")
    assert one["do"] == f"chmod 600 {file}"


async def test_an_event_that_cannot_be_sent(patient: RunningStack, admin: str) -> None:
    """Its topic is not there, so it waits; those of other topics go on."""
    await asyncio.to_thread(well, patient)
    async with superuser(admin, "consent") as database:
        await database.execute(
            "insert into outbox (organisation, topic, key, headers, body, created_at)"
            " values ('westward', 'houserules.nowhere', 'k', '', '{}', clock_timestamp() - interval '10 minutes')"
        )
        try:
            line, one = await asyncio.to_thread(bad, patient)
        finally:
            await database.execute("delete from outbox where topic = 'houserules.nowhere'")
    assert line == ("outbox", "consent")
    assert one["says"].startswith("1 rows wait, the oldest for 6")


async def test_a_relay_that_does_not_lead(patient: RunningStack, admin: str) -> None:
    """Somebody else holds its lock: nothing is sent, and nothing else tells of it until there is something to send."""
    await asyncio.to_thread(well, patient)
    async with superuser(admin, "intake") as database:
        waiting = asyncio.create_task(database.execute("select pg_advisory_lock($1, $2)", *LOCK))
        async with superuser(admin, "intake") as other:
            while not await other.fetchval("select exists (select from pg_locks where not granted)"):
                await asyncio.sleep(0.05)
            await other.execute(
                "select pg_terminate_backend(l.pid) from pg_locks l join pg_database d on d.oid = l.database"
                " where l.locktype = 'advisory' and l.granted and l.classid = $1 and d.datname = 'intake'",
                LOCK[0],
            )
        await waiting
        line, one = await asyncio.to_thread(bad, patient)
    assert line == ("relay", "intake")
    assert "held by psql" in one["says"]
    await asyncio.to_thread(well, patient)


@pytest.mark.long
def test_kafka_stopped(patient: RunningStack) -> None:
    """One line says it; what the services say of it, and their lag, follows from it."""
    well(patient)
    patient.stack.halt("kafka")
    names = sorted(patient.file["services"])
    try:
        line, _ = bad(patient, *(("services", name) for name in names), *(("lag", name) for name in names))
        assert line == ("kafka", "")
    finally:
        patient.stack.resume("kafka")
    well(patient)


@pytest.mark.long
def test_postgres_stopped(patient: RunningStack) -> None:
    """Every database says so; what the services say of it follows."""
    well(patient)
    patient.stack.halt("postgres")
    names = sorted(patient.file["services"])
    try:
        found = look(patient)
        assert {line for line, one in found.items() if one["verdict"] == "bad"} == {("database", n) for n in names}
        assert set(found) == {ACCESS, *(("database", n) for n in names), *(("services", n) for n in names)}
    finally:
        patient.stack.resume("postgres")
    well(patient)
