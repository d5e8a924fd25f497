"""The inbox: which events were applied, by (organisation, source, id). It catches what producers repeat."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Protocol

from sqlalchemy import Row

from shared.bus.records import Record
from shared.platform.db import column

__all__ = ["HORIZON", "Identity", "admit", "age_out", "identity"]

HORIZON = timedelta(days=14)
"""Twice what topics keep: no record that could be read again is forgotten."""

BATCH = 5_000

INSERT = """
    with fresh as (
        insert into inbox (organisation, source, id)
        select organisation, source, id
        from rows from (
            json_array_elements_text(cast(:organisations as json)), json_array_elements_text(cast(:sources as json)),
            json_array_elements_text(cast(:ids as json))
        ) as e(organisation, source, id)
        on conflict do nothing
        returning organisation, source, id
    )
    select case when count(*) < :expected then array_agg(organisation) end as organisations,
           case when count(*) < :expected then array_agg(source) end as sources,
           case when count(*) < :expected then array_agg(id) end as ids,
           count(*) as entered
    from fresh
"""

AGE_OUT = """
    delete from inbox where ctid = any(array(
        select ctid from inbox where received_at < clock_timestamp() - cast(:horizon as interval) limit :batch
    ))
"""

Identity = tuple[str, str, str]


class Fetches(Protocol):
    """A transaction."""

    async def fetch(self, sql: str, **params: Any) -> Sequence[Row[Any]]:
        """The rows of one statement."""

    async def execute(self, sql: str, **params: Any) -> int:
        """Run one statement."""


def identity(record: Record) -> Identity:
    """What identifies an event for good."""
    event = record.event
    return event.organisation, event.source, event.id


async def admit(tx: Fetches, records: Sequence[Record]) -> list[Record]:
    """Enter records; those that were not in yet, in their order.

    An id that comes twice among them is admitted once. The rows go in sorted: two members with overlapping ids would
    otherwise wait for each other.
    """
    first = first_of_each(records)
    identities = sorted(first)
    if not identities:
        return []
    organisations, sources, ids = map(column, zip(*identities, strict=True))
    rows = await tx.fetch(INSERT, organisations=organisations, sources=sources, ids=ids, expected=len(identities))
    entered = rows[0]._mapping
    if entered["entered"] == len(identities):
        return list(first.values())
    fresh = set(zip(*(entered[name] or () for name in ("organisations", "sources", "ids")), strict=True))
    return [record for key, record in first.items() if key in fresh]


def first_of_each(records: Sequence[Record]) -> dict[Identity, Record]:
    """The first record of each identity, in the order of the batch."""
    first: dict[Identity, Record] = {}
    for record in records:
        first.setdefault(identity(record), record)
    return first


async def age_out(tx: Fetches, *, horizon: timedelta = HORIZON, batch: int = BATCH) -> int:
    """Forget up to `batch` events older than the horizon; how many that were. A job calls it until it answers less."""
    return await tx.execute(AGE_OUT, horizon=horizon, batch=batch)
