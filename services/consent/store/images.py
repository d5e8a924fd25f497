"""Images with their contents and placements; decisions on them. An image's row is the lock of all of it."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any

import msgspec
from sqlalchemy import Row

from services.consent.domain.decision import next_check
from services.consent.domain.docket import Docket, Key
from services.consent.domain.images import Description, Image, Placement, Version
from services.consent.domain.people import Rules
from shared.bus.tx import Tx
from shared.contracts.fields import decode_hook, encode_hook

__all__ = [
    "claim_due",
    "claim_recheck",
    "known",
    "listed",
    "load",
    "lock",
    "page_of",
    "put_off",
    "save",
    "turn_page",
    "waiting",
]

LOCK = """
    insert into images (organisation, image)
    select organisation, image
    from unnest(cast(:organisations as text[]), cast(:images as text[])) as k(organisation, image)
    order by organisation, image
    on conflict (organisation, image) do update set image = excluded.image where false
"""
"""Makes what is missing and locks all: a conflicting row is locked even where the condition spares it the update."""

KNOWN = "select exists (select from images where organisation = :organisation and image = :image) as is_known"

CLAIM_DUE = """
    select organisation, image
    from images
    where next_at <= :now and organisation = any(cast(:organisations as text[]))
    order by next_at
    limit :most
    for update skip locked
"""

CLAIM_RECHECK = """
    select id, organisation, person, after_image
    from recheck
    where organisation = any(cast(:organisations as text[])) and organisation > :behind
    order by organisation, id
    limit 1
    for update skip locked
"""

PUT_OFF = "update images set next_at = :until where organisation = :organisation and image = :image"

PAGE = """
    select s.image, i.weight
    from shown s
    join images i on i.organisation = s.organisation and i.image = s.image
    where s.organisation = :organisation and s.person = :person and s.image > :after_image
    order by s.image
    limit :most
"""

TURN_PAGE = "update recheck set after_image = greatest(after_image, cast(:after_image as text)) where id = :id"
LAST_PAGE = "delete from recheck where id = :id"

IMAGES = """
    select i.*
    from unnest(cast(:organisations as text[]), cast(:images as text[])) as k(organisation, image)
    join images i on i.organisation = k.organisation and i.image = k.image
"""

VERSIONS = """
    select v.organisation, v.image, v.content_hash, cast(v.description as text) as description, v.cleared_by, v.told,
        v.decision
    from unnest(cast(:organisations as text[]), cast(:images as text[])) as k(organisation, image)
    join versions v on v.organisation = k.organisation and v.image = k.image
    order by v.organisation, v.image, v.content_hash
"""

PLACEMENTS = """
    select p.*
    from unnest(cast(:organisations as text[]), cast(:images as text[])) as k(organisation, image)
    join placements p on p.organisation = k.organisation and p.image = k.image
"""

SAVE_IMAGES = """
    update images i
    set content_hash = n.content_hash, deleted = n.deleted, story = n.story, weight = n.weight, next_at = n.next_at
    from jsonb_to_recordset(cast(:rows as jsonb)) as n(
        organisation text, image text, content_hash text, deleted boolean, story text, weight integer,
        next_at timestamptz
    )
    where i.organisation = n.organisation and i.image = n.image
"""

SAVE_VERSIONS = """
    insert into versions (organisation, image, content_hash, description, cleared_by, told, decision)
    select organisation, image, content_hash, description, cleared_by, told, decision
    from jsonb_to_recordset(cast(:rows as jsonb)) as n(
        organisation text, image text, content_hash text, description jsonb, cleared_by text, told text, decision uuid
    )
    on conflict (organisation, image, content_hash) do update set
        description = excluded.description, cleared_by = excluded.cleared_by, told = excluded.told,
        decision = excluded.decision
"""

SAVE_PLACEMENTS = """
    insert into placements (organisation, image, use, content_hash, channel, purpose, state, at, since, location)
    select organisation, image, use, content_hash, channel, purpose, state, at, since, location
    from jsonb_to_recordset(cast(:rows as jsonb)) as n(
        organisation text, image text, use text, content_hash text, channel text, purpose text, state text,
        at timestamptz, since timestamptz, location text
    )
    on conflict (organisation, image, use, content_hash) do update set
        channel = excluded.channel, purpose = excluded.purpose, state = excluded.state, at = excluded.at,
        since = excluded.since, location = excluded.location
