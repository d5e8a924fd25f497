"""P1 to P5 on the running services: processes die at points that are proved to be reached, and nothing is lost, doubled
or reordered."""

import asyncio
from collections import Counter

from shared.platform.ids import uuid7
from tests.e2e.conversation import Conversation
from tests.e2e.listener import Heard
from tests.e2e.world import World, eventually

MANY = 20
WORKER = 0x696E74616B65
"""The advisory lock under which intake's one worker reads deliveries: "intake" in ASCII."""
CLAUSE = "westward:3.6"


def conversations(world: World, number: int = MANY) -> list[Conversation]:
    return [Conversation(world, "westward") for _ in range(number)]


async def names_of(world: World, talks: list[Conversation]) -> dict[str, Counter[str]]:
    """How often each event was first published about each conversation; a repeated id is the same event."""
    ours = {(await talk.item())["conversation"]: talk.external for talk in talks}
    seen: dict[str, Heard] = {}
    for heard in await world.listener.read():
        if heard.event.get("key") in ours and heard.event.get("id"):
            seen.setdefault(heard.event["id"], heard)
    counts: dict[str, Counter[str]] = {name: Counter() for name in ours.values()}
    for heard in seen.values():
        counts[ours[heard.event["key"]]][heard.name] += 1
    return counts


async def test_P1_what_got_a_2xx_is_there_after_the_doors_are_killed_at_once_and_becomes_one_event(
    world: World,
) -> None:
    await world.at("2026-03-23 09:00")
    talks = conversations(world)
    async with world.held("intake", f"select pg_advisory_xact_lock({WORKER})") as rows:
        await asyncio.gather(*(talk.wrote("2026-03-23 09:00") for talk in talks))  # each asserts its 200
        killed = world.running.stack.kill("intake")
        waiting = await rows.fetch("select raw from deliveries where state = 'pending'")
        assert {talk.external for talk in talks} == {
            talk.external for talk in talks if any(talk.external.encode() in row["raw"] for row in waiting)
        }
    await world.is_back("intake", killed)
    await world.settle()
    assert await names_of(world, talks) == {talk.external: {"message-received": 1, "sla-started": 1} for talk in talks}


async def test_P1_an_event_that_got_a_202_is_there_after_the_doors_are_killed_at_once(world: World) -> None:
    await world.settle()
    people = [f"p-{uuid7()}" for _ in range(MANY)]
    batch = [
        {
            "specversion": "1.0", "id": person, "source": "/westward/hr", "type": "houserules.staff-left.v1",
            "time": "2026-03-23T09:00:00Z", "data": {"person": person, "leave_on": "2026-03-31"},
        }
        for person in people
    ]  # fmt: skip
    headers = world.bearer("westward", "publisher") | {"content-type": "application/cloudevents-batch+json"}
    with world.frozen("kafka"):
        answer = await world.client.post(world.url("intake", "/events"), json=batch, headers=headers)
        killed = world.running.stack.kill("intake")
        assert len(await world.rows("intake", "select from outbox")) >= MANY
    assert (answer.status_code, answer.json()) == (202, {"accepted": MANY})
    await world.is_back("intake", killed)
    await world.settle()
    left = {h.event["id"]: h for h in await world.listener.read() if h.event.get("id") in people}
    assert set(left) == set(people)
    for person, heard in left.items():
        assert (heard.name, heard.topic, heard.event["key"]) == ("staff-left", "houserules.people", person)
        assert (heard.event["source"], heard.organisation) == ("/houserules/intake/westward/hr", "westward")


async def test_P2_the_same_delivery_the_same_message_and_the_same_record_again_change_nothing(world: World) -> None:
    await world.at("2026-03-23 09:00")
    talk = Conversation(world, "westward")
    await talk.wrote("2026-03-23 09:00")
    await world.settle()
    (received,) = [heard for heard in await talk.events() if heard.name == "message-received"]
    data = {"site": talk.site, "network": "facebook", "visibility": "public", "text": "When will my boiler be mended?"}
    body = world.body(
        "message.received", conversation=talk.external, message=talk.message("m1"),
        posted_at="2026-03-23T09:00:00Z", author={"id": f"{talk.external}-customer"}, **data,
    )  # fmt: skip
    one = uuid7()
    answers = await asyncio.gather(*(world.deliver("westward", body, one) for _ in range(5)))
    answers.append(await world.deliver("westward", body))
    assert {answer.status_code for answer in answers} == {200}
    for _ in range(3):
        await world.listener.write(
            received.topic, received.event["key"], list(received.record.headers), received.record.value
        )
    await world.settle()
    assert await names_of(world, [talk]) == {talk.external: {"message-received": 1, "sla-started": 1}}
    started = [heard for heard in await talk.events() if heard.name == "sla-started"]
    assert len(started) == 1
    assert (await talk.later("2026-03-23 13:00:01", CLAUSE))[-1].startswith("breach")


