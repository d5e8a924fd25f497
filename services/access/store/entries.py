"""Sites, accounts and grants as entries of the register, and the history of all that is in it."""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import msgspec
from sqlalchemy import Row

from services.access.domain import Revocation
from shared.bus.tx import Tx

__all__ = [
    "Kind",
    "all_of",
    "being_emptied",
    "end_access",
    "holders_of",
    "in_revocation",
    "known",
    "remember",
    "save",
    "site",
]

Kind = str
"""sites, accounts or grants."""

KNOWN: Mapping[Kind, str] = MappingProxyType(
    {
        "sites": "select * from sites where organisation = :organisation and site = any(cast(:ids as text[]))",
        "accounts": "select * from accounts where organisation = :organisation and account = any(cast(:ids as text[]))",
        "grants": 'select * from grants where organisation = :organisation and "grant" = any(cast(:ids as text[]))',
    }
)

ALL: Mapping[Kind, str] = MappingProxyType(
    {
        "sites": "select * from sites where organisation = :organisation order by site",
        "accounts": "select * from accounts where organisation = :organisation order by account",
        "grants": ("select * from grants where organisation = :organisation and state = 'active' order by \"grant\""),
    }
)

SAVE: Mapping[Kind, str] = MappingProxyType(
    {
        "sites": """
            insert into sites as s (
                organisation, site, network, kind, name, url, owner, owner_since, state, approved_on
            )
            select :organisation, site, network, kind, name, url, owner, :now, state, approved_on
            from jsonb_to_recordset(cast(:rows as jsonb)) as r(
                site text, network text, kind text, name text, url text, owner text, state text, approved_on date
            )
            on conflict (organisation, site) do update set
                network = coalesce(excluded.network, s.network), kind = coalesce(excluded.kind, s.kind),
                name = coalesce(excluded.name, s.name), url = coalesce(excluded.url, s.url),
                owner = coalesce(excluded.owner, s.owner), state = coalesce(excluded.state, s.state),
                owner_since = case when excluded.owner is null or excluded.owner = s.owner then s.owner_since
                                   else excluded.owner_since end,
                approved_on = coalesce(excluded.approved_on, s.approved_on)
        """,
        "accounts": """
            insert into accounts as a (organisation, account, person, network, kind, email, mfa)
            select :organisation, account, person, network, kind, email, mfa
            from jsonb_to_recordset(cast(:rows as jsonb)) as r(
                account text, person text, network text, kind text, email text, mfa text
            )
            on conflict (organisation, account) do update set
                person = coalesce(excluded.person, a.person), network = coalesce(excluded.network, a.network),
                kind = coalesce(excluded.kind, a.kind), email = coalesce(excluded.email, a.email),
                mfa = coalesce(excluded.mfa, a.mfa)
        """,
        "grants": """
            insert into grants as g (
                organisation, "grant", account, site, role, business_case, approved_by, approved_on, review_on, since
            )
            select :organisation, "grant", account, site, role, business_case, approved_by, approved_on, review_on, :now
            from jsonb_to_recordset(cast(:rows as jsonb)) as r(
                "grant" text, account text, site text, role text, business_case text, approved_by text,
                approved_on date, review_on date
            )
            on conflict (organisation, "grant") do update set
                role = coalesce(excluded.role, g.role), business_case = coalesce(excluded.business_case, g.business_case),
                approved_by = coalesce(excluded.approved_by, g.approved_by),
                approved_on = coalesce(excluded.approved_on, g.approved_on),
                review_on = coalesce(excluded.review_on, g.review_on),
                since = case when g.state = 'revoked' then excluded.since else g.since end, state = 'active'
        """,
    }
)
"""An unknown value leaves what was known; a grant that is listed again is in force again, from now."""

HISTORY = """
    insert into history (organisation, kind, id, at, actor, entry)
    select :organisation, :kind, id, :now, :actor, entry
    from jsonb_to_recordset(cast(:rows as jsonb)) as h(id text, entry jsonb)
"""

END_GRANT = """
    update grants set state = 'revoked' where organisation = :organisation and "grant" = :grant
"""
END_PROFILE = """
    update grants g set state = 'revoked'
    from accounts a
    where g.organisation = :organisation and g.site = :site
        and a.organisation = g.organisation and a.account = g.account and a.person = :person
"""
CLOSE_SITE = "update sites set state = 'closed', owner = null where organisation = :organisation and site = :site"
END_DUTY = "update sites set owner = null where organisation = :organisation and site = :site and owner = :person"
GRANT_AGAIN = """
    update grants set state = 'active' where organisation = :organisation and "grant" = :grant
"""