"""

SAVE_SHOWN = """
    insert into shown (organisation, person, image)
    select organisation, person, image
    from unnest(cast(:organisations as text[]), cast(:people as text[]), cast(:images as text[]))
        as k(organisation, person, image)
    on conflict do nothing
"""

SAVE_DECISIONS = """
    insert into decisions (
        organisation, decision, image, content_hash, stage, at, policy, rules, outcome, findings, inputs
    )
    select organisation, decision, image, content_hash, stage, :now, policy, rules, outcome, cast(findings as jsonb),
        inputs
    from jsonb_to_recordset(cast(:rows as jsonb)) as n(
        organisation text, decision uuid, image text, content_hash text, stage text, policy text, rules text,
        outcome text, findings text, inputs jsonb
    )
"""

LISTED = "select i.image from images i where i.organisation = :organisation"
MISSING = """ and i.image in (
        select v.image from versions v
        where v.organisation = :organisation and v.told <> '[]'
            and ((v.content_hash = i.content_hash and not i.deleted) or exists (
                select from placements p
                where p.organisation = v.organisation and p.image = v.image and p.content_hash = v.content_hash
                    and p.state <> 'removed'))
    )"""
SHOWING = """ and i.image in (
        select s.image from shown s where s.organisation = :organisation and s.person = :person
    )"""
BEHIND = " and i.image > :after"
BY_ID = " order by i.image limit :most"

WAITING = """
    select exists (select from recheck where organisation = any(cast(:organisations as text[])))
        or exists (select from images where next_at <= :now and organisation = any(cast(:organisations as text[])))
        as waits
"""


def _pairs(keys: Sequence[Key]) -> dict[str, list[str]]:
    return {"organisations": [o for o, _ in keys], "images": [i for _, i in keys]}


async def lock(tx: Tx, keys: Collection[Key]) -> dict[Key, Image]:
    """Lock these images, made where they are missing, and load them. Lets `tx.emit` tell of them."""
    wanted = sorted(set(keys))
    if not wanted:
        return {}
    await tx.execute(LOCK, **_pairs(wanted))
    for organisation, image in wanted:
        tx.holds("consent", organisation, [image])
    return await load(tx, wanted)


async def known(tx: Tx, organisation: str, image: str) -> bool:
    """Whether the organisation has an image of this id."""
    return bool((await tx.fetch(KNOWN, organisation=organisation, image=image))[0].is_known)


async def claim_due(tx: Tx, organisations: Iterable[str], most: int) -> dict[Key, Image]:
    """Lock and load images whose time to be judged again has come, none in other hands."""
    rows = await tx.fetch(CLAIM_DUE, now=tx.now, organisations=sorted(organisations), most=most)
    for row in rows:
        tx.holds("consent", row.organisation, [row.image])
    return await load(tx, sorted((row.organisation, row.image) for row in rows)) if rows else {}


async def claim_recheck(tx: Tx, organisations: Iterable[str], behind: str) -> Row[Any] | None:
    """Somebody of whom something changed, the longest waiting of the next organisation behind that one; none in other
    hands."""
    wanted = sorted(organisations)
    rows = await tx.fetch(CLAIM_RECHECK, organisations=wanted, behind=behind)
    if not rows and behind:
        rows = await tx.fetch(CLAIM_RECHECK, organisations=wanted, behind="")
    return rows[0] if rows else None


async def put_off(tx: Tx, organisation: str, image: str, until: datetime) -> None:
    """Have an image that could not be judged looked at again then."""
    await tx.execute(PUT_OFF, organisation=organisation, image=image, until=until)


async def page_of(tx: Tx, wish: Row[Any], most: int) -> Sequence[Row[Any]]:
    """The next images that show the person, with the number of uses of each."""
    return await tx.fetch(
        PAGE, organisation=wish.organisation, person=wish.person, after_image=wish.after_image, most=most
    )


async def turn_page(tx: Tx, wish: Row[Any], last: str | None) -> None:
    """Go on behind `last` the next time; None: that was all."""
    if last is None:
        await tx.execute(LAST_PAGE, id=wish.id)
    else:
        await tx.execute(TURN_PAGE, id=wish.id, after_image=last)


async def load(tx: Tx, keys: Sequence[Key]) -> dict[Key, Image]:
    """These images, as they stand."""
    pairs = _pairs(keys)
    images = {
        (row.organisation, row.image): Image(
            organisation=row.organisation,
            image=row.image,
            content_hash=row.content_hash,
            deleted=row.deleted,
            story=row.story,
        )
        for row in await tx.fetch(IMAGES, **pairs)
    }
    for row in await tx.fetch(VERSIONS, **pairs):
        images[row.organisation, row.image].versions[row.content_hash] = _version(row)
    for row in await tx.fetch(PLACEMENTS, **pairs):
        images[row.organisation, row.image].placements[row.use, row.content_hash] = Placement(
            use=row.use,
            channel=row.channel,
            purpose=row.purpose,
            content_hash=row.content_hash,
            state=row.state,
            at=row.at,
            since=row.since,
            location=row.location,
        )
    return images


async def listed(
    tx: Tx,
    organisation: str,
    most: int,
    *,
    missing: bool = False,
    person: str | None = None,
    after: str | None = None,
) -> Sequence[Row[Any]]:
    """An organisation's images by id: all, those of which something missing was told, those that show somebody."""
    given = {name: value for name, value in {"person": person, "after": after}.items() if value is not None}
    wanted = (MISSING if missing else "") + (SHOWING if person is not None else "")
    wanted += BEHIND if after is not None else ""
    return await tx.fetch(LISTED + wanted + BY_ID, organisation=organisation, most=most, **given)


