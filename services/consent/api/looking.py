"""Looking at images: which lack something, and what may be done with one, in words."""

import re
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from services.consent.api.image_bodies import DecisionBody, ImageBody, ImagePage, decision_body, image_body
from services.consent.api.landlords import NOT_FOUND, Id, PathId, Reader, bus_of, invalid, pack_of, unknown
from services.consent.domain.decision import judge, judge_use
from services.consent.domain.images import Image, Use, Version, uses_of
from services.consent.domain.people import Person, Rules
from services.consent.store import images, people
from shared.bus import Tx
from shared.platform.auth import Principal
from shared.platform.paging import Cursor, Limit, page, read_cursor

__all__ = ["is_channel", "list_images", "router", "show_decision", "show_image"]

CHANNEL = r"^(internal|website|press|print|partner|archive|social:[a-z0-9]+(-[a-z0-9]+)*)$"
Channel = Annotated[str, Query(max_length=71, pattern=CHANNEL)]
router = APIRouter(prefix="/images", tags=["images"])


@router.get("", summary="Images by id, with what stands against each", response_model=ImagePage)
async def list_images(
    request: Request,
    reader: Reader,
    missing: Annotated[bool, Query(description="only those that lack something")] = False,
    person: Annotated[Id | None, Query(description="only those that show this person, or once did")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """The organisation's images; which lack something is as last decided, what they lack is worked out now."""
    after = read_cursor(cursor, str)
    async with bus_of(request).transaction() as tx:
        rules = Rules.of(pack_of(request, reader, tx.now), tx.now)
        rows = await images.listed(
            tx, reader.organisation, limit + 1, missing=missing, person=person, after=after[0] if after else None
        )
        found = await images.load(tx, [(reader.organisation, row.image) for row in rows[:limit]])
        known = await _known(tx, reader.organisation, *found.values())
    answer = page(rows, limit, lambda row: (row.image,), lambda row: found[reader.organisation, row.image])
    entries = [
        decision_body(judge(image, version, known, rules), uses_of(image, version))
        for image in answer["items"]
        for version in image.in_hand
    ]
    return answer | {"items": [one for one in entries if one["findings"] or not missing]}


def is_channel(text: str) -> bool:
    """Whether a use may be there: a channel of the bus, of any network."""
    return len(text) <= 71 and re.fullmatch(CHANNEL, text) is not None


async def _known(tx: Tx, organisation: str, *shown: Image) -> Mapping[str, Person]:
    keys = {(organisation, person) for image in shown for person in image.people}
    return {person: one for (_, person), one in (await people.known(tx, keys)).items()}


async def _find(tx: Tx, reader: Principal, id: str) -> tuple[Image, Version]:
    """The image and the content that is asked about: the library's, else one that is placed. Raises a 404 problem."""
    image = (await images.load(tx, [(reader.organisation, id)])).get((reader.organisation, id))
    if image is None:
        raise unknown("image")
    version = image.current or next((image.versions[one.content_hash] for one in image.placed), None)
    if version is None:
        raise unknown("image")
    return image, version


@router.get(
    "/{id:path}/decision", summary="May this image be used so?", response_model=DecisionBody, responses=NOT_FOUND
)
async def show_decision(
    request: Request,
    reader: Reader,
    id: PathId,
    channel: Channel | None = None,
    purpose: Annotated[Id | None, Query()] = None,
) -> dict[str, Any]:
    """Worked out now, on what is known now. Without channel and purpose: in all its uses."""
    if (channel is None) is not (purpose is None):
        raise invalid(("/query/purpose" if purpose is None else "/query/channel", "give both or neither"))
    async with bus_of(request).transaction() as tx:
        rules = Rules.of(pack_of(request, reader, tx.now), tx.now)
        image, version = await _find(tx, reader, id)
        known = await _known(tx, reader.organisation, image)
    if channel is None or purpose is None:
        return decision_body(judge(image, version, known, rules), uses_of(image, version))
    meant = [use for use in uses_of(image, version) if (use.channel, use.purpose) == (channel, purpose)]
    uses = meant or [Use(use=None, channel=channel, purpose=purpose)]
    return decision_body(judge_use(image, version, uses, known, rules), uses)


# The last of these: an id may have slashes.
@router.get("/{id:path}", summary="One image", response_model=ImageBody, responses=NOT_FOUND)
async def show_image(request: Request, reader: Reader, id: PathId) -> dict[str, Any]:
    """As it is described, and what that comes to now in all its uses."""
    async with bus_of(request).transaction() as tx:
        rules = Rules.of(pack_of(request, reader, tx.now), tx.now)
        image, version = await _find(tx, reader, id)
        known = await _known(tx, reader.organisation, image)
    return image_body(version, judge(image, version, known, rules), uses_of(image, version))
