"""The register as the rules want it: what people hold, who administers, who manages whom, who is employed."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Row

from services.access.domain import Admins, Held, Holder, Item, Line, Owned, Settled, Standing, items_of
from shared.bus.tx import Tx

__all__ = ["admins_of", "items_held", "line_above", "save_people", "save_standings", "standings_of"]

HELD = """
    select g."grant", a.person, g.account, a.kind as account_kind, g.site, s.kind as site_kind, s.state as site_state,
           coalesce(s.network, a.network) as network, g.role, g.since
    from accounts a
    join grants g on g.organisation = a.organisation and g.account = a.account and g.state = 'active'
    join sites s on s.organisation = g.organisation and s.site = g.site
    where a.organisation = :organisation and a.person = any(cast(:people as text[]))
"""
"""Columns in the order of `Held`'s fields, as those of OWNED are in that of `Owned`'s: a row is made into one as it is."""

OWNED = """
    select site, owner as person, kind as site_kind, network, owner_since as since
    from sites
    where organisation = :organisation and owner = any(cast(:people as text[])) and state is distinct from 'closed'
"""

CURRENT = """
    lateral (
        select s.state, s.hold from stints s
        where s.organisation = p.organisation and s.person = p.person
        order by s.begins <= cast(:now as timestamptz) desc,
                 case when s.begins <= cast(:now as timestamptz) then s.begins end desc, s.begins, s.stint desc
        limit 1
    ) as current
"""
"""The stint in force, else the first that begins."""

ADMINS = (
    """
    select distinct g.site, a.person, 'communications' = any(p.roles) as communications
    from grants g
    join accounts a on a.organisation = g.organisation and a.account = g.account
    join people p on p.organisation = a.organisation and p.person = a.person and not p.suspended
    cross join """
    + CURRENT
    + """
    where g.organisation = :organisation and g.site = any(cast(:sites as text[]))
        and g.role = 'admin' and g.state = 'active'
        and current.state <> 'left' and current.hold is null
        and not exists (
            select from revocations r
            where r.organisation = g.organisation and r."grant" = g."grant"
                and r.state not in ('planned', 'confirmed', 'cancelled')
        )
        and exists (
            select from stints b
            where b.organisation = p.organisation and b.person = p.person and b.begins <= cast(:now as timestamptz)
        )
    """
)

CLOSED = """
    select site from sites
    where organisation = :organisation and site = any(cast(:sites as text[])) and state = 'closed'
"""

LINE = """
    with recursive line as (
        select p.organisation, p.person, p.manager from people p
        where p.organisation = :organisation and p.person = any(cast(:people as text[]))
        union
        select p.organisation, p.person, p.manager from people p
        join line on line.organisation = p.organisation and line.manager = p.person
    )
    select p.person, p.manager, current.state from line p left join """
LINE += CURRENT + " on true"

STANDINGS = """
    select * from stints where organisation = :organisation and person = any(cast(:people as text[]))
"""

SAVE_STANDINGS = """
    insert into stints (
        organisation, person, stint, starts_on, begins, state, leave_at, known_at, cause, story, counted_at, hold,
        held_until, snapshot
    )
    select :organisation, person, stint, starts_on, begins, state, leave_at, known_at, cause, story, counted_at, hold,
           held_until, snapshot
    from unnest(
        cast(:people as text[]), cast(:stints as text[]), cast(:starts as date[]), cast(:begins as timestamptz[]),
        cast(:states as text[]), cast(:leave_ats as timestamptz[]), cast(:known_ats as timestamptz[]),
        cast(:causes as text[]), cast(:stories as text[]), cast(:counted_ats as timestamptz[]), cast(:holds as text[]),
        cast(:held_untils as timestamptz[]), cast(:snapshots as text[])
    ) as s(
        person, stint, starts_on, begins, state, leave_at, known_at, cause, story, counted_at, hold, held_until, snapshot
    )
    on conflict (organisation, person, stint) do update set
        starts_on = excluded.starts_on, begins = excluded.begins, state = excluded.state,
        leave_at = excluded.leave_at, known_at = excluded.known_at, cause = excluded.cause, story = excluded.story,
        counted_at = excluded.counted_at, hold = excluded.hold, held_until = excluded.held_until,
        snapshot = excluded.snapshot
