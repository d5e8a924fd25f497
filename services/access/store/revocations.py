"""Revocations as rows."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from types import MappingProxyType
from typing import Any

import msgspec
from sqlalchemy import Row

from services.access.domain import TO_GO, Revocation
from shared.bus.tx import Tx

__all__ = ["counts", "due", "find", "held_in", "of_people", "of_row", "page_of", "save"]

ADD = """
    insert into revocations (
        organisation, revocation, person, stint, kind, item, action, "grant", site, account, network, role, reason,
        leave_at, known_at, deadline, levels, policy, owner, state, story, cause, level, claimed_by, claimed_at,
        confirmed_by, confirmed_at, evidence, waived_until, next_at
    )
    select
        :organisation, revocation, person, stint, kind, item, action, "grant", site, account, network, role, reason,
        leave_at, known_at, levels[1], levels, policy, owner, state, story, cause, level, claimed_by, claimed_at,
        confirmed_by, confirmed_at, evidence, waived_until, next_at
    from json_populate_recordset(
        json_populate_record(cast(null as revocations), cast(:alike as json)), cast(:rows as json)
    )
"""
"""Rows as one JSON document: they hold arrays, and `unnest` would run those together. `json` takes PostgreSQL half as long as
`jsonb`, which it would first make and then read; and two thirds of that where what they have in common is read once."""

SAVE = (
    ADD
    + """
    on conflict (organisation, revocation) do update set
        action = excluded.action, "grant" = excluded."grant", site = excluded.site, account = excluded.account,
        network = excluded.network, role = excluded.role, leave_at = excluded.leave_at, known_at = excluded.known_at,
        deadline = excluded.deadline, levels = excluded.levels, policy = excluded.policy, owner = excluded.owner,
        state = excluded.state, story = excluded.story, cause = excluded.cause, level = excluded.level,
        claimed_by = excluded.claimed_by, claimed_at = excluded.claimed_at, confirmed_by = excluded.confirmed_by,
        confirmed_at = excluded.confirmed_at, evidence = excluded.evidence, waived_until = excluded.waived_until,
        next_at = excluded.next_at
"""
)

OF_PEOPLE = """
    select * from revocations where organisation = :organisation and person = any(cast(:people as text[]))
"""
HELD_IN = """
    select * from revocations
    where organisation = :organisation and state = 'held-last-admin'
    order by site, revocation
"""
ONE = "select * from revocations where organisation = :organisation and revocation = :revocation"
DUE = """
    select * from revocations
    where organisation = :organisation and next_at <= :now
    order by next_at, revocation
    limit :most
"""

IS_TO_GO = "(state = any(cast(:to_go as text[])) or (state = 'planned' and leave_at <= :now))"
"""As the rules say it of one, `Revocation.to_go`; the figures of `metrics.py` count by it, too."""

COUNTS = f"""
    select count(*) filter (where {IS_TO_GO}) as open,
        count(*) filter (where {IS_TO_GO} and deadline <= :now) as overdue,
        count(*) filter (where state = 'held-last-admin') as held,
        count(*) filter (where state = 'planned' and not {IS_TO_GO}) as planned
    from revocations
    where organisation = :organisation and (cast(:owner as text) is null or owner = :owner)
"""

LIST = "select * from revocations where "
FILTERS: Mapping[str, str] = MappingProxyType(
    {
        "organisation": "organisation = :organisation",
        "state": "state = :state",
        "person": "person = :person",
        "owner": "owner = :owner",
        "overdue": f"(deadline <= :now and {IS_TO_GO})",
        "timely": f"not (deadline <= :now and {IS_TO_GO})",
        "open": IS_TO_GO,
        "not_open": f"not {IS_TO_GO}",
        "after": "(deadline, revocation) > (cast(:after_deadline as timestamptz), :after_revocation)",
    }
)
IN_ORDER = " order by deadline, revocation limit :most"
FIELDS = tuple(name for name in Revocation.__struct_fields__ if name not in ("id", "levels"))
COLUMNS = ("revocation", "levels", "next_at", *FIELDS)
VALUES = attrgetter("id", "levels", "next_at", *FIELDS)
"""A revocation's columns and what it has in them; others follow from these."""


