"""Bring people up to date in one transaction: load, decide, save, tell. Handler, timer and doors all end here."""

from collections.abc import Iterable, Sequence

from services.access.domain import Cases, Fact, Known, Revocation, Settled, Telling, World, bring_up_in_parts, release
from services.access.store import cases, journal, register, revocations
from services.access.store.locks import hold
from shared.bus.tx import Tx
from shared.platform.ids import uuid7
from shared.policy import Packs

__all__ = ["settle", "telling_of", "told"]

PART = 500
"""Revocations, and events, that are written at a time."""


def telling_of(tx: Tx, packs: Packs, organisation: str) -> Telling:
    """Where the events of an organisation are collected."""
    return Telling(organisation, packs.at(organisation, tx.now), tx.now, uuid7)


def told(tx: Tx, telling: Telling) -> None:
    """Emit what was collected since the last time; the organisation's row is locked and covers it."""
    events = telling.take()
    hold(tx, telling.organisation, [event.key for event in events])
    tx.emit(*events)


async def _save_and_tell(tx: Tx, telling: Telling, rows: Sequence[Revocation], *, new: bool = False) -> None:
    """Write revocations and what is told with them, part by part: the database works on one part while this process
    encodes the next. Of a leaver with 10,000 grants each takes about half of the time."""
    events = telling.take()
    hold(tx, telling.organisation, {event.key for event in events})
    for first in range(0, max(len(rows), len(events)), PART):
        await revocations.save(tx, telling.organisation, rows[first : first + PART], new=new)
        tx.emit(*events[first : first + PART])
        if len(events) >= PART:
            await tx.send_emitted()


async def settle(
    tx: Tx,
    packs: Packs,
    organisation: str,
    people: Iterable[str],
    said: Sequence[tuple[str, Fact]] = (),
    telling: Telling | None = None,
) -> None:
    """Add what was said of people, fold it, and carry out what follows, in the order in which people are given.

    The organisation's row is locked by the caller. What was held for another administrator is released where it may go.
    """
    telling = telling or telling_of(tx, packs, organisation)
    await journal.add(tx, organisation, said)
    wanted = list(dict.fromkeys(people))
    if wanted:
        await _bring_up(tx, packs, telling, wanted)
    await _release(tx, telling)
    told(tx, telling)


async def _bring_up(tx: Tx, packs: Packs, telling: Telling, people: Sequence[str]) -> None:
    organisation = telling.organisation
    facts = await journal.facts_of(tx, organisation, people)
    standings = await register.standings_of(tx, organisation, people)
    items = await register.items_held(tx, organisation, people)
    known = await revocations.of_people(tx, organisation, people)
    managers = {fact.manager for said in facts.values() for fact in said if fact.manager is not None}
    world = World(
        packs=packs,
        telling=telling,
        admins=await register.admins_of(
            tx, organisation, (item.site for held in items.values() for item in held if item.administers)
        ),
        line=await register.line_above(tx, organisation, (*people, *managers)),
        cases=Cases.of(await cases.about(tx, organisation, people), tx.now, uuid7),
        breaker=await cases.breaker(tx, organisation, telling.pack),
        new_id=uuid7,
    )
    settled: list[Settled] = []
    for person in people:
        one = Known(
            person=person,
            facts=facts.get(person, ()),
            standings=standings.get(person, {}),
            items=items.get(person, ()),
            revocations=known.get(person, ()),
        )
        settled.append(await _decide(tx, one, world))
    await register.save_people(tx, organisation, settled)
    await register.save_standings(tx, organisation, settled)
    await cases.save(tx, organisation, world.cases.changed.values())
    await _save_and_tell(tx, telling, [row for one in settled for row in one.revocations])


async def _decide(tx: Tx, known: Known, world: World) -> Settled:
    """Bring one person up to date. Of very many revocations the first are being written while the others are decided."""
    parts = bring_up_in_parts(known, world, PART)
    had = {one.id for one in known.revocations}
    while True:
        try:
            part = next(parts)
        except StopIteration as end:
            settled: Settled = end.value
            return settled
        ids = [one.id for one in part]
        await _save_and_tell(tx, world.telling, part, new=had.isdisjoint(ids))
        had.update(ids)


async def _release(tx: Tx, telling: Telling) -> None:
    held = await revocations.held_in(tx, telling.organisation)
    if held:
        sites = (one.site for one in held if one.site is not None)
        admins = await register.admins_of(tx, telling.organisation, sites)
        await revocations.save(tx, telling.organisation, release(held, admins, telling))
