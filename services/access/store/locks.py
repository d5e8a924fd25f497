"""One transaction at a time changes an organisation's register.

Whether an administrator may go depends on who else administers the site, and whether a leaver is held on how many leave:
one row per organisation, locked in sorted order, covers every person and site of it.
"""

from collections.abc import Iterable

from shared.bus.tx import Tx

__all__ = ["claim_organisations", "hold", "lock_organisations"]

LOCK = """
    insert into organisations (organisation)
    select organisation from unnest(cast(:organisations as text[])) as o(organisation) order by organisation
    on conflict (organisation) do update set organisation = excluded.organisation where false
"""
"""Makes what is missing and locks all: a conflicting row is locked even where the condition spares it the update."""

CLAIM = """
    select o.organisation
    from organisations o
    where o.organisation = any(cast(:organisations as text[])) and (
        exists (select from people p where p.organisation = o.organisation and p.next_at <= :now)
        or exists (select from revocations r where r.organisation = o.organisation and r.next_at <= :now)
    )
    order by o.organisation
    for update skip locked
"""

DUE = """
    select exists (select from people
                   where next_at <= :now and organisation = any(cast(:organisations as text[])))
        or exists (select from revocations
                   where next_at <= :now and organisation = any(cast(:organisations as text[]))) as due
"""


async def lock_organisations(tx: Tx, organisations: Iterable[str]) -> list[str]:
    """Lock these organisations; in the order in which they are locked."""
    wanted = sorted(set(organisations))
    await tx.execute(LOCK, organisations=wanted)
    return wanted


async def claim_organisations(tx: Tx, organisations: Iterable[str]) -> list[str]:
    """Lock those in which time has something to say, but for those that others hold."""
    wanted = sorted(organisations)
    if not (await tx.fetch(DUE, now=tx.now, organisations=wanted))[0].due:
        return []
    return [row.organisation for row in await tx.fetch(CLAIM, now=tx.now, organisations=wanted)]


def hold(tx: Tx, organisation: str, keys: Iterable[str], topic: str = "access") -> None:
    """Say that the organisation's row covers these keys of a topic."""
    tx.holds(topic, organisation, keys)


async def waits_for_time(tx: Tx, organisations: Iterable[str]) -> bool:
    """Whether something is due and not yet told."""
    return bool((await tx.fetch(DUE, now=tx.now, organisations=sorted(organisations)))[0].due)