"""

SAVE_PEOPLE = """
    insert into people (organisation, person, manager, team, suspended, registered, next_at)
    select :organisation, person, manager, team, suspended, registered, next_at
    from unnest(
        cast(:people as text[]), cast(:managers as text[]), cast(:teams as text[]), cast(:suspended as boolean[]),
        cast(:registered as boolean[]), cast(:next_ats as timestamptz[])
    ) as s(person, manager, team, suspended, registered, next_at)
    on conflict (organisation, person) do update set
        manager = excluded.manager, team = excluded.team, suspended = excluded.suspended,
        registered = people.registered or excluded.registered, next_at = excluded.next_at
"""


async def items_held(tx: Tx, organisation: str, people: Sequence[str]) -> Mapping[str, list[Item]]:
    """The access of each of these people."""
    held: dict[str, list[Held]] = defaultdict(list)
    owned: dict[str, list[Owned]] = defaultdict(list)
    for row in await tx.fetch(HELD, organisation=organisation, people=list(people)):
        grant = Held(*list(row))
        held[grant.person].append(grant)
    for row in await tx.fetch(OWNED, organisation=organisation, people=list(people)):
        owned[row.person].append(Owned(*list(row)))
    return {person: items_of(held[person], owned[person]) for person in {*held, *owned}}


async def admins_of(tx: Tx, organisation: str, sites: Iterable[str]) -> Admins:
    """Who administers these sites and is there to do so."""
    wanted = sorted(set(sites))
    if not wanted:
        return Admins()
    rows = await tx.fetch(ADMINS, organisation=organisation, sites=wanted, now=tx.now)
    closed = await tx.fetch(CLOSED, organisation=organisation, sites=wanted)
    return Admins.of((Holder(row.site, row.person, row.communications) for row in rows), (row.site for row in closed))


async def line_above(tx: Tx, organisation: str, people: Iterable[str]) -> Line:
    """The managers of these people, and theirs, to the top."""
    rows = await tx.fetch(LINE, organisation=organisation, people=sorted(set(people)), now=tx.now)
    return Line({row.person: row.manager for row in rows}, {row.person for row in rows if row.state == "left"})


async def standings_of(tx: Tx, organisation: str, people: Sequence[str]) -> Mapping[str, dict[str, Standing]]:
    """The stints of these people as they were last told."""
    found: dict[str, dict[str, Standing]] = defaultdict(dict)
    for row in await tx.fetch(STANDINGS, organisation=organisation, people=list(people)):
        found[row.person][row.stint] = _standing(row)
    return found


def _standing(row: Row[Any]) -> Standing:
    known = {name: value for name, value in row._mapping.items() if name not in ("organisation", "person", "stint")}
    return Standing(id=row.stint, **known)


async def save_standings(tx: Tx, organisation: str, settled: Sequence[Settled]) -> None:
    """Write the stints of these people."""
    rows = [(one.person, standing) for one in settled for standing in one.standings]
    if not rows:
        return
    await tx.execute(
        SAVE_STANDINGS,
        organisation=organisation,
        people=[person for person, _ in rows],
        stints=[row.id for _, row in rows],
        starts=[row.starts_on for _, row in rows],
        begins=[row.begins for _, row in rows],
        states=[row.state for _, row in rows],
        leave_ats=[row.leave_at for _, row in rows],
        known_ats=[row.known_at for _, row in rows],
        causes=[row.cause for _, row in rows],
        stories=[row.story for _, row in rows],
        counted_ats=[row.counted_at for _, row in rows],
        holds=[row.hold for _, row in rows],
        held_untils=[row.held_until for _, row in rows],
        snapshots=[row.snapshot for _, row in rows],
    )


async def save_people(tx: Tx, organisation: str, settled: Sequence[Settled]) -> None:
    """Write what the facts say of these people, and when to look at them again."""
    await tx.execute(
        SAVE_PEOPLE,
        organisation=organisation,
        people=[one.person for one in settled],
        managers=[one.employment.manager for one in settled],
        teams=[one.employment.team for one in settled],
        suspended=[one.employment.suspended for one in settled],
        registered=[bool(one.employment.stints) for one in settled],
        next_ats=[one.next_at for one in settled],
    )
