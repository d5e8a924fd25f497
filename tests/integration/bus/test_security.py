"""A broker that asks: who gets in, what each may do, and what a service does when it is refused."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import TopicAuthorizationFailedError

from shared.bus import Wire, encode
from shared.bus.broker import Broker
from shared.bus.deadletters import redrive
from shared.bus.refusals import NotLetIn
from shared.cli import doctor_bus
from shared.cli.doctor_finding import Finding
from shared.cli.doctor_place import Place
from shared.contracts.acls import Rule
from shared.platform.cluster import Cluster
from tests.integration.bus.refusing import ATTENDANTS, OUTSIDE, SERVICES, Installation, Sla, expected
from tests.integration.bus.world import eventually
from tests.integration.sla.office import event_of
from tests.secured import Authority, SecuredKafka
from tests.servers import PostgresServer, folder, remove
from tests.unit.sla.story import message_received

MESSAGES = "houserules.messages"
STRAYS = {
    Rule("User:sla", "TOPIC", "houserules.access", "WRITE"),
    Rule("User:wheatley-hr-system", "TOPIC", "houserules.in.westward.people", "WRITE"),
    Rule("User:a-stranger", "TOPIC", "houserules.", "READ", "PREFIXED"),
}
WIDE = Rule("User:a-stranger", "TOPIC", "*", "READ")
NEIGHBOURS = {
    Rule("User:sla", "TOPIC", "houserules.test.sla", "WRITE"),
    Rule("User:prepare", "TOPIC", "houserules.test.", "CREATE", "PREFIXED"),
    Rule("User:a-stranger", "CLUSTER", "kafka-cluster", "ALTER"),
}


@pytest_asyncio.fixture(scope="module")
async def installation() -> AsyncIterator[Installation]:
    """Lists by the administrator, topics by the user who makes topics, and by nobody else."""
    place = folder()
    server = SecuredKafka(place, (*SERVICES, *OUTSIDE, *ATTENDANTS))
    made = Installation.on(server)
    try:
        await server.start()
        before = await made.command("acls")
        assert (before.exit_code, before.stdout.count("+ User:")) == (1, len(before.stdout.splitlines())), before.output
        assert (await made.command("acls", "--apply")).exit_code == 0
        ensured = await made.command("ensure", user="prepare")
        assert ensured.exit_code == 0, ensured.output
        yield made
    finally:
        server.stop()
        remove(place)


@pytest.fixture(scope="module")
def sla(
    installation: Installation, postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Sla]:
    """The service, as a process, with its own user."""
    database = postgres_server.create("sla", migrated=True)
    with Sla.running(installation, database, tmp_path_factory.mktemp("sla")) as service:
        yield service
    postgres_server.drop(database)


async def test_the_lists_are_made_once_and_what_should_not_be_there_is_named(installation: Installation) -> None:
    again = await installation.command("acls", "--apply")
    assert (again.exit_code, again.stdout) == (0, "")
    await installation.make(*STRAYS)
    named = await installation.command("acls", "--apply")
    assert named.exit_code == 1
    assert set(named.stdout.splitlines()) == {f"- {rule}" for rule in STRAYS}
    assert (await installation.command("acls", "--apply", "--remove")).exit_code == 0
    assert (await installation.command("acls")).stdout == ""


async def test_what_is_not_this_installation_s_alone_is_named_and_left(installation: Installation) -> None:
    await installation.make(WIDE, *NEIGHBOURS)
    try:
        named = await installation.command("acls", "--apply", "--remove")
        assert (named.exit_code, "1 reach further" in named.stderr) == (1, True), named.output
        assert set(named.stdout.splitlines()) == {f"- {WIDE}", *(f"? {rule}" for rule in NEIGHBOURS)}
        again = await installation.command("acls")
        assert again.stdout == named.stdout
        await installation.remove(WIDE)
        assert (await installation.command("acls")).exit_code == 0
    finally:
        await installation.remove(WIDE, *NEIGHBOURS)


async def test_each_may_do_what_the_table_of_topics_says_and_nothing_more(installation: Installation) -> None:
    """By the broker's own account. Whoever may write or read a topic may see that it is there."""
    for user, topics in expected(installation.topics).items():
        assert await installation.may(user) == {topic: {*does, "DESCRIBE"} for topic, does in topics.items()}, user


