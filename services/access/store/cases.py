"""Cases as rows, and what the breaker counts."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any

import msgspec
from sqlalchemy import Row

from services.access.domain import Breaker, Case
from shared.bus.tx import Tx
from shared.policy import Pack

__all__ = ["about", "breaker", "find", "held_under", "let_go", "of_row", "page_of", "save"]

ABOUT = """
    select * from cases
    where organisation = :organisation
        and (person = any(cast(:people as text[])) or (kind = 'leavers-held' and state = 'open'))
"""

SAVE = """
    insert into cases (
        organisation, "case", kind, person, subjects, candidates, state, outcome, opened_at, closed_at, closed_by
    )
    select :organisation, id, kind, person, subjects, candidates, state, outcome, opened_at, closed_at, closed_by
    from jsonb_to_recordset(cast(:rows as jsonb)) as c(
        id text, kind text, person text, subjects text[], candidates integer, state text, outcome text,
        opened_at timestamptz, closed_at timestamptz, closed_by text
    )
    on conflict (organisation, "case") do update set
        subjects = excluded.subjects, state = excluded.state, outcome = excluded.outcome,
        closed_at = excluded.closed_at, closed_by = excluded.closed_by
"""

COUNTED = """
    select
        (select count(*) from stints
         where organisation = :organisation and counted_at > :since and counted_at <= :now)
        + (select count(*) from cases
           where organisation = :organisation and kind = 'leaver-unmatched'
               and opened_at > :since and opened_at <= :now) as counted,
        (select count(distinct person) from stints
         where organisation = :organisation and state <> 'left' and begins <= :now) as employed
"""

ONE = 'select * from cases where organisation = :organisation and "case" = :case'
HELD_UNDER = """
    select person, stint from stints where organisation = :organisation and hold = :case order by known_at, person, stint
"""
LET_GO = "update stints set hold = null where organisation = :organisation and hold = :case"

LIST = "select * from cases where "
FILTERS: Mapping[str, str] = MappingProxyType(
    {
        "organisation": "organisation = :organisation",
        "state": "state = :state",
        "kind": "kind = :kind",
        "manager": """exists (select from people p where p.organisation = cases.organisation
                               and p.person = cases.person and p.manager = :manager)""",
        "after": '(opened_at, "case") > (cast(:after_opened as timestamptz), :after_case)',
    }
)
IN_ORDER = ' order by opened_at, "case" limit :most'


def of_row(row: Row[Any]) -> Case:
    """A row as the rules know it."""
    known = {name: value for name, value in row._mapping.items() if name not in ("organisation", "case", "subjects")}
    return Case(id=row._mapping["case"], subjects=tuple(row.subjects), **known)


async def about(tx: Tx, organisation: str, people: Iterable[str]) -> list[Case]:
    """The cases about these people, and the one under which leavers are held."""
    rows = await tx.fetch(ABOUT, organisation=organisation, people=sorted(set(people)))
    return [of_row(row) for row in rows]


async def breaker(tx: Tx, organisation: str, pack: Pack) -> Breaker:
    """What was counted in the last window, and how much it may be."""
    rule = pack.access.breaker
    since = tx.now - rule.window.fixed
    row = (await tx.fetch(COUNTED, organisation=organisation, since=since, now=tx.now))[0]
    limit = max(float(rule.least), rule.share * row.employed)
    return Breaker(limit=limit, counted=row.counted, since=since, ahead=rule.ahead.fixed)


async def save(tx: Tx, organisation: str, cases: Iterable[Case]) -> None:
    """Write these."""
    rows = [{name: getattr(one, name) for name in Case.__slots__} for one in cases]
    if rows:
        await tx.execute(SAVE, organisation=organisation, rows=msgspec.json.encode(rows).decode())


async def find(tx: Tx, organisation: str, case: str) -> Case | None:
    """One of the organisation."""
    rows = await tx.fetch(ONE, organisation=organisation, case=case)
    return of_row(rows[0]) if rows else None


async def held_under(tx: Tx, organisation: str, case: str) -> Sequence[tuple[str, str]]:
    """The (person, stint) that wait under a case of the breaker."""
    return [(row.person, row.stint) for row in await tx.fetch(HELD_UNDER, organisation=organisation, case=case)]


async def let_go(tx: Tx, organisation: str, case: str) -> None:
    """Nobody waits under this case any more."""
    await tx.execute(LET_GO, organisation=organisation, case=case)


async def page_of(
    tx: Tx,
    organisation: str,
    most: int,
    *,
    state: str | None = None,
    kind: str | None = None,
    manager: str | None = None,
    after: tuple[datetime, str] | None = None,
) -> Sequence[Row[Any]]:
    """An organisation's cases, the oldest first, from behind `after` (opened, case) on."""
    given: dict[str, Any] = {"organisation": organisation, "state": state, "kind": kind, "manager": manager}
    values = {name: value for name, value in given.items() if value is not None}
    filters = [FILTERS[name] for name in values]
    if after is not None:
        filters.append(FILTERS["after"])
        values |= {"after_opened": after[0], "after_case": after[1]}
    return await tx.fetch(LIST + " and ".join(filters) + IN_ORDER, most=most, **values)
