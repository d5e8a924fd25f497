"""P6: Kafka away, Kafka away for too long, PostgreSQL away. Doors say so or go on; nothing is dropped."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from shared.platform.ids import uuid7
from tests.e2e.conftest import OUTBOX_ROWS
from tests.e2e.conversation import Conversation
from tests.e2e.world import World, eventually

MANY = 10


@asynccontextmanager
async def away(world: World, server: str) -> AsyncIterator[None]:
    """PostgreSQL or Kafka stopped, and started again afterwards."""
    await asyncio.to_thread(world.running.stack.halt, server)
    try:
        yield
    finally:
        await asyncio.to_thread(world.running.stack.resume, server)
        if server == "kafka":
            await world.connect_again()


async def readiness(world: World, service: str) -> tuple[int, dict[str, str]]:
    """What /readyz says: the status, and each check."""
    answer = await world.client.get(world.url(service, "/readyz"))
    return answer.status_code, answer.json()["checks"]


def refused_for_now(answer: httpx.Response) -> bool:
    """503 with Retry-After, as a problem."""
    if answer.status_code != 503:
        return False
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:houserules:problem:unavailable"
    return True


async def counted(world: World, name: str, conversations: list[Conversation]) -> dict[str, int]:
    """How many different events of a name the bus has about each conversation."""
    keys = {(await talk.item())["conversation"]: talk.external for talk in conversations}
    heard = [h for h in await world.listener.read() if h.name == name and h.event["key"] in keys]
    ids = {h.event["id"]: keys[h.event["key"]] for h in heard}
    return {external: list(ids.values()).count(external) for external in keys.values()}


async def test_P6_without_kafka_the_doors_accept_until_the_budget_is_spent_and_all_of_it_arrives_later(
    world: World,
) -> None:
    await world.at("2026-03-23 09:00")
    accepted = [Conversation(world, "westward") for _ in range(MANY)]
    late, people = Conversation(world, "westward"), [f"p-{uuid7()}" for _ in range(OUTBOX_ROWS)]
    late_body = world.body(
        "message.received", conversation=late.external, message=late.message("m1"), site=late.site, network="facebook",
        visibility="public", text="When?", posted_at="2026-03-23T09:00:00Z", author={"id": "a"},
    )  # fmt: skip
    delivery = uuid7()
    async with away(world, "kafka"):
        for talk in accepted:
            await talk.wrote("2026-03-23 09:00")
        assert (await accepted[-1].item())["state"] == "open"
        status, checks = await readiness(world, "intake")
        assert (status, checks["database"]) == (503, "ready")
        assert checks["bus"] != "ready"
        assert (await left(world, people)).status_code == 202

        async def spent() -> bool:
            return refused_for_now(await world.deliver("westward", world.body("site.heartbeat", site="s")))

        await eventually(spent, "the budget is spent")
        assert refused_for_now(await world.deliver("westward", late_body, delivery))
        assert refused_for_now(await left(world, ["p-1"]))
        assert await world.rows("intake", "select from deliveries where delivery = $1", delivery) == []
        assert (await world.ask("intake", "/items")).status_code == 200
    await eventually(lambda: accepts(world, late_body, delivery), "the doors are open again")
    await world.settle()
    assert await counted(world, "message-received", [*accepted, late]) == {t.external: 1 for t in [*accepted, late]}
    assert await counted(world, "sla-started", [*accepted, late]) == {t.external: 1 for t in [*accepted, late]}
    heard = [h.event["id"] for h in await world.listener.read() if h.name == "staff-left" and h.event["id"] in people]
    assert sorted(set(heard)) == sorted(people)


async def left(world: World, people: list[str]) -> httpx.Response:
    """HR says at the event door that these people leave."""
    headers = world.bearer("westward", "publisher") | {"content-type": "application/cloudevents-batch+json"}
    common = {"specversion": "1.0", "source": "/westward/hr", "type": "houserules.staff-left.v1"}
    events = [
        common | {"id": person, "time": "2026-03-23T09:00:00Z", "data": {"person": person, "leave_on": "2026-03-31"}}
        for person in people
    ]
    return await world.client.post(world.url("intake", "/events"), content=json.dumps(events), headers=headers)


async def accepts(world: World, body: bytes, delivery: str) -> bool:
    """Whether the door takes a delivery."""
    return (await world.deliver("westward", body, delivery)).status_code == 200


async def test_P6_without_postgres_the_doors_answer_503_consumers_pause_and_nothing_is_lost(world: World) -> None:
    await world.at("2026-03-23 09:00")
    talks, refused = [Conversation(world, "westward") for _ in range(MANY)], Conversation(world, "westward")
    delivery = uuid7()
    with world.frozen("sla") as sla:
        for talk in talks:
            await talk.wrote("2026-03-23 09:00")
        await asyncio.gather(*(talk.heard("message-received") for talk in talks))
        before = await committed(world)
        body = world.body(
            "message.received", conversation=refused.external, message=refused.message("m1"), site="s",
            network="facebook", visibility="public", text="When?", posted_at="2026-03-23T09:00:00Z", author={"id": "a"},
        )  # fmt: skip
        said = len(world.running.log("sla"))
        await asyncio.to_thread(world.running.stack.halt, "postgres")
    try:
        await eventually(lambda: says(world, "batch waits", said), "sla has work, and waits with it")
        assert refused_for_now(await world.deliver("westward", body, delivery))
        assert refused_for_now(await world.ask("intake", "/items"))
        assert refused_for_now(await world.ask("sla", "/targets"))
        for service in ("intake", "sla"):
            status, checks = await readiness(world, service)
            assert status == 503
            assert checks["database"] != "ready"
            assert (await world.client.get(world.url(service, "/healthz"))).status_code == 200
        assert await committed(world) == before
    finally:
        await asyncio.to_thread(world.running.stack.resume, "postgres")
    await eventually(lambda: accepts(world, body, delivery), "the doors are open again")
    await world.settle()
    assert world.running.stack.pid("sla") == sla
    every = [*talks, refused]
    assert await counted(world, "message-received", every) == {talk.external: 1 for talk in every}
    assert await counted(world, "sla-started", every) == {talk.external: 1 for talk in every}


async def says(world: World, text: str, after: int) -> bool:
    """Whether sla's log has it, after so many characters."""
    return text in world.running.log("sla")[after:]


async def committed(world: World) -> dict[TopicPartition, int]:
    """Kafka's own offsets of sla's group."""
    admin = AIOKafkaAdminClient(bootstrap_servers=world.running.file["kafka"])
    await admin.start()
    try:
        found = await admin.list_consumer_group_offsets("houserules-sla")
    finally:
        await admin.close()
    return {place: known.offset for place, known in found.items()}
