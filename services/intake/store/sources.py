"""Sources: who may post to us, and the keys under which their ids are hidden."""

import secrets as randomness
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.intake.domain.ids import KEY_BYTES
from shared.bus.tx import Tx

__all__ = ["Source", "find", "keys", "named", "page", "put"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A configured connection. Secrets are kept to check signatures by and are never shown."""

    organisation: str
    source: str
    network: str
    accounts: tuple[str, ...] = ()
    secrets: tuple[str, ...] = field(default=(), repr=False)
    verify_token: str | None = field(default=None, repr=False)
    created_at: datetime | None = None
    changed_at: datetime | None = None


def _source(row: Any) -> Source:
    return Source(
        organisation=row.organisation,
        source=row.source,
        network=row.network,
        accounts=tuple(row.accounts),
        secrets=tuple(row.secrets),
        verify_token=row.verify_token,
        created_at=row.created_at,
        changed_at=row.changed_at,
    )


async def named(tx: Tx) -> Sequence[Source]:
    """Every source of every organisation."""
    return [_source(row) for row in await tx.fetch("select * from sources order by organisation, source")]


async def find(tx: Tx, organisation: str, source: str) -> Source | None:
    """One source of an organisation."""
    rows = await tx.fetch(
        "select * from sources where organisation = :organisation and source = :source",
        organisation=organisation,
        source=source,
    )
    return _source(rows[0]) if rows else None


async def page(tx: Tx, organisation: str, after: str | None, limit: int) -> Sequence[Source]:
    """An organisation's sources by name, one more than `limit` where there are more."""
    rows = await tx.fetch(
        """
        select * from sources
        where organisation = :organisation and (cast(:after as text) is null or source > :after)
        order by source
        limit :limit + 1
        """,
        organisation=organisation,
        after=after,
        limit=limit,
    )
    return [_source(row) for row in rows]


async def put(tx: Tx, source: Source) -> bool:
    """Make a source, or give it these accounts and secrets; whether it is new."""
    rows = await tx.fetch(
        """
        insert into sources as known (organisation, source, network, accounts, secrets, verify_token)
        values (:organisation, :source, :network, cast(:accounts as text[]), cast(:secrets as text[]), :verify_token)
        on conflict (organisation, source) do update
        set network = excluded.network, accounts = excluded.accounts, secrets = excluded.secrets,
            verify_token = excluded.verify_token, changed_at = clock_timestamp()
        returning (xmax = 0) as created
        """,
        organisation=source.organisation,
        source=source.source,
        network=source.network,
        accounts=list(source.accounts),
        secrets=list(source.secrets),
        verify_token=source.verify_token,
    )
    return bool(rows[0].created)


async def keys(tx: Tx, organisations: Sequence[str]) -> dict[str, bytes]:
    """Each organisation's key for ids and authors; made where it is missing, and never changed."""
    await tx.execute(
        """
        insert into pseudonym_keys (organisation, key)
        select * from unnest(cast(:organisations as text[]), cast(:keys as bytea[]))
        on conflict do nothing
        """,
        organisations=sorted(organisations),
        keys=[randomness.token_bytes(KEY_BYTES) for _ in organisations],
    )
    rows = await tx.fetch(
        "select organisation, key from pseudonym_keys where organisation = any(cast(:organisations as text[]))",
        organisations=sorted(organisations),
    )
    return {row.organisation: bytes(row.key) for row in rows}
