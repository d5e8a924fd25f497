"""Deliveries: signed bytes as they came, from the door to the worker."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shared.bus.tx import Tx

__all__ = [
    "Arrival",
    "Delivery",
    "Failure",
    "delete_old",
    "fail",
    "find",
    "finish",
    "gone",
    "keep",
    "lead",
    "page",
    "pending",
    "retry",
    "retry_all",
    "waiting",
]

LEADER = 0x696E74616B65
"""The advisory lock of the one worker: "intake" in ASCII."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A delivery whose signature holds, to be committed. `delivery` is the sender's idempotency key."""

    organisation: str
    source: str
    delivery: str
    raw: bytes = field(repr=False)
    received_at: datetime
    """Policy time."""
    traceparent: str | None = None
    """The sender's span, where the delivery came with one: W3C Trace Context."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A committed delivery that waits for the worker. `place` is its order of arrival."""

    organisation: str
    source: str
    place: int
    raw: bytes = field(repr=False)
    received_at: datetime
    """By policy time, as all that is decided."""
    accepted_at: datetime
    """By the database's clock, as all that is measured."""
    traceparent: str | None = None
    """The sender's span."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why the worker could not read a delivery; holds nothing of what was sent."""

    organisation: str
    place: int
    code: str
    detail: str


async def keep(tx: Tx, arrivals: Sequence[Arrival]) -> int:
    """Commit deliveries in their order of arrival; how many are new.

    Places are given in the order of `arrivals`, but rows are inserted sorted by their key, so that two processes with
    overlapping deliveries cannot deadlock.
    """
    return await tx.execute(
        """
        insert into deliveries (organisation, source, delivery, place, raw, received_at, traceparent)
        select organisation, source, delivery, place, raw, received_at, traceparent
        from (
            select *, nextval('delivery_order') as place
            from (
                select * from unnest(cast(:organisations as text[]), cast(:sources as text[]),
                                     cast(:deliveries as text[]), cast(:raws as bytea[]),
                                     cast(:times as timestamptz[]), cast(:traceparents as text[]))
                     with ordinality as a(organisation, source, delivery, raw, received_at, traceparent, n)
                order by n
            ) as arrived
        ) as placed
        order by organisation, source, delivery, place
        on conflict (organisation, source, delivery) do nothing
        """,
        organisations=[a.organisation for a in arrivals],
        sources=[a.source for a in arrivals],
        deliveries=[a.delivery for a in arrivals],
        raws=[a.raw for a in arrivals],
        times=[a.received_at for a in arrivals],
        traceparents=[a.traceparent for a in arrivals],
    )


async def gone(tx: Tx, answered: Sequence[tuple[str, str, str]]) -> int:
    """How many of these (organisation, source, delivery) are not there."""
    rows = await tx.fetch(
        """
        select count(*) as gone
        from unnest(cast(:organisations as text[]), cast(:sources as text[]), cast(:deliveries as text[]))
            as a(organisation, source, delivery)
        where not exists (
            select from deliveries as d
            where (d.organisation, d.source, d.delivery) = (a.organisation, a.source, a.delivery)
        )
        """,
        organisations=[organisation for organisation, _, _ in answered],
        sources=[source for _, source, _ in answered],
        deliveries=[delivery for _, _, delivery in answered],
    )
    return int(rows[0].gone)


async def lead(tx: Tx) -> bool:
    """Be the one worker until this transaction ends; False while another is."""
    rows = await tx.fetch("select pg_try_advisory_xact_lock(:leader) as mine", leader=LEADER)
    return bool(rows[0].mine)


async def pending(tx: Tx, organisations: Sequence[str], limit: int, max_bytes: int) -> Sequence[Delivery]:
    """The next deliveries in order of arrival, up to `limit` and about `max_bytes`, at least one if any waits."""
    rows = await tx.fetch(
        """
        select organisation, source, place, raw, received_at, accepted_at, traceparent
        from (
            select d.*, sum(octet_length(d.raw)) over (order by d.place) - octet_length(d.raw) as before
            from unnest(cast(:organisations as text[])) as o(organisation)
            cross join lateral (
                select organisation, source, place, raw, received_at, accepted_at, traceparent from deliveries
                where organisation = o.organisation and state = 'pending'
                order by place limit :limit
            ) as d
        ) as next
        where before < :max_bytes
        order by place
        limit :limit
        """,
        organisations=list(organisations),
        limit=limit,
        max_bytes=max_bytes,
    )
    return [
        Delivery(
            organisation=row.organisation,
            source=row.source,
            place=row.place,
            raw=bytes(row.raw),
            received_at=row.received_at,
            accepted_at=row.accepted_at,
            traceparent=row.traceparent,
        )
        for row in rows
    ]


