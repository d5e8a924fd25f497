"""Records that cannot be applied: dead at once, kept byte for byte, in nobody's way, and sent again once mended."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest
from aiokafka import ConsumerRecord

from shared.bus import deadletters, encode
from shared.bus.codec import Wire, encode_structured
from shared.bus.deadletters import DeadLetter
from tests.integration.bus.ledger import resolved, staff_left
from tests.integration.bus.world import World


def _with(wire: Wire, body: bytes | None = None, key: bytes | None = None, **headers: bytes | None) -> Wire:
    """A record with other headers (`ce_id=None` takes one away), another body or key."""
    kept = [(name, value) for name, value in wire.headers if name not in headers]
    kept += [(name, value) for name, value in headers.items() if value is not None]
    return Wire(key or wire.key, kept, wire.body if body is None else body)


HR = encode(staff_left("p1", "hr-1"))
OURS = encode(resolved("c1"))
DATA = {"conversation": "c1", "at": "2026-04-01T09:00:00Z"}

CORPUS: dict[str, tuple[str, Wire, str]] = {
    "bad JSON": ("messages", _with(OURS, b'{"conversation": "c1"'), "undecodable"),
    "not UTF-8": ("messages", _with(OURS, b'{"conversation": "\xff"}'), "undecodable"),
    "no body": ("messages", Wire(OURS.key, OURS.headers, None), "undecodable"),
    "missing ce_id": ("messages", _with(OURS, ce_id=None), "undecodable"),
    "empty ce_id": ("messages", _with(OURS, ce_id=b""), "undecodable"),
    "missing ce_type": ("messages", _with(OURS, ce_type=None), "undecodable"),
    "structured bad JSON": ("messages", Wire(OURS.key, [("content-type", b"application/cloudevents+json")], b"{"), "undecodable"),
    "wrong type": ("messages", _with(OURS, msgspec.json.encode(DATA | {"at": 5})), "invalid"),
    "missing field": ("messages", _with(OURS, b'{"conversation": "c1"}'), "invalid"),
    "NUL in text": ("messages", _with(OURS, msgspec.json.encode(DATA | {"actor": "a\0b"})), "invalid"),
    "NUL in ce_id": ("messages", _with(OURS, ce_id=b"a\0b"), "invalid"),
    "id too long": ("messages", _with(OURS, ce_id=b"x" * 256), "invalid"),
    "time without offset": ("messages", _with(OURS, ce_time=b"2026-04-01T09:00:00"), "invalid"),
    "key of another": ("messages", _with(OURS, key=b"c2"), "invalid"),
    "another specversion": ("messages", _with(OURS, ce_specversion=b"0.3"), "invalid"),
    "2 MiB body": ("messages", _with(OURS, b'{"conversation":"' + b"x" * 2**21 + b'"}'), "too-large"),
    "unknown organisation": ("messages", _with(OURS, ce_organisation=b"nowhere"), "unknown-organisation"),
    "foreign source on a shared topic": ("messages", _with(OURS, ce_source=b"/westward/hr"), "forged-source"),
    "our source on an in. topic": ("in", _with(HR, ce_source=b"/houserules/access"), "forged-source"),
    "another organisation on an in. topic": ("in", _with(HR, ce_organisation=b"wheatley"), "forged-source"),
    "unknown type on an in. topic": ("in", _with(HR, ce_type=b"houserules.staff-promoted.v1"), "unknown-type"),
    "another topic's type on an in. topic": ("in", _with(HR, ce_type=b"houserules.sla-breach.v1"), "unknown-type"),
    "type without prefix on an in. topic": ("in", _with(HR, ce_type=b"staff-left"), "unknown-type"),
}  # fmt: skip


def _topic(world: World, kind: str) -> str:
    return world.topics.inbound("westward", "people") if kind == "in" else world.topics.shared(kind)


async def test_the_corpus_is_dead_with_its_codes_and_untouched(world: World) -> None:
    """One pass over everything that can be wrong; what is sound around it is applied."""
    where: dict[tuple[str, int, int], str] = {}
    for name, (kind, wire, _) in CORPUS.items():
        (sent,) = await world.write(_topic(world, kind), wire)
        where[sent.topic, sent.partition, sent.offset] = name
    good = [resolved("c1"), resolved("c2")]
    await world.say(*good)
    await world.write(_topic(world, "in"), encode(staff_left("p1", "hr-ok")))
    async with world.running(relay=True):
        await world.taken(len(CORPUS) + 3)
        await world.drained()
    rows = await world.fetch("select * from dead_letters")
    found = {where[row.topic, row.partition, row.log_offset]: row for row in rows}
    assert {name: row.code for name, row in found.items()} == {name: code for name, (_, _, code) in CORPUS.items()}
    assert all(row.message.startswith(f"{row.code}: ") for row in rows)
    assert sorted(await world.entries()) == sorted([*(event.id for event in good), "hr-ok"])
    counts = await world.counts()
    assert (counts["applied"], counts["dead"], counts["ignored"]) == (3, len(CORPUS), 0)
    for kind in ("messages", "in"):
        await _untouched(world, kind, where)


async def _untouched(world: World, kind: str, where: dict[tuple[str, int, int], str]) -> None:
    """The dead letter topic holds key, headers and body as they came, and our notes behind them."""
    topic = _topic(world, kind)
    letters = await world.published(world.topics.dead(topic, world.topics.group("sla")))
    assert len(letters) == sum(1 for each, _, _ in CORPUS.values() if each == kind)
    for letter in letters:
        notes = dict(letter.headers)
        place = (topic, int(notes["dlt-original-partition"]), int(notes["dlt-original-offset"]))
        _, wire, code = CORPUS[where[place]]
        assert (letter.key, letter.value) == (wire.key, wire.body)
        assert list(letter.headers)[: len(wire.headers)] == list(wire.headers)
        assert notes["dlt-original-topic"].decode() == topic
        assert notes["dlt-original-consumer-group"].decode() == world.topics.group("sla")
        assert notes["dlt-error-message"].decode().startswith(f"{code}: ")
        assert int(notes["dlt-original-timestamp"]) > 0


async def test_one_dead_in_five_hundred_leaves_499_applied(world: World) -> None:
    wires = [encode(resolved("c1")) for _ in range(500)]
    wires[250] = _with(wires[250], b"{")
    await world.write(world.topics.shared("messages"), *wires)
    async with world.running():
        await world.taken(500)
    assert len(await world.entries()) == 499
    assert await world.counts() == {"applied": 499, "duplicate": 0, "ignored": 0, "dead": 1, "taken": 500}


@pytest.mark.parametrize("actor", ["bug", "poison"])
async def test_a_record_that_the_handler_cannot_take_is_dead_and_its_redrive_is_applied(
    world: World, actor: str
) -> None:
    events = [resolved("a"), bad := resolved("a", actor=actor), resolved("b")]
    await world.say(*events)
    async with world.running(relay=True):
        await world.taken(3)
        await world.drained()
    assert sorted(await world.entries()) == sorted([events[0].id, events[2].id])
    (letter,) = await world.fetch("select * from dead_letters")
    assert letter.code == ("bug" if actor == "bug" else "refused")
    assert "in its text" not in letter.message
    assert await world.scalar("select count(*) from inbox where id = :id", id=bad.id) == 0
    world.ledger.healed = True
    mended = replace(world.another(), healed=True)
    async with mended.bus.transaction() as tx:
        assert await deadletters.redrive(tx, [letter.id], "ops-1") == [letter.id]
    async with world.running(mended, relay=True):
        await world.taken(4)
    await mended.bus.database.close()
    original, again = await _versions(world, bad.id)
    assert (again.key, again.value, again.headers) == (original.key, original.value, original.headers)
    assert again.partition == original.partition
    assert (await world.entries())[-1] == bad.id or actor == "poison"
    async with world.ledger.bus.transaction() as tx:
        assert await deadletters.redrive(tx, [letter.id], "ops-1") == []
    row = (await world.fetch("select state, redriven_by from dead_letters where id = :id", id=letter.id))[0]
    assert tuple(row) == ("redriven", "ops-1")
    assert await world.scalar("select count(*) from audit where actor = 'ops-1'") == 1


async def test_a_record_of_a_new_log_never_replaces_an_open_dead_letter(world: World) -> None:
    """A topic made anew has other records at the offsets of the old one; the same record read again is no other."""
    for body in (b"of the old log", b"of the new log", b"of the new log"):
        raw = ConsumerRecord("t", 0, 7, 1_000, 0, b"k", body, None, 1, len(body), ())
        async with world.ledger.bus.transaction() as tx:
            await deadletters.bury(tx, world.ledger.bus.group, [DeadLetter(raw, "bug", "x", "X")])
    rows = await world.fetch("select body, state from dead_letters order by id")
    assert [(bytes(row.body), row.state) for row in rows] == [(b"of the old log", "open"), (b"of the new log", "open")]


async def _versions(world: World, event_id: str) -> list[Any]:
    records = await world.published(world.topics.shared("messages"))
    return [r for r in records if dict(r.headers)["ce_id"].decode() == event_id]


async def test_an_outside_writer_may_leave_the_key_out(world: World) -> None:
    bare = Wire(None, HR.headers, HR.body)
    await world.write(world.topics.inbound("wheatley", "people"), _with(bare, ce_organisation=None), partition=0)
    await world.write(world.topics.inbound("westward", "people"), encode_structured(staff_left("p9", "hr-9")))
    await world.write(world.topics.shared("messages"), Wire(None, OURS.headers, OURS.body), partition=0)
    async with world.running():
        await world.taken(3)
    rows = await world.fetch("select organisation, key from entries order by organisation")
    assert [tuple(row) for row in rows] == [("westward", "p9"), ("wheatley", "p1")]
    assert [row.code for row in await world.fetch("select code from dead_letters")] == ["invalid"]
