"""The handler of `messages` on a real PostgreSQL: order, repetition, concurrency, and what it costs."""

import asyncio

import sqlalchemy

from services.sla.handlers import messages
from shared.contracts import Event
from tests.integration.sla.office import Office, event_of
from tests.unit.sla.story import (
    at,
    author_blocked,
    author_unblocked,
    conversation_reassigned,
    message_classified,
    message_received,
    message_replied,
)


async def test_received_replied_received_in_one_batch_stay_in_order(office: Office) -> None:
    office.clock("Mon 10:30")
    await office.heard(
        "westward",
        message_received("m1", at="Mon 09:00"),
        message_replied("r1", at="Mon 10:00"),
        message_received("m2", at="Mon 10:30"),
    )
    told = await office.told()
    assert [event.name for event in told] == ["sla-started", "sla-met", "sla-started"]
    assert [event.key for event in told] == ["c1"] * 3
    assert await office.rows("select state, next_at from conversations") == [("open", at("Mon 12:30"))]


async def test_one_by_one_or_together_it_comes_to_the_same(office: Office) -> None:
    said = [message_received(at="Mon 09:00"), message_classified(at="Mon 09:01", kind="complaint", by="person"),
            message_replied(at="Mon 09:30")]  # fmt: skip
    await office.heard("westward", *said, conversation="together")
    for one in reversed(said):
        await office.hear(event_of(one, "westward", "apart", story="apart-"))
    rows = (
        "select kind, message, message_kind, started_at, due_at, state, settled_at from targets where conversation = :c"
    )
    assert await office.rows(rows, c="together") == await office.rows(rows, c="apart") != []


async def test_what_was_heard_before_changes_nothing(office: Office) -> None:
    said = [message_received(at="Mon 09:00"), message_replied(at="Mon 09:30")]
    await office.heard("westward", *said)
    before = await office.rows("select * from facts order by id"), await office.rows("select * from targets")
    await office.heard("westward", *said, *said)
    assert await office.names() == ["started", "met"]
    assert before == (await office.rows("select * from facts order by id"), await office.rows("select * from targets"))


async def test_a_fact_comes_back_from_the_journal_as_it_went_in(office: Office) -> None:
    await office.heard(
        "wheatley",
        message_received(at="Sat 09:00", kind="feedback", flags=["negative"], visibility="private"),
        conversation_reassigned("p7", at="Sat 10:00"),
    )
    office.clock("next Tue 09:00")
    assert await office.timer.tick() == 1
    (target,) = await office.rows("select state, owner, message_kind, due_at, clauses from targets")
    assert target == ("breached", "p7", "feedback", at("next Mon 24:00"), ["wheatley:responding-to-customers"])


async def test_both_landlords_may_use_the_same_ids(office: Office) -> None:
    for organisation in ("westward", "wheatley"):
        await office.heard(organisation, message_received(at="Mon 09:00"))
    targets = await office.rows("select organisation, policy from targets order by organisation")
    assert targets == [("westward", "westward/2023-26"), ("wheatley", "wheatley/2017")]


async def test_a_block_reaches_every_conversation_of_the_author(office: Office) -> None:
    for number in range(3):
        one = message_received(at="Mon 09:00", author="ann" if number else "bob", id=f"e{number}")
        await office.heard("westward", one, conversation=f"c{number}")
    await office.hear(event_of(author_blocked(at="Mon 09:00"), "westward"))
    await office.hear(event_of(author_blocked(at="Mon 09:00"), "wheatley"))
    states = await office.rows("select conversation, state from targets order by conversation")
    assert states == [("c0", "open"), ("c1", "exempted"), ("c2", "exempted")]


async def test_a_block_and_a_message_of_one_batch(office: Office) -> None:
    await office.heard("westward", author_blocked(at="Mon 08:00"), message_received(at="Mon 09:00"))
    assert await office.names() == ["started", "exempted"]
    await office.heard("westward", author_unblocked(at="Mon 09:00"), message_received("m2", at="Mon 09:00"))
    assert await office.names() == ["started", "exempted", "started", "exempted"]


async def test_a_block_and_a_message_at_the_same_moment_always_meet(office: Office) -> None:
    """They come on different partitions: whichever transaction is second sees what the first one wrote."""
    for trial in range(20):
        message = message_received(at="Mon 09:00", author=f"a{trial}", id=f"m{trial}")
        both = [
            event_of(message, "westward", f"c{trial}"),
            event_of(author_blocked(f"a{trial}", at="Mon 08:00"), "westward"),
        ]
        await asyncio.gather(*(office.hear(event) for event in both[:: 1 if trial % 2 else -1]))
    assert await office.rows("select state, count(*) from targets group by state") == [("exempted", 20)]


async def test_overlapping_batches_in_any_order_do_not_deadlock(office: Office) -> None:
    def batch(turn: int) -> list[Event]:
        events = []
        for number in range(40):
            mixed = (number * 7 + turn * 13) % 40 if turn % 2 else 39 - number
            one = message_received(f"m{turn}", at="Mon 09:00", author=f"a{mixed % 5}", id=f"{turn}-{number}")
            events.append(event_of(one, "westward", f"c{mixed}"))
        return [*events, event_of(author_blocked(f"a{turn % 5}", at="Mon 08:00", id=f"b{turn}"), "westward")]

    await asyncio.gather(*(office.hear(*batch(turn)) for turn in range(12)))
    assert await office.rows("select count(*) from facts") == [(480,)]


async def test_statements_do_not_grow_with_the_batch(office: Office) -> None:
    """One a table, whatever the size: authors, conversations, facts, blocks, targets twice, conversations again."""
    statements: list[str] = []

    def note(*execution: object) -> None:
        statements.append(str(execution[2]))

    said = [
        event_of(message_received(at="Mon 09:00", author=f"a{number}", id=f"e{number}"), "westward", f"c{number}")
        for number in range(300)
    ]
    block = event_of(author_blocked("a1", at="Mon 09:00"), "westward")
    async with office.transaction() as tx:
        engine = office.bus.database.engine.sync_engine
        sqlalchemy.event.listen(engine, "before_cursor_execute", note)
        await messages(office.packs)(office.batch([*said, block]), tx)
        sqlalchemy.event.remove(engine, "before_cursor_execute", note)
    assert len(statements) == 7
