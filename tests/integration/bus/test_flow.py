"""Records in, entries and events out; what becomes of each is counted (P2, P3, P4)."""

from shared.bus import encode
from shared.bus.codec import encode_structured
from tests.integration.bus.ledger import poison, resolved
from tests.integration.bus.world import World


async def test_events_are_applied_in_order_and_answered_once(world: World) -> None:
    events = [resolved(f"c{n % 7}") for n in range(300)]
    await world.say(*events)
    async with world.running(relay=True):
        await world.applied(300)
        await world.drained()
    assert sorted(await world.entries()) == sorted(event.id for event in events)
    by_key: dict[str, list[str]] = {}
    for row in await world.fetch("select key, id from entries order by n"):
        by_key.setdefault(row.key, []).append(row.id)
    assert by_key == {f"c{k}": [e.id for e in events if e.key == f"c{k}"] for k in range(7)}
    assert sorted(await world.emitted()) == sorted(event.id for event in events)
    assert await world.counts() == {"applied": 300, "duplicate": 0, "ignored": 0, "dead": 0, "taken": 300}


async def test_structured_mode_is_read_too(world: World) -> None:
    event = resolved("c1")
    await world.write(world.topics.shared("messages"), encode_structured(event))
    async with world.running():
        await world.applied(1)
    assert await world.entries() == [event.id]


async def test_events_of_no_interest_are_counted_as_ignored(world: World) -> None:
    headers = [(name, b"houserules.brand-new.v1" if name == "ce_type" else value)
               for name, value in encode(resolved("c1")).headers]  # fmt: skip
    unknown = encode(resolved("c1"))._replace(headers=headers)
    await world.write(world.topics.shared("messages"), unknown, encode(poison()), encode(resolved("c1")))
    async with world.running():
        await world.applied(1)
        await world.taken(3)
    assert await world.counts() == {"applied": 1, "duplicate": 0, "ignored": 2, "dead": 0, "taken": 3}