@pytest.mark.parametrize(
    ("user", "topic"),
    [
        ("sla", "houserules.access"),
        ("consent", "houserules.sla"),
        ("wheatley-hr-system", "houserules.in.westward.people"),
        ("westward-image-library", "houserules.in.westward.people"),
        ("westward-hr-system", "houserules.people"),
        ("westward-hr-system", MESSAGES),
    ],
)
async def test_nobody_writes_what_is_another_s(installation: Installation, user: str, topic: str) -> None:
    with pytest.raises(TopicAuthorizationFailedError):
        await installation.write(user, topic, b"{}")
    assert await installation.held(topic) == 0


async def test_an_outside_system_writes_its_own_topic(installation: Installation) -> None:
    topic = "houserules.in.westward.people"
    await installation.write("westward-hr-system", topic, b"{}", key=b"hr-1")
    assert await installation.held(topic) == 1


@pytest.mark.parametrize(
    ("user", "its", "another"),
    [
        ("intake", "houserules.sla", MESSAGES),
        ("sla", MESSAGES, "houserules.sla"),
        ("access", "houserules.in.westward.people", "houserules.in.westward.images"),
        ("consent", "houserules.images", "houserules.access"),
    ],
)
async def test_each_service_reads_what_is_for_it_and_nothing_else(
    installation: Installation, user: str, its: str, another: str
) -> None:
    """Also not what it writes itself."""
    cluster = installation.server.cluster(user)
    await fetched(cluster, its)
    with pytest.raises(TopicAuthorizationFailedError):
        await fetched(cluster, another)


@pytest.mark.parametrize(
    ("user", "topic"),
    [
        ("sla", "houserules.access"),
        ("westward-hr-system", MESSAGES),
        ("intake", "houserules.people"),
        ("ops", MESSAGES),
    ],
)
async def test_nobody_reads_what_is_not_for_them(installation: Installation, user: str, topic: str) -> None:
    with pytest.raises(TopicAuthorizationFailedError):
        await fetched(installation.server.cluster(user), topic)


async def fetched(cluster: Cluster, topic: str) -> None:
    """Read a topic until the broker has answered. A consumer waits for ever for one that it may not even see."""
    broker, place = Broker(cluster, "test"), TopicPartition(topic, 0)
    try:
        await broker.topics([topic])
    finally:
        await broker.close()
    async with AIOKafkaConsumer(**cluster.arguments()) as consumer:
        consumer.assign([place])
        consumer.seek(place, 0)
        async with asyncio.timeout(30):
            while consumer.highwater(place) is None:
                await consumer.getmany(timeout_ms=200)


async def said_to(cluster: Cluster) -> str:
    """What a client of ours says when it is not let in."""
    broker = Broker(cluster, "test")
    try:
        with pytest.raises(NotLetIn) as refused:
            await broker.topics([MESSAGES])
    finally:
        await broker.close()
    return str(refused.value)


async def test_who_is_not_let_in_is_told_why(installation: Installation, tmp_path: Path) -> None:
    server, other = installation.server, Authority(tmp_path, "somebody else's")
    assert "Kafka refuses user sla" in await said_to(server.cluster("sla", "a guess"))
    assert "Kafka refuses user nobody" in await said_to(server.cluster("nobody", "a guess"))
    assert "see HOUSERULES_KAFKA_CA" in await said_to(server.trusting(other.ca))
    assert "TLS" in await said_to(server.by_certificate(other.pair("sla")))


