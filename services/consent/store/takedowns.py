"""Takedowns: what has to go, who sees to it, how it ended."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Row

from services.consent.domain.docket import Docket, Key, Stay
from services.consent.domain.takedowns import Standing
from shared.bus.tx import Tx

__all__ = ["act", "find", "listed", "of_images", "open_ones", "save", "standing_of"]

OF_IMAGES = """
    select t.*
    from unnest(cast(:organisations as text[]), cast(:images as text[])) as k(organisation, image)
    join takedowns t on t.organisation = k.organisation and t.image = k.image
    order by t.takedown
"""

SAVE = """
    insert into takedowns (
        organisation, takedown, image, use, content_hash, since, channel, deadline, reason, state, requested_at
    )
    select organisation, takedown, image, use, content_hash, since, channel, deadline, reason, state, :now
    from jsonb_to_recordset(cast(:rows as jsonb)) as n(
        organisation text, takedown uuid, image text, use text, content_hash text, since timestamptz, channel text,
        deadline timestamptz, reason text, state text
    )
    on conflict (organisation, takedown) do update set state = excluded.state, closed_at = :now
"""

FIND = "select * from takedowns where organisation = :organisation and takedown = cast(:takedown as uuid)"

CLAIM = """
    update takedowns set state = :state, claimed_by = :person, claimed_at = :now
    where organisation = :organisation and takedown = cast(:takedown as uuid)
"""

CLOSE = """
    update takedowns
    set state = :state, closed_by = :person, closed_at = :now, closing = :closing, evidence = :evidence
    where organisation = :organisation and takedown = cast(:takedown as uuid)
"""

LISTED = "select * from takedowns where organisation = :organisation"
FILTERS: Mapping[str, str] = MappingProxyType(
    {
        "state": "state = :state",
        "image": "image = :image",
        "after": "(deadline, takedown) > (cast(:after_deadline as timestamptz), cast(:after_takedown as uuid))",
    }
)
IN_ORDER = " order by deadline, takedown limit :most"
OPEN = " and state in ('requested', 'claimed')"
HOW_MANY = "select count(*) as in_all from takedowns where organisation = :organisation"


async def of_images(tx: Tx, keys: Collection[Key]) -> dict[Key, dict[Stay, Standing]]:
    """The takedowns of locked images; of one stay the last."""
    wanted = sorted(keys)
    standing: dict[Key, dict[Stay, Standing]] = defaultdict(dict)
    for row in await tx.fetch(OF_IMAGES, organisations=[o for o, _ in wanted], images=[i for _, i in wanted]):
        standing[row.organisation, row.image][row.use, row.content_hash, row.since] = standing_of(row)
    return standing


def standing_of(row: Row[Any]) -> Standing:
    """A row of `takedowns`."""
    return Standing(
        takedown=str(row.takedown),
        image=row.image,
        use=row.use,
        channel=row.channel,
        content_hash=row.content_hash,
        since=row.since,
        deadline=row.deadline,
        reason=row.reason,
        state=row.state,
    )


async def save(tx: Tx, docket: Docket) -> None:
    """Write those that are new or ended by themselves."""
    rows = [
        {"organisation": organisation} | msgspec.to_builtins(standing)
        for (organisation, _), standing in docket.takedowns.items()
    ]
    if rows:
        await tx.execute(SAVE, rows=msgspec.json.encode(rows).decode(), now=tx.now)


async def find(tx: Tx, organisation: str, takedown: UUID) -> Row[Any] | None:
    """One takedown; None for one that the organisation does not have."""
    rows = await tx.fetch(FIND, organisation=organisation, takedown=takedown)
    return rows[0] if rows else None


async def act(
    tx: Tx,
    organisation: str,
    takedown: UUID,
    *,
    state: str,
    person: str,
    closing: str | None = None,
    evidence: str | None = None,
) -> None:
    """Keep who claimed or ended it; its image is locked."""
    values: dict[str, Any] = {"organisation": organisation, "takedown": takedown, "state": state, "person": person}
    if state == "claimed":
        await tx.execute(CLAIM, now=tx.now, **values)
    else:
        await tx.execute(CLOSE, now=tx.now, closing=closing, evidence=evidence, **values)


async def listed(
    tx: Tx,
    organisation: str,
    most: int,
    *,
    state: str | None = None,
    image: str | None = None,
    after: tuple[datetime, UUID] | None = None,
) -> Sequence[Row[Any]]:
    """An organisation's takedowns, the first due first."""
    given: dict[str, Any] = {"state": state, "image": image, "after": after}
    wanted = "".join(f" and {FILTERS[name]}" for name, value in given.items() if value is not None)
    values = {name: value for name, value in given.items() if value is not None and name != "after"}
    if after is not None:
        values |= {"after_deadline": after[0], "after_takedown": after[1]}
    return await tx.fetch(LISTED + wanted + IN_ORDER, organisation=organisation, most=most, **values)


async def open_ones(tx: Tx, organisation: str, most: int, image: str | None = None) -> tuple[Sequence[Row[Any]], int]:
    """What somebody still has to see to, the first due first, and how much there is in all."""
    values = {"organisation": organisation} | ({"image": image} if image is not None else {})
    where = OPEN + (f" and {FILTERS['image']}" if image is not None else "")
    rows = await tx.fetch(LISTED + where + IN_ORDER, most=most, **values)
    in_all = len(rows) if len(rows) < most else (await tx.fetch(HOW_MANY + where, **values))[0].in_all
    return rows, in_all