async def test_P2_a_service_killed_in_the_middle_of_a_batch_tells_each_start_and_each_breach_once(world: World) -> None:
    await world.at("2026-03-23 09:00")
    talks = conversations(world)
    async with world.held("sla", "lock table outbox in exclusive mode"):
        await asyncio.gather(*(talk.wrote("2026-03-23 09:00") for talk in talks))
        await eventually(
            lambda: world.waits("sla", "insert into outbox"), "sla has decided, and waits to write what it emits"
        )
        killed = world.running.stack.kill("sla")
    await world.is_back("sla", killed)
    await world.settle()
    assert await names_of(world, talks) == {talk.external: {"message-received": 1, "sla-started": 1} for talk in talks}
    async with world.held("sla", "lock table outbox in exclusive mode"):
        world.stand_at("2026-03-23 13:00:01")
        await eventually(
            lambda: world.waits("sla", "insert into outbox"), "the timer has decided, and waits to write what it emits"
        )
        killed = world.running.stack.kill("sla")
    await world.is_back("sla", killed)
    await world.settle()
    counts = await names_of(world, talks)
    assert {name: count["sla-breach"] for name, count in counts.items()} == {talk.external: 1 for talk in talks}
    assert {name: count["sla-started"] for name, count in counts.items()} == {talk.external: 1 for talk in talks}


async def test_P3_one_conversations_events_are_published_in_the_order_in_which_they_came_in(world: World) -> None:
    await world.at("2026-03-23 09:00")
    talk = Conversation(world, "westward")
    for number in range(10):
        at = f"2026-03-23 09:0{number}"
        if number == 5:
            killed = world.running.stack.kill("intake")
            await world.is_back("intake", killed)
        await talk.wrote(at, message=f"m{number}")
        await talk.answered(at, reply=f"r{number}")
    await world.settle()
    conversation = (await talk.item("m0"))["conversation"]
    events = await world.listener.about("westward", conversation)
    said = [(h.name, h.data["posted_at"]) for h in events if h.topic == "houserules.messages"]
    once = list(dict.fromkeys(said))
    assert once == [
        (name, f"2026-03-23T09:0{number}:00Z")
        for number in range(10)
        for name in ("message-received", "message-replied")
    ]
    cycles = [h.data["cycle"] for h in events if h.name == "sla-met"]
    assert cycles == list(range(1, 11))


async def test_P4_every_record_of_the_topic_is_accounted_for(world: World) -> None:
    talk = Conversation(world, "westward")
    await talk.wrote("2026-03-23 09:00")
    await world.settle()
    (once,) = [heard for heard in await talk.events() if heard.name == "message-received"]
    await world.listener.write(once.topic, once.event["key"], list(once.record.headers), once.record.value)
    await world.listener.write("houserules.messages", "k", [("content-type", b"text/plain")], b"\x00 no event")
    await world.settle()
    counted = await world.rows("sla", "select * from positions where topic = 'houserules.messages'")
    ends = await world.listener.ends("houserules.messages")
    assert {row["partition"]: row["next_offset"] for row in counted} == ends
    for row in counted:
        assert row["first_offset"] == 0
        assert row["next_offset"] == row["applied"] + row["duplicate"] + row["ignored"] + row["dead"]
    assert sum(row["dead"] for row in counted) == len(await world.rows("sla", "select from dead_letters"))
    assert sum(row["duplicate"] for row in counted) > 0
    assert sum(row["dead"] for row in counted) > 0


async def test_P5_a_deadline_that_passed_while_nobody_ran_breaches_once_with_its_own_due_time(world: World) -> None:
    talk, in_time = Conversation(world, "westward"), Conversation(world, "westward")
    await talk.wrote("2026-03-23 09:00")
    await in_time.wrote("2026-03-23 09:00")
    assert len(await talk.told(CLAUSE)) == 1
    await in_time.told(CLAUSE)
    await asyncio.to_thread(world.running.stack.halt, "sla")
    await in_time.answered("2026-03-23 12:59")
    world.stand_at("2026-03-23 15:00")
    await asyncio.to_thread(world.running.stack.resume, "sla")
    assert await talk.told(CLAUSE) == ["breach: due 2026-03-23 13:00, noticed 2026-03-23 15:00"]
    told = [said for said in await in_time.told(CLAUSE) if not said.startswith("breach: due 2026-03-23 13:00")]
    assert told[-1] == "met: 2026-03-23 12:59 after 239 working minutes"
    assert (await in_time.shown())["targets"][0]["state"] == "met"
    assert await talk.later("2026-03-24 17:00", CLAUSE) == []