async def test_a_certificate_is_as_good_as_a_password(installation: Installation) -> None:
    broker = Broker(installation.server.by_certificate(installation.server.authority.pair("sla")), "test")
    try:
        assert len((await broker.topics([MESSAGES]))[MESSAGES][1]) == installation.topics.partitions
        with pytest.raises(TopicAuthorizationFailedError):
            await broker.topics(["houserules.people"])
    finally:
        await broker.close()


async def test_the_command_says_what_is_wrong(installation: Installation) -> None:
    guessed = await installation.command("check", user="ops", password="a guess")
    assert (guessed.exit_code, "Kafka refuses user ops" in guessed.stderr) == (1, True), guessed.output
    guessed = await installation.command("acls", password="a guess")
    assert (guessed.exit_code, "Kafka refuses user admin" in guessed.stderr) == (1, True), guessed.output
    denied = await installation.command("acls", user="sla")
    assert (denied.exit_code, "not for user sla" in denied.stderr) == (1, True), denied.output
    assert (await installation.command("check", user="ops")).exit_code == 0


@pytest.mark.parametrize(
    ("user", "password", "wanted"),
    [
        ("ops", None, {("kafka", "ok"), ("access lists", "ok"), ("topics", "ok")}),
        ("ops", "a guess", {("kafka", "bad")}),
    ],
)
async def test_the_doctor_looks_as_ops(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, user: str, password: str | None, wanted: object
) -> None:
    for name, value in installation.told(user, password=password).items():
        monkeypatch.setenv(name, value)
    findings = await doctor_bus.examine(installation.server.bootstrap, Place(Path("/")))
    assert {(finding.check, finding.verdict) for finding in findings} == wanted, findings
    assert password is None or "Kafka refuses user ops" in findings[0].says