IN_REVOCATION = """
    select distinct account from revocations
    where organisation = :organisation and account = any(cast(:accounts as text[]))
        and state not in ('confirmed', 'cancelled')
"""

BEING_EMPTIED = """
    select distinct site from revocations
    where organisation = :organisation and site = any(cast(:sites as text[]))
        and state not in ('planned', 'confirmed', 'cancelled')
"""

HOLDERS = """
    select g."grant", g.account, a.person, g.role, p.roles, p.suspended, p.manager, r.revocation, r.state
    from grants g
    join accounts a on a.organisation = g.organisation and a.account = g.account
    left join people p on p.organisation = a.organisation and p.person = a.person
    left join lateral (
        select revocation, state from revocations r
        where r.organisation = g.organisation and r."grant" = g."grant"
            and r.state not in ('planned', 'confirmed', 'cancelled')
        order by revocation desc limit 1
    ) r on true
    where g.organisation = :organisation and g.site = :site and g.state = 'active'
    order by g.role, g."grant"
"""


async def known(tx: Tx, organisation: str, kind: Kind, ids: Iterable[str]) -> dict[str, Mapping[str, Any]]:
    """These entries, by id."""
    rows = await tx.fetch(KNOWN[kind], organisation=organisation, ids=sorted(set(ids)))
    return {row._mapping[kind.removesuffix("s")]: dict(row._mapping) for row in rows}


async def all_of(tx: Tx, organisation: str, kind: Kind) -> Sequence[Row[Any]]:
    """Every entry, by id; of grants those in force."""
    return await tx.fetch(ALL[kind], organisation=organisation)


async def save(tx: Tx, organisation: str, kind: Kind, rows: Sequence[Mapping[str, Any]]) -> None:
    """Make or change these entries."""
    if rows:
        await tx.execute(
            SAVE[kind],
            organisation=organisation,
            rows=msgspec.json.encode(rows).decode(),
            **({} if kind == "accounts" else {"now": tx.now}),
        )


async def remember(
    tx: Tx, organisation: str, kind: str, actor: str, entries: Sequence[tuple[str, Mapping[str, Any]]]
) -> None:
    """Keep what was said of these entries, by whom and when."""
    if entries:
        rows = [{"id": identity, "entry": entry} for identity, entry in entries]
        await tx.execute(
            HISTORY,
            organisation=organisation,
            kind=kind,
            actor=actor,
            now=tx.now,
            rows=msgspec.json.encode(rows).decode(),
        )


async def end_access(tx: Tx, organisation: str, one: Revocation, actor: str) -> None:
    """The register no longer has what was confirmed gone."""
    if one.kind == "profile":
        await tx.execute(END_PROFILE, organisation=organisation, site=one.site, person=one.person)
        await tx.execute(CLOSE_SITE, organisation=organisation, site=one.site)
    elif one.kind == "duty":
        await tx.execute(END_DUTY, organisation=organisation, site=one.site, person=one.person)
    else:
        await tx.execute(END_GRANT, organisation=organisation, grant=one.grant)
    await remember(tx, organisation, one.kind, actor, [(one.item, {"state": "revoked", "revocation": one.id})])


async def begin_again(tx: Tx, organisation: str, one: Revocation, actor: str) -> None:
    """The register has a grant that was confirmed gone, after all."""
    if one.grant is not None and one.kind != "profile":
        await tx.execute(GRANT_AGAIN, organisation=organisation, grant=one.grant)
        await remember(tx, organisation, one.kind, actor, [(one.item, {"state": "active", "revocation": one.id})])


async def in_revocation(tx: Tx, organisation: str, accounts: Iterable[str]) -> set[str]:
    """Of these accounts those from which access is being, or will be, taken."""
    rows = await tx.fetch(IN_REVOCATION, organisation=organisation, accounts=sorted(set(accounts)))
    return {row.account for row in rows}


async def being_emptied(tx: Tx, organisation: str, sites: Iterable[str]) -> set[str]:
    """Of these sites those to which somebody's access is being taken."""
    rows = await tx.fetch(BEING_EMPTIED, organisation=organisation, sites=sorted(set(sites)))
    return {row.site for row in rows}


async def site(tx: Tx, organisation: str, identity: str) -> Mapping[str, Any] | None:
    """One site."""
    return (await known(tx, organisation, "sites", [identity])).get(identity)


async def holders_of(tx: Tx, organisation: str, identity: str) -> Sequence[Row[Any]]:
    """Who holds a role at a site."""
    return await tx.fetch(HOLDERS, organisation=organisation, site=identity)
