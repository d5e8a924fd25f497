"""Consent records and withdrawals, as they are kept and listed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from services.consent.domain.docket import Key
from shared.bus.tx import Tx

__all__ = ["add", "ending", "find", "listed", "recheck", "set_states", "telling", "withdraw"]

ADD = """
    insert into consents (
        organisation, consent, person, outcome, method, taken_on, taken_by, speaks_from, faults, channels, purposes,
        items, guardian, language, begins_at, ends_at, last_day, form_hash, form_type, form_bytes, state, days_told,
        recorded_at, recorded_by
    )
    values (
        :organisation, cast(:consent as uuid), :person, :outcome, :method, :taken_on, :taken_by, :speaks_from,
        cast(:faults as text[]), cast(:channels as text[]), cast(:purposes as text[]), cast(:items as text[]),
        :guardian, :language, :begins_at, :ends_at, :last_day, :form_hash, :form_type, :form_bytes, :state,
        :days_told, :recorded_at, :recorded_by
    )
"""

WITHDRAW = """
    insert into withdrawals (organisation, withdrawal, consent, day, at, channels, safety, recorded_at, recorded_by)
    values (:organisation, cast(:withdrawal as uuid), cast(:consent as uuid), :day, :at, cast(:channels as text[]),
            :safety, :recorded_at, :recorded_by)
"""

SET_STATES = """
    update consents c
    set state = n.state, days_told = n.days_told
    from unnest(cast(:organisations as text[]), cast(:consents as uuid[]), cast(:states as text[]),
                cast(:days_told as integer[])) as n(organisation, consent, state, days_told)
    where c.organisation = n.organisation and c.consent = n.consent
"""

RECHECK = """
    insert into recheck (organisation, person)
    select organisation, person
    from unnest(cast(:organisations as text[]), cast(:people as text[])) as k(organisation, person)
    where exists (select from shown s where s.organisation = k.organisation and s.person = k.person)
"""
"""Whoever judges an image holds its people, and these are locked: what was judged on less is there to be found."""

TELLING = """
    select c.*
    from unnest(cast(:organisations as text[]), cast(:people as text[])) as k(organisation, person)
    join consents c on c.organisation = k.organisation and c.person = k.person
    where c.state = 'given'
    order by c.organisation, c.person, c.consent
"""

SHOWN = """
    select c.*, case when c.state = 'given' and c.ends_at <= :now then 'expired' else c.state end as shown_state,
        (select coalesce(jsonb_agg(jsonb_build_object('at', w.at, 'channels', w.channels, 'safety', w.safety)
                                   order by w.at, w.withdrawal), '[]')
         from withdrawals w where w.organisation = c.organisation and w.consent = c.consent) as withdrawals
    from consents c
    where c.organisation = :organisation
"""
FILTERS: Mapping[str, str] = MappingProxyType(
    {
        "consent": "c.consent = cast(:consent as uuid)",
        "person": "c.person = :person",
        "state": "case when c.state = 'given' and c.ends_at <= :now then 'expired' else c.state end = :state",
        "ends_before": "c.state = 'given' and c.ends_at > :now and c.ends_at <= :ends_before",
        "after": "c.consent > cast(:after as uuid)",
    }
)
IN_ORDER = " order by c.consent limit :most"
SOONEST = " order by c.ends_at, c.consent limit :most"
HOW_MANY = "select count(*) as in_all from consents c where c.organisation = :organisation"


async def add(tx: Tx, values: Mapping[str, Any]) -> None:
    """Keep a new record."""
    await tx.execute(ADD, **values)


async def withdraw(tx: Tx, values: Mapping[str, Any]) -> None:
    """Keep a withdrawal; the record that it takes back stays."""
    await tx.execute(WITHDRAW, **values)


async def set_states(tx: Tx, states: Sequence[tuple[str, str, str, int | None]]) -> None:
    """(organisation, consent, state, days told) of records whose person is locked."""
    if states:
        await tx.execute(
            SET_STATES,
            organisations=[one[0] for one in states],
            consents=[UUID(one[1]) for one in states],
            states=[one[2] for one in states],
            days_told=[one[3] for one in states],
        )


async def recheck(tx: Tx, people: Sequence[Key]) -> None:
    """Have every image that shows these people judged again, by the job."""
    if people:
        await tx.execute(RECHECK, organisations=[o for o, _ in people], people=[p for _, p in people])


async def telling(tx: Tx, people: Sequence[Key]) -> Sequence[Row[Any]]:
    """The consents of these people that count: what ends one day."""
    return await tx.fetch(TELLING, organisations=[o for o, _ in people], people=[p for _, p in people])


async def find(tx: Tx, organisation: str, consent: UUID) -> Row[Any] | None:
    """One record; None for one that the organisation does not have."""
    rows = await _fetch(tx, organisation, 1, {"consent": consent})
    return rows[0] if rows else None


async def listed(
    tx: Tx,
    organisation: str,
    most: int,
    *,
    person: str | None = None,
    state: str | None = None,
    ends_before: datetime | None = None,
    after: UUID | None = None,
) -> Sequence[Row[Any]]:
    """An organisation's records, the oldest first."""
    given = {"person": person, "state": state, "ends_before": ends_before, "after": after}
    return await _fetch(tx, organisation, most, {name: value for name, value in given.items() if value is not None})


async def ending(tx: Tx, organisation: str, before: datetime, most: int) -> tuple[Sequence[Row[Any]], int]:
    """Records in force that end before then, the soonest first, and how many there are in all."""
    where, values = (
        f" and {FILTERS['ends_before']}",
        {"organisation": organisation, "now": tx.now, "ends_before": before},
    )
    rows = await tx.fetch(SHOWN + where + SOONEST, most=most, **values)
    in_all = len(rows) if len(rows) < most else (await tx.fetch(HOW_MANY + where, **values))[0].in_all
    return rows, in_all


async def _fetch(tx: Tx, organisation: str, most: int, given: Mapping[str, Any]) -> Sequence[Row[Any]]:
    wanted = "".join(f" and {FILTERS[name]}" for name in given)
    return await tx.fetch(SHOWN + wanted + IN_ORDER, organisation=organisation, most=most, now=tx.now, **given)