async def test_the_doctor_compares_the_lists_with_the_contract(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in installation.told("ops").items():
        monkeypatch.setenv(name, value)

    async def says(*users: str) -> Finding:
        found = await doctor_bus.examine(installation.server.bootstrap, Place(Path("/")), users)
        return next(finding for finding in found if finding.check == "access lists")

    stray, taken = WIDE, Rule("User:consent", "TOPIC", "houserules.consent", "WRITE")
    await installation.make(stray)
    try:
        assert (await says()).verdict == "warning"
        await installation.remove(taken)
        missing = await says()
        assert (missing.verdict, "like User:consent WRITE TOPIC houserules.consent" in missing.says) == ("bad", True)
    finally:
        await installation.make(taken)
        await installation.remove(stray)
    assert (await says()).verdict == "ok"
    assert "like User:consent-2 " in (await says("consent=consent-2")).says


def asked(number: int) -> Wire:
    """A customer's question, as intake tells it."""
    return encode(event_of(message_received(at="Mon 09:00", id=f"e{number}"), "westward", f"c{number}"))


async def ask(sla: Sla, number: int) -> None:
    wire = asked(number)
    await sla.installation.write("intake", MESSAGES, wire.body, key=wire.key, headers=list(wire.headers))


async def started(sla: Sla, number: int) -> None:
    """Wait until the question's clock runs, and everybody has been told."""
    known = f"select count(*) from conversations where conversation = 'c{number}'"

    async def there() -> bool:
        return await sla.number(known) == 1 and await sla.number("select count(*) from outbox") == 0

    await eventually(there, f"the clock of c{number}")


async def is_ready(sla: Sla) -> bool:
    return set((await sla.ready()).values()) == {"ready"}


async def test_sla_works_whole_with_its_own_user(sla: Sla) -> None:
    """It reads, applies, tells; buries what it cannot read, and gives that a second chance."""
    installation = sla.installation
    await eventually(lambda: is_ready(sla), "sla is ready")
    await ask(sla, 1)
    await started(sla, 1)
    told = await installation.read("intake", "houserules.sla", 1)
    assert dict(told[0].headers)["ce_type"] == b"houserules.sla-started.v1"

    await installation.write("intake", MESSAGES, b"no event", key=b"c1")
    (letter,) = await installation.read("ops", f"{MESSAGES}.houserules-sla.dlt", 1)
    assert letter.value == b"no event"

    records = await installation.held(MESSAGES)
    async with sla.bus.transaction() as tx:
        (row,) = await tx.fetch("select id from dead_letters")
        assert await redrive(tx, [row.id], "test") == [row.id]

    async def came_again() -> bool:
        return await installation.held(MESSAGES) == records + 1

    await eventually(came_again, "the record came again")


@pytest.mark.parametrize(
    "taken",
    [Rule("User:sla", "TOPIC", MESSAGES, "READ"), Rule("User:sla", "GROUP", "houserules-sla", "READ")],
    ids=["its topic", "its group"],
)
async def test_a_service_that_may_not_read_waits_says_so_and_goes_on(sla: Sla, taken: Rule) -> None:
    number = 10 if taken.resource == "TOPIC" else 20
    await eventually(lambda: is_ready(sla), "sla is ready")
    await sla.installation.remove(taken)
    try:

        async def refused() -> bool:
            says = (await sla.ready()).get("bus", "")
            return "user sla may not" in says and await sla.metric("houserules_bus_broker_answers") == 0

        await eventually(refused, "sla says that it is refused, and its broker alert would fire")
        before = await sla.number("select sum(next_offset) from positions")
        await ask(sla, number)
        assert await sla.number("select sum(next_offset) from positions") == before
    finally:
        await sla.installation.make(taken)
    await started(sla, number)
    await eventually(lambda: is_ready(sla), "sla is ready again")
    assert sla.process.poll() is None


async def test_a_certificate_that_is_away_for_a_moment_is_waited_for(sla: Sla) -> None:
    """The service needs it when it connects anew: here because Kafka put it out of its group."""
    ca, taken = sla.installation.server.authority.ca, Rule("User:sla", "GROUP", "houserules-sla", "READ")
    away = ca.with_suffix(".away")
    await eventually(lambda: is_ready(sla), "sla is ready")
    await sla.installation.remove(taken)
    try:
        ca.rename(away)

        async def waits() -> bool:
            return f"{ca} cannot be used: [Errno 2] No such file" in sla.log.read_text()

        await eventually(waits, "sla says which file it waits for")
        assert sla.process.poll() is None
    finally:
        away.rename(ca)
        await sla.installation.make(taken)
    await ask(sla, 40)
    await started(sla, 40)
    assert sla.process.poll() is None


async def test_a_topic_that_may_not_be_written_keeps_its_rows_and_holds_up_no_other(sla: Sla) -> None:
    """The breach's topic is refused; a dead letter, which is younger, goes out all the same."""
    taken = Rule("User:sla", "TOPIC", "houserules.sla", "WRITE")
    await eventually(lambda: is_ready(sla), "sla is ready")
    await sla.installation.remove(taken)
    waits = "select count(*) from outbox where topic = 'houserules.sla'"
    try:
        await ask(sla, 30)

        async def refused() -> bool:
            return await sla.number(waits) > 0 and "TopicAuthorizationFailedError" in sla.log.read_text()

        await eventually(refused, "what sla tells waits")
        letters = await sla.installation.held(f"{MESSAGES}.houserules-sla.dlt")
        await sla.installation.write("intake", MESSAGES, b"no event either", key=b"c30")

        async def buried() -> bool:
            return await sla.installation.held(f"{MESSAGES}.houserules-sla.dlt") == letters + 1

        await eventually(buried, "the dead letter goes out")
        assert await sla.number(waits) > 0
    finally:
        await sla.installation.make(taken)
    began = time.monotonic()
    await started(sla, 30)
    assert sla.process.poll() is None, f"sla ended, {time.monotonic() - began:.1f} s after it was allowed again"
