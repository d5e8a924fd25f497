"""What a transaction of sla holds while it decides, and whose facts it decides on."""

import asyncio
from collections.abc import Iterable

from services.sla import store
from services.sla.domain import Key
from shared.contracts import Event
from tests.integration.sla.office import Office, event_of
from tests.unit.sla.story import author_blocked, message_received, message_replied

BLOCKED = "select count(*) > 0 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"


async def _while_held(
    office: Office, event: Event, authors: Iterable[Key] = (), conversations: Iterable[Key] = ()
) -> bool:
    """Whether an event waits as long as another transaction holds these."""
    async with office.transaction() as tx:
        await store.lock_authors(tx, authors)
        if held := list(conversations):
            await store.lock_conversations(tx, held, ())
        hearing = asyncio.create_task(office.hear(event))
        while not (waits := await office.rows(BLOCKED) == [(True,)]) and not hearing.done():
            await asyncio.sleep(0.01)
    await hearing
    return waits


async def test_a_conversation_in_other_hands_is_waited_for(office: Office) -> None:
    await office.heard("westward", message_received(at="Mon 09:00", author=None))
    reply = event_of(message_replied(at="Mon 09:30"), "westward")
    assert await _while_held(office, reply, conversations=[("westward", "c1")])
    assert not await _while_held(office, reply, conversations=[("wheatley", "c1"), ("westward", "c2")])
    assert await office.names() == ["started", "met"]


async def test_an_author_in_other_hands_is_waited_for(office: Office) -> None:
    await office.heard("westward", message_received(at="Mon 09:00", author="ann"))
    block = event_of(author_blocked("ann", at="Mon 09:30"), "westward")
    assert await _while_held(office, block, authors=[("westward", "ann")])
    assert not await _while_held(office, block, authors=[("wheatley", "ann"), ("westward", "bob")])
    assert await office.names() == ["started", "exempted"]


async def test_one_name_at_two_landlords_is_two_conversations(office: Office) -> None:
    await office.heard("westward", message_received("m1", at="Mon 09:00"))
    await office.heard("wheatley", message_replied(at="Mon 09:10"), message_received("m2", at="Mon 09:20"))
    await office.heard("westward", message_received("m3", at="Mon 09:30"))
    rows = await office.rows("select organisation, message, state from targets order by organisation, message")
    assert rows == [("westward", "m1", "open"), ("wheatley", "m2", "open")]