@cache
def _decoder() -> "msgspec.json.Decoder[Description]":
    return msgspec.json.Decoder(Description, dec_hook=decode_hook)


def _version(row: Row[Any]) -> Version:
    return Version(
        content_hash=row.content_hash,
        description=None if row.description is None else _decoder().decode(row.description),
        cleared_by=row.cleared_by,
        told=row.told,
        decision=None if row.decision is None else str(row.decision),
    )


def _json(rows: Sequence[dict[str, Any]]) -> str:
    return msgspec.json.encode(rows, enc_hook=encode_hook).decode()


async def save(tx: Tx, images: Collection[Image], docket: Docket) -> None:
    """Write what changed of locked images, and what was decided."""
    await _save_images(tx, images, docket)
    versions = [
        {
            "organisation": image.organisation,
            "image": image.image,
            "content_hash": version.content_hash,
            "description": version.description,
            "cleared_by": version.cleared_by,
            "told": version.told,
            "decision": version.decision,
        }
        for image in images
        for version in image.versions.values()
        if version.changed
    ]
    if versions:
        await tx.execute(SAVE_VERSIONS, rows=_json(versions))
    placements = [
        {"organisation": image.organisation, "image": image.image} | _placement(image.placements[moved])
        for image in images
        for moved in sorted(image.moved)
    ]
    if placements:
        await tx.execute(SAVE_PLACEMENTS, rows=_json(placements))
    if docket.decisions:
        rows = [msgspec.to_builtins(decision) for decision in docket.decisions]
        await tx.execute(SAVE_DECISIONS, rows=_json(rows), now=tx.now)


def _placement(placement: Placement) -> dict[str, Any]:
    content: dict[str, Any] = msgspec.to_builtins(placement)
    return content


async def _save_images(tx: Tx, images: Collection[Image], docket: Docket) -> None:
    rows = [
        {
            "organisation": image.organisation,
            "image": image.image,
            "content_hash": image.content_hash,
            "deleted": image.deleted,
            "story": image.story,
            "weight": image.weight,
            "next_at": _next_check(image, docket),
        }
        for image in images
    ]
    await tx.execute(SAVE_IMAGES, rows=_json(rows))
    shown = [(image.organisation, person, image.image) for image in images for person in sorted(image.people)]
    if shown:
        await tx.execute(
            SAVE_SHOWN,
            organisations=[one[0] for one in shown],
            people=[one[1] for one in shown],
            images=[one[2] for one in shown],
        )


def _next_check(image: Image, docket: Docket) -> datetime | None:
    return next_check(image, Rules.of(docket.packs.at(image.organisation, docket.now), docket.now))


async def waiting(tx: Tx, organisations: Iterable[str]) -> bool:
    """Whether an image waits to be judged again."""
    return bool((await tx.fetch(WAITING, now=tx.now, organisations=sorted(organisations)))[0].waits)
