"""The figures of a period, counted where the rows are, and the rows themselves, so that they can be checked by hand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from services.sla.domain import BREAKDOWNS, Cell, Figures
from shared.bus.tx import Tx

__all__ = ["Wanted", "count_cells", "list_started"]

FILTERS: Mapping[str, str] = MappingProxyType(
    {
        "organisation": "organisation = :organisation",
        "begins": "started_at >= :begins",
        "ends": "started_at < :ends",
        "site": "site = :site",
        "kind": ":kind in (kind, message_kind)",
        "owner": "owner = :owner",
    }
)

COUNT = """
    with counted as (
        select
            to_char(started_at at time zone cast(:zone as text), 'YYYY-MM') as month,
            to_char(started_at at time zone cast(:zone as text), 'HH24') as hour,
            kind, message_kind, site, owner, state, closing, working_s, retracted
        from targets
        where {where}
    )
    select
        grouping(month) as by_month, grouping(kind) as by_kind, grouping(message_kind) as by_message_kind,
        grouping(site) as by_site, grouping(owner) as by_owner, grouping(hour) as by_hour,
        month, kind, message_kind, site, owner, hour,
        count(*) as opened,
        count(*) filter (where state = 'open') as open,
        count(*) filter (where state = 'met') as met,
        count(*) filter (where state = 'breached') as breached,
        count(*) filter (where state = 'breached' and closing = 'met') as answered_late,
        count(*) filter (where state = 'breached' and closing <> 'met') as closed_late,
        count(*) filter (where state = 'breached' and closing is null) as overdue,
        count(*) filter (where state = 'waived') as waived,
        count(*) filter (where state = 'exempted') as exempted,
        count(*) filter (where state = 'voided') as voided,
        count(*) filter (where state = 'withdrawn') as withdrawn,
        count(*) filter (where retracted > 0) as retracted,
        percentile_cont(0.5) within group (order by working_s) filter (where closing = 'met') as median_s,
        percentile_cont(0.9) within group (order by working_s) filter (where closing = 'met') as p90_s
    from counted
    group by grouping sets ((), (month), (kind), (message_kind), (site), (owner), (hour))
"""
"""One reading of the rows for all breakdowns. `grouping` is 0 for the column that a row is about."""

STARTED = """
    select *, cast(floor(extract(epoch from settled_at - started_at)) as bigint) as elapsed_s
    from targets
    where {where} and (started_at, target) > (cast(:after_start as timestamptz), cast(:after_target as uuid))
    order by started_at, target
    limit :most
"""
FIRST = UUID(int=0)
FIGURES = tuple(field.name for field in fields(Figures))


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which targets: those of an organisation that started from `begins` until before `ends`, and what narrows them.

    `kind` is what is owed, or the kind of the message that it is owed to.
    """

    organisation: str
    begins: datetime
    ends: datetime
    site: str | None = None
    kind: str | None = None
    owner: str | None = None

    @property
    def given(self) -> dict[str, Any]:
        """The filters that were given."""
        return {name: value for name in FILTERS if (value := getattr(self, name)) is not None}

    @property
    def where(self) -> str:
        """Their condition."""
        return " and ".join(FILTERS[name] for name in self.given)


async def count_cells(tx: Tx, wanted: Wanted, zone: str) -> list[Cell]:
    """The figures in all and by each breakdown; months and hours are those of `zone`."""
    rows = await tx.fetch(COUNT.format(where=wanted.where), zone=zone, **wanted.given)
    return [_cell(row) for row in rows]


def _cell(row: Row[Any]) -> Cell:
    known = row._mapping
    values: dict[str, Any] = {name: None if known[name] is None else round(known[name]) for name in FIGURES}
    for by in BREAKDOWNS:
        if by != "total" and known[f"by_{by}"] == 0:
            return Cell(by, known[by], Figures(**values))
    return Cell("total", None, Figures(**values))


async def list_started(tx: Tx, wanted: Wanted, after: tuple[datetime, UUID] | None, most: int) -> Sequence[Row[Any]]:
    """Their rows by start, from behind `after` (start, target) on."""
    start, target = (wanted.begins, FIRST) if after is None else after
    return await tx.fetch(
        STARTED.format(where=wanted.where), after_start=start, after_target=target, most=most, **wanted.given
    )
