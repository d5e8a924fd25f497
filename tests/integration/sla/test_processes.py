"""sla's processes on a real broker: what is told survives their deaths, once each."""

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.integration.sla.office import Office, event_of
from tests.integration.sla.processes import Installation, eventually
from tests.unit.sla.story import message_received


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
