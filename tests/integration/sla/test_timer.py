"""The timer on a real PostgreSQL."""

import asyncio
from collections import Counter

from services.sla.jobs import Timer
from tests.integration.sla.office import Office, event_of
from tests.unit.sla.story import author_blocked, message_received, message_replied


async def waiting(office: Office, count: int, at: str = "Mon 09:00") -> None:
    """So many conversations with an unanswered query."""
    await office.hear(*(event_of(message_received(at=at, id=f"e{n}"), "westward", f"c{n:04}") for n in range(count)))


async def test_nothing_before_its_time(office: Office) -> None:
    await waiting(office, 3)
    office.clock("Mon 10:59:59")
    assert await office.timer.tick() == 0
    office.clock("Mon 11:00")
    assert await office.timer.tick() == 3
    assert await office.timer.tick() == 0
    assert await office.names() == ["started"] * 3 + ["warning"] * 3


async def test_due_is_not_yet_late(office: Office) -> None:
    await waiting(office, 1)
    office.clock("Mon 13:00")
    assert await office.timer.tick() == 1
    assert await office.names() == ["started"]
    assert await office.timer.tick() == 0
    office.clock("Mon 13:00:01")
    assert await office.timer.tick() == 1
    assert await office.names() == ["started", "breach"]


async def test_after_an_outage_everything_overdue_is_told_with_its_own_due_time(office: Office) -> None:
    await waiting(office, 2)
    office.clock("Tue 09:30")
    await office.hear(event_of(message_received(at="Tue 09:30", id="late"), "wheatley", "c9"))
    office.clock("next Mon 09:00")
    assert await office.timer.tick() == 3
    breaches = [event for event in await office.told() if event.name == "sla-breach"]
    assert [event.data.due_at.isoformat() for event in breaches] == [  # type: ignore[attr-defined] # a breach's
        "2026-03-09T13:00:00+00:00",
        "2026-03-09T13:00:00+00:00",
        "2026-03-11T09:30:00+00:00",
    ]


async def test_many_are_taken_in_portions(office: Office) -> None:
    await waiting(office, 620)
    office.clock("Tue 09:00")
    assert [await office.timer.tick() for _ in range(3)] == [500, 120, 0]
    assert Counter(await office.names()) == {"started": 620, "breach": 620}


async def test_two_timers_at_once_tell_each_breach_once(office: Office) -> None:
    await waiting(office, 1200)
    office.clock("Tue 09:00")
    others = [office.another() for _ in range(3)]
    timers = [office.timer, *(Timer(bus, office.packs) for bus in others)]

    async def until_empty(timer: Timer) -> int:
        taken = 0
        for _ in range(8):
            taken += await timer.tick()
        return taken

    taken = await asyncio.gather(*(until_empty(timer) for timer in timers))
    for bus in others:
        await bus.database.close()
    assert sum(taken) == 1200
    told = [event for event in await office.told() if event.name == "sla-breach"]
    assert len(told) == len({event.key for event in told}) == 1200


async def test_timer_and_handler_at_once_tell_one_verdict(office: Office) -> None:
    await waiting(office, 200)
    office.clock("Tue 09:00")
    replies = [event_of(message_replied(at="Mon 10:00", id=f"r{n}"), "westward", f"c{n:04}") for n in range(200)]
    block = event_of(author_blocked("nobody", at="Mon 09:00"), "westward")
    await asyncio.gather(
        office.timer.tick(),
        office.hear(*reversed(replies[:100])),
        office.timer.tick(),
        office.hear(*replies[100:], block),
    )
    await office.timer.tick()
    assert await office.rows("select distinct state from targets") == [("met",)]
    told = Counter(await office.names())
    assert told["met"] == 200 and told["breach"] == told["breach-retracted"]


async def test_a_conversation_that_cannot_be_folded_holds_up_no_other(office: Office) -> None:
    await waiting(office, 40)
    spoil = "update facts set details = cast(:details as jsonb) where conversation = 'c0007' returning 1"
    sound = (await office.rows("select details::text from facts where conversation = 'c0007'"))[0][0]
    await office.rows(spoil, details='{"kind": ["not", "a", "kind"]}')
    office.clock("Tue 09:00")
    ticks = 0
    while await office.timer.tick():
        ticks += 1
        assert ticks < 100
    assert Counter(await office.names()) == {"started": 40, "breach": 39}
    await office.rows(spoil, details=sound)
    office.clock("Tue 09:00:59")
    assert await office.timer.tick() == 0
    office.clock("Tue 09:01")
    assert await office.timer.tick() == 1
    assert Counter(await office.names()) == {"started": 40, "breach": 40}


async def test_an_organisation_without_a_pack_waits(office: Office) -> None:
    async with office.transaction() as tx:
        await tx.execute(
            "insert into conversations (organisation, conversation, next_at) values ('gone', 'c1', '2026-01-01Z')"
        )
    assert await office.timer.tick() == 0