def of_row(row: Row[Any]) -> Revocation:
    """A row as the rules know it."""
    known = row._mapping
    return Revocation(id=row.revocation, levels=tuple(row.levels), **{name: known[name] for name in FIELDS})


async def save(tx: Tx, organisation: str, revocations: Sequence[Revocation], *, new: bool = False) -> None:
    """Write these: it is under way when this returns. Of `new` ones PostgreSQL need not ask whether it has them."""
    if not revocations:
        return
    columns: dict[str, Sequence[Any]] = dict(zip(COLUMNS, zip(*map(VALUES, revocations), strict=True), strict=True))
    alike = {name: values[0] for name, values in columns.items() if values.count(values[0]) == len(values)}
    unlike = {name: values for name, values in columns.items() if name not in alike}
    rows = [dict(zip(unlike, values, strict=True)) for values in zip(*unlike.values(), strict=True)]
    await tx.send(
        ADD if new else SAVE,
        organisation=organisation,
        alike=msgspec.json.encode(alike).decode(),
        rows=msgspec.json.encode(rows or [{}]).decode(),
    )


async def of_people(tx: Tx, organisation: str, people: Sequence[str]) -> Mapping[str, list[Revocation]]:
    """All revocations of these people, done or not."""
    found: dict[str, list[Revocation]] = defaultdict(list)
    for row in await tx.fetch(OF_PEOPLE, organisation=organisation, people=list(people)):
        found[row.person].append(of_row(row))
    return found


async def held_in(tx: Tx, organisation: str) -> list[Revocation]:
    """Those that wait for another administrator, by site."""
    return [of_row(row) for row in await tx.fetch(HELD_IN, organisation=organisation)]


async def due(tx: Tx, organisation: str, most: int) -> list[Revocation]:
    """Those that time has something to say of."""
    return [of_row(row) for row in await tx.fetch(DUE, organisation=organisation, now=tx.now, most=most)]


async def find(tx: Tx, organisation: str, revocation: str) -> Revocation | None:
    """One of the organisation."""
    rows = await tx.fetch(ONE, organisation=organisation, revocation=revocation)
    return of_row(rows[0]) if rows else None


async def counts(tx: Tx, organisation: str, owner: str | None = None) -> Mapping[str, int]:
    """How many are open, overdue, held and planned."""
    rows = await tx.fetch(COUNTS, organisation=organisation, owner=owner, to_go=sorted(TO_GO), now=tx.now)
    return dict(rows[0]._mapping)


async def page_of(
    tx: Tx,
    organisation: str,
    most: int,
    *,
    state: str | None = None,
    person: str | None = None,
    owner: str | None = None,
    overdue: bool | None = None,
    is_open: bool | None = None,
    after: tuple[datetime, str] | None = None,
) -> Sequence[Row[Any]]:
    """An organisation's revocations by deadline, from behind `after` (deadline, revocation) on."""
    given: dict[str, Any] = {"organisation": organisation, "state": state, "person": person, "owner": owner}
    values = {name: value for name, value in given.items() if value is not None}
    filters = [FILTERS[name] for name in values]
    if overdue is not None:
        filters.append(FILTERS["overdue" if overdue else "timely"])
    if is_open is not None:
        filters.append(FILTERS["open" if is_open else "not_open"])
    if overdue is not None or is_open is not None:
        values |= {"to_go": sorted(TO_GO), "now": tx.now}
    if after is not None:
        filters.append(FILTERS["after"])
        values |= {"after_deadline": after[0], "after_revocation": after[1]}
    return await tx.fetch(LIST + " and ".join(filters) + IN_ORDER, most=most, **values)