async def finish(tx: Tx, deliveries: Sequence[Delivery]) -> None:
    """These went well: their bytes are deleted, their ids stay to know them again."""
    await tx.execute(
        """
        update deliveries as d
        set state = 'done', raw = null, settled_at = clock_timestamp(), attempts = attempts + 1,
            code = null, detail = null
        from unnest(cast(:organisations as text[]), cast(:places as bigint[])) as n(organisation, place)
        where d.organisation = n.organisation and d.place = n.place
        """,
        organisations=[d.organisation for d in deliveries],
        places=[d.place for d in deliveries],
    )


async def fail(tx: Tx, failures: Sequence[Failure]) -> None:
    """These cannot be read; kept with the reason until they are run again or too old."""
    await tx.execute(
        """
        update deliveries as d
        set state = 'failed', settled_at = clock_timestamp(), attempts = attempts + 1,
            code = n.code, detail = n.detail
        from unnest(cast(:organisations as text[]), cast(:places as bigint[]), cast(:codes as text[]),
                    cast(:details as text[])) as n(organisation, place, code, detail)
        where d.organisation = n.organisation and d.place = n.place
        """,
        organisations=[f.organisation for f in failures],
        places=[f.place for f in failures],
        codes=[f.code for f in failures],
        details=[f.detail for f in failures],
    )


async def page(
    tx: Tx, organisations: Sequence[str], state: str | None, before: int | None, limit: int
) -> Sequence[Any]:
    """Deliveries of these organisations, newest first, without their bytes; one more than `limit` if there are more."""
    return await tx.fetch(
        """
        select organisation, source, place, state, received_at, accepted_at, settled_at, attempts, code, detail
        from deliveries
        where organisation = any(cast(:organisations as text[]))
          and (cast(:state as text) is null or state = :state)
          and (cast(:before as bigint) is null or place < :before)
        order by place desc
        limit :limit + 1
        """,
        organisations=list(organisations),
        state=state,
        before=before,
        limit=limit,
    )


async def find(tx: Tx, organisations: Sequence[str], place: int) -> Any:
    """One delivery of these organisations, locked; None if there is none."""
    rows = await tx.fetch(
        """
        select organisation, source, place, state, received_at, accepted_at, settled_at, attempts, code, detail
        from deliveries
        where organisation = any(cast(:organisations as text[])) and place = :place
        for update
        """,
        organisations=list(organisations),
        place=place,
    )
    return rows[0] if rows else None


async def retry(tx: Tx, organisation: str, place: int) -> None:
    """Run a failed delivery again."""
    await tx.execute(
        "update deliveries set state = 'pending' "
        "where organisation = :organisation and place = :place and state = 'failed'",
        organisation=organisation,
        place=place,
    )


async def retry_all(tx: Tx, organisations: Sequence[str]) -> int:
    """Run every failed delivery of these organisations again; how many."""
    return await tx.execute(
        "update deliveries set state = 'pending' "
        "where organisation = any(cast(:organisations as text[])) and state = 'failed'",
        organisations=list(organisations),
    )


async def delete_old(tx: Tx, organisations: Sequence[str], before: datetime, limit: int = 5_000) -> int:
    """Delete settled deliveries accepted before then (machine time), some at a time; how many."""
    return await tx.execute(
        """
        delete from deliveries as d
        using (
            select organisation, place from deliveries
            where organisation = any(cast(:organisations as text[])) and accepted_at < :before and state <> 'pending'
            limit :limit
        ) as old
        where d.organisation = old.organisation and d.place = old.place
        """,
        organisations=list(organisations),
        before=before,
        limit=limit,
    )


async def waiting(tx: Tx, organisations: Sequence[str]) -> bool:
    """Whether any delivery waits for the worker."""
    rows = await tx.fetch(
        """
        select exists (
            select from deliveries
            where organisation = any(cast(:organisations as text[])) and state = 'pending'
        ) as waits
        """,
        organisations=list(organisations),
    )
    return bool(rows[0].waits)
