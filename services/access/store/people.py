"""People as rows: who they are to the register, and whom to look at."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import msgspec
from sqlalchemy import Row

from shared.bus.tx import Tx

__all__ = ["due", "employed", "find", "managers_of", "page_of", "profiles", "save_profiles", "stints_of", "taken_from"]

DUE = """
    select person from people
    where organisation = :organisation and next_at <= :now
    order by next_at, person
    limit :most
"""

PROFILES = """
    select person, name, work_email, roles from people
    where organisation = :organisation and person = any(cast(:people as text[])) and registered
"""

SAVE_PROFILES = """
    insert into people (organisation, person, name, work_email, roles)
    select :organisation, person, name, work_email, coalesce(roles, '{}')
    from jsonb_to_recordset(cast(:rows as jsonb)) as p(person text, name text, work_email text, roles text[])
    on conflict (organisation, person) do update set
        name = coalesce(excluded.name, people.name), work_email = coalesce(excluded.work_email, people.work_email),
        roles = case when excluded.roles = '{}' then people.roles else excluded.roles end
"""

EMPLOYED = """
    select distinct s.person from stints s
    where s.organisation = :organisation and s.state <> 'left' and s.begins <= :now
    order by s.person
"""

MANAGERS = "select person, manager from people where organisation = :organisation and registered"

STINTS = """
    select * from stints
    where organisation = :organisation and person = any(cast(:people as text[]))
    order by person, begins, stint
"""

TAKEN = """
    select distinct t.person from (
    select a.person from accounts a where a.organisation = :organisation and a.account = any(cast(:accounts as text[]))
    union
    select s.owner as person from sites s where s.organisation = :organisation and s.site = any(cast(:sites as text[]))
    union
    select a.person from grants g join accounts a on a.organisation = g.organisation and a.account = g.account
    where g.organisation = :organisation
        and (g."grant" = any(cast(:grants as text[])) or g.site = any(cast(:sites as text[])))
    ) as t
    where exists (
        select from stints l where l.organisation = :organisation and l.person = t.person and l.state <> 'active'
    )
    order by t.person
"""
"""Those who leave or have left, and whose access these entries are part of."""

LIST = "select * from people where registered and "
FILTERS: Mapping[str, str] = MappingProxyType(
    {
        "organisation": "organisation = :organisation",
        "manager": "manager = :manager",
        "person": "person = :person",
        "after": "person > :after",
    }
)
IN_ORDER = " order by person limit :most"


async def due(tx: Tx, organisation: str, most: int) -> list[str]:
    """Those whose time has come, in its order."""
    rows = await tx.fetch(DUE, organisation=organisation, now=tx.now, most=most)
    return [row.person for row in rows]


async def profiles(tx: Tx, organisation: str, people: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """Name, work e-mail and roles of those whom the register knows."""
    rows = await tx.fetch(PROFILES, organisation=organisation, people=list(people))
    return {row.person: dict(row._mapping) for row in rows}


async def save_profiles(tx: Tx, organisation: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write names, e-mails and roles; what is unknown stays as it was."""
    if rows:
        await tx.execute(SAVE_PROFILES, organisation=organisation, rows=msgspec.json.encode(rows).decode())


async def employed(tx: Tx, organisation: str) -> list[str]:
    """Everybody with a stint in force."""
    return [row.person for row in await tx.fetch(EMPLOYED, organisation=organisation, now=tx.now)]


async def managers_of(tx: Tx, organisation: str) -> dict[str, str | None]:
    """Everybody whom the register knows, with their manager."""
    return {row.person: row.manager for row in await tx.fetch(MANAGERS, organisation=organisation)}


async def stints_of(tx: Tx, organisation: str, people: Sequence[str]) -> Sequence[Row[Any]]:
    """Their stints, by beginning."""
    return await tx.fetch(STINTS, organisation=organisation, people=list(people))


async def taken_from(
    tx: Tx, organisation: str, *, accounts: Sequence[str] = (), sites: Sequence[str] = (), grants: Sequence[str] = ()
) -> list[str]:
    """The leavers whose access these accounts, sites and grants are part of."""
    rows = await tx.fetch(
        TAKEN, organisation=organisation, accounts=list(accounts), sites=list(sites), grants=list(grants)
    )
    return [row.person for row in rows]


async def page_of(
    tx: Tx,
    organisation: str,
    most: int,
    *,
    manager: str | None = None,
    person: str | None = None,
    after: str | None = None,
) -> Sequence[Row[Any]]:
    """An organisation's people by id, from behind `after` on."""
    given: dict[str, Any] = {"organisation": organisation, "manager": manager, "person": person, "after": after}
    values = {name: value for name, value in given.items() if value is not None}
    return await tx.fetch(LIST + " and ".join(FILTERS[name] for name in values) + IN_ORDER, most=most, **values)


async def find(tx: Tx, organisation: str, person: str, manager: str | None = None) -> Row[Any] | None:
    """One of the organisation, or of a manager's own people."""
    rows = await page_of(tx, organisation, 1, person=person, manager=manager)
    return rows[0] if rows else None
