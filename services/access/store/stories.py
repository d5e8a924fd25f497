"""What is told of one person afterwards: what the register said of them, and what people did."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from shared.bus.tx import Tx

__all__ = ["acts_about", "entries_about", "names_of_people", "names_of_sites"]

ENTRIES = """
    select h.at, h.actor, h.kind, h.id, h.entry
    from history h
    where h.organisation = :organisation and (
        (h.kind = 'people' and h.id = :person)
        or (h.kind = 'accounts' and h.id in (
            select account from accounts where organisation = :organisation and person = :person))
        or (h.kind = 'grants' and h.id in (
            select g."grant" from grants g
            join accounts a on a.organisation = g.organisation and a.account = g.account
            where a.organisation = :organisation and a.person = :person))
        or (h.entry ->> 'revocation' in (
            select revocation from revocations where organisation = :organisation and person = :person))
    )
    order by h.position desc
    limit :most
"""

ACTS = """
    select a.at, a.actor, a.action, a.subject, a.reason, a.after
    from audit a
    where a.organisation = :organisation and (
        a.subject in (select revocation from revocations where organisation = :organisation and person = :person)
        or a.subject in (select "case" from cases where organisation = :organisation and person = :person)
    )
    order by a.position desc
    limit :most
"""

PEOPLE = """
    select person as id, name from people
    where organisation = :organisation and person = any(cast(:ids as text[])) and name is not null
"""
SITES = """
    select site as id, name from sites
    where organisation = :organisation and site = any(cast(:ids as text[])) and name is not null
"""


async def entries_about(tx: Tx, organisation: str, person: str, most: int) -> Sequence[Row[Any]]:
    """What was said of a person, their accounts and grants, the newest first."""
    return await tx.fetch(ENTRIES, organisation=organisation, person=person, most=most)


async def acts_about(tx: Tx, organisation: str, person: str, most: int) -> Sequence[Row[Any]]:
    """What people did to their revocations and cases, the newest first."""
    return await tx.fetch(ACTS, organisation=organisation, person=person, most=most)


async def names_of_people(tx: Tx, organisation: str, ids: Sequence[str]) -> dict[str, str]:
    """Of those whose names are known."""
    return {row.id: row.name for row in await tx.fetch(PEOPLE, organisation=organisation, ids=list(ids))}


async def names_of_sites(tx: Tx, organisation: str, ids: Sequence[str]) -> dict[str, str]:
    """Of those that have names."""
    return {row.id: row.name for row in await tx.fetch(SITES, organisation=organisation, ids=list(ids))}
