"""sla's processes on a real broker: what is told survives their deaths, once each."""

from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import msgspec
import pytest_asyncio

from shared.contracts import Event
from tests.integration.sla.office import Office, event_of, write_clock
from tests.integration.sla.processes import Installation, eventually
from tests.unit.sla import model
from tests.unit.sla.histories import FAR, START, history, net, that_stand
from tests.unit.sla.story import Said, message_received


@pytest_asyncio.fixture
async def installation(office: Office, kafka: str, topic_prefix: str, tmp_path: Path) -> AsyncIterator[Installation]:
    """Topics of this test's own; no process runs yet."""
    made = Installation(office, kafka, topic_prefix, tmp_path)
    await made.open()
    yield made
    await made.close()


async def test_a_message_comes_in_and_a_breach_goes_out(installation: Installation) -> None:
    installation.start(mode="all")
    office = installation.office
    office.clock("Fri 16:30")
    await installation.say([event_of(message_received(at="Fri 16:30"), "westward")])
    await installation.taken(1)
    for clock in ("next Mon 10:30", "next Mon 12:00", "next Mon 12:30:01"):
        office.clock(clock)
        await installation.quiet()
    told = await installation.told()
    assert [event.name for event in told] == ["sla-started", "sla-warning", "sla-warning", "sla-breach"]
    assert {(event.source, event.key, event.organisation) for event in told} == {("/houserules/sla", "c1", "westward")}
    assert told[-1].clauses == ("westward:3.6", "westward:7.9")


async def test_two_processes_tell_each_breach_once_though_one_is_killed(installation: Installation) -> None:
    total = 1500
    office = installation.office
    for ordinal in (0, 1):
        installation.start(ordinal)
    await installation.say(
        event_of(message_received(at="Mon 09:00", id=f"e{n}"), "westward", f"c{n}") for n in range(total)
    )
    await installation.taken(total)
    breached = "select count(*) from targets where state = 'breached'"
    office.clock("Tue 09:00")

    async def begun() -> bool:
        return await installation.count(breached) > 0

    await eventually(begun, "the first breach")
    installation.kill(0)
    assert await installation.count(breached) < total
    installation.start(0)
    await installation.quiet()
    told = Counter((event.name, event.key) for event in await installation.told())
    assert len(told) == 2 * total and set(told.values()) == {1}


def own_authors(said: Said, conversation: str) -> Said:
    """A block would reach the other conversations of its author."""
    author = getattr(said.data, "author", None)
    if author is None:
        return said
    return Said(msgspec.structs.replace(said.data, author=f"{conversation}-{author}"), said.id, said.source)


async def test_random_histories_end_in_their_verdicts_though_the_worker_is_killed(installation: Installation) -> None:
    """Shuffled over conversations and partitions, some facts twice, in one run; the worker dies in the midst of it."""
    random, office = Random(20260309), installation.office
    histories: dict[tuple[str, str], list[Said]] = {}
    for number in range(200):
        key = (random.choice(["westward", "wheatley"]), f"c{number}")
        histories[key] = [own_authors(one, key[1]) for one in history(random)]
    events = [event_of(one, *key, story=f"{key[1]}-") for key, told in histories.items() for one in told]
    events += random.sample(events, len(events) // 5)
    random.shuffle(events)
    write_clock(office.clock_file, START)
    installation.start()
    third = len(events) // 3
    for turn in range(3):
        await installation.say(events[turn * third : (turn + 1) * third if turn < 2 else None])
        if turn == 1:
            await installation.taken(third + 1)
            installation.kill()
            assert await installation.count("select sum(next_offset - first_offset) from positions") < 2 * third
            write_clock(office.clock_file, START + (FAR - START) / 6)
            installation.start()
    await installation.taken(len(events))
    write_clock(office.clock_file, FAR)
    await installation.quiet()

    heard: dict[tuple[str, str], list[Event]] = defaultdict(list)
    for event in await installation.told():
        heard[event.organisation, event.key].append(event)
    for key, told in histories.items():
        expected = {which: verdict for which, (verdict, _) in model.verdicts(key[0], told, office.packs).items()}
        assert that_stand(net(heard[key])) == that_stand(expected), key
    assert await installation.count("select count(*) from dead_letters") == 0
