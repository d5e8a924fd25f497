"""Images: what Communications adds to their description, and what may be done with them, in words."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field, StringConstraints

from services.consent.api.landlords import (
    CONFLICT,
    NOT_FOUND,
    CoveredName,
    Id,
    PathId,
    Reader,
    Staff,
    bus_of,
    invalid,
    pack_of,
    packs_of,
    unknown,
)
from services.consent.deciding import conclude, open_docket
from services.consent.domain.decision import Judged, judge, judge_use
from services.consent.domain.images import Description, Image, Use, Version, uses_of
from services.consent.domain.people import Rules
from services.consent.domain.words import in_words
from services.consent.store import images, people
from shared.bus import Tx
from shared.contracts.fields import decode_hook, encode_hook
from shared.contracts.images import Copyright, PersonShown
from shared.platform.audit import audit
from shared.platform.auth import Principal
from shared.platform.idempotency import once
from shared.platform.problem import Problem
from shared.policy import Packs

__all__ = ["router"]

Kind = Literal["staff", "non-staff", "child", "contractor", "volunteer", "board-member", "tenant", "unknown"]
Hash = Annotated[str, StringConstraints(max_length=135, pattern="^sha256:[0-9a-f]+$")]
Channel = Annotated[
    str, Query(max_length=71, pattern=r"^(internal|website|press|print|partner|archive|social:[a-z0-9]+(-[a-z0-9]+)*)$")
]
Limit = Annotated[str, StringConstraints(max_length=40)]


class Shown(BaseModel):
    """Somebody on the image."""

    person: Id | None = None
    kind: Kind
    identifiable: bool | None = None
    minor: Literal["yes", "no", "unknown"] | None = None
    deceased: bool | None = None


class PeopleBody(BaseModel):
    """Who is on the image, in place of what was said before."""

    people: Annotated[list[Shown], Field(max_length=1000)]
    face_count: Annotated[int | None, Field(ge=0, le=100_000)] = None
    nobody_shown: bool | None = None


class Cleared(BaseModel):
    """The content whose background was looked at."""

    content_hash: Hash


class CopyrightBody(BaseModel):
    """By what right the image is used; `until` is an instant or the last day."""

    basis: Literal["owned", "licensed", "public-domain", "unknown"]
    until: Limit | None = None
    channels: Annotated[list[CoveredName] | None, Field(max_length=50)] = None


class FindingBody(BaseModel):
    """What stands against a use, as on the bus, and in words."""

    person: str | None
    use: str | None
    channel: str | None
    decision: Literal["block", "review"]
    code: str
    text: str


class UseBody(BaseModel):
    """Where it is, or is meant to be, shown; `live_since` is missing where it is not live."""

    use: str | None
    channel: str
    purpose: str
    live_since: datetime | None


class DecisionBody(BaseModel):
    """What may be done. `reasons`: every sentence, those that permit as well. `uses`: those that were judged."""

    image: str
    content_hash: str | None
    decision: Literal["permit", "review", "block"]
    findings: list[FindingBody]
    reasons: list[str]
    uses: list[UseBody]


class ImageBody(DecisionBody):
    """An image as it is described now, and what that comes to."""

    uploader: str
    cleared_by: str | None
    people: list[Shown]
    face_count: int | None
    nobody_shown: bool | None
    copyright: dict[str, Any] | None


Change = Callable[[Version, Description, Tx], None]
router = APIRouter(prefix="/images", tags=["images"])


@router.get("/{id}/decision", summary="May this image be used so?", response_model=DecisionBody, responses=NOT_FOUND)
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
        found = await images.load(tx, [(reader.organisation, id)])
        image = found.get((reader.organisation, id))
        version = _in_hand(image) if image is not None else None
        if image is None or version is None:
            raise unknown("image")
        keys = {(reader.organisation, person) for person in image.people}
        known = {person: one for (_, person), one in (await people.known(tx, keys)).items()}
    if channel is None or purpose is None:
        return _decision(judge(image, version, known, rules), uses_of(image, version))
    meant = [use for use in uses_of(image, version) if (use.channel, use.purpose) == (channel, purpose)]
    uses = meant or [Use(use=None, channel=channel, purpose=purpose)]
    return _decision(judge_use(image, version, uses, known, rules), uses)


def _in_hand(image: Image) -> Version | None:
    """The content that is asked about: the library's, else one that is placed somewhere."""
    if image.current is not None:
        return image.current
    return next((image.versions[one.content_hash] for one in image.placed), None)


def _decision(judged: Judged, uses: Sequence[Use]) -> dict[str, Any]:
    return {
        "image": judged.image,
        "content_hash": judged.content_hash,
        "decision": judged.decision,
        "findings": [
            {
                "person": one.person,
                "use": one.use.use if one.use is not None else None,
                "channel": one.use.channel if one.use is not None else None,
                "decision": one.decision,
                "code": one.code,
                "text": in_words(one),
            }
            for one in judged.missing
        ],
        "reasons": list(dict.fromkeys(in_words(one) for one in judged.found)),
        "uses": [
            {"use": use.use, "channel": use.channel, "purpose": use.purpose, "live_since": use.live_since}
            for use in uses
        ],
    }


@router.post("/{id}/people", summary="Say who is on an image", response_model=ImageBody, responses=CONFLICT)
async def declare_people(request: Request, staff: Staff, id: PathId, body: PeopleBody) -> Response:
    """Replaces who was declared; judged again at once (westward:4.10, 10.4, wheatley:policy-details)."""
    shown = tuple(msgspec.convert(one.model_dump(exclude_none=True), PersonShown) for one in body.people)

    def change(version: Version, description: Description, tx: Tx) -> None:
        version.description = msgspec.structs.replace(
            description, people=shown, face_count=body.face_count, nobody_shown=body.nobody_shown
        )

    return await _change(request, staff, id, "declare-people", change, [one.person for one in shown])


@router.post(
    "/{id}/clear-background",
    summary="Say that nothing in the background identifies anybody",
    response_model=ImageBody,
    responses=CONFLICT,
)
async def clear_background(request: Request, staff: Staff, id: PathId, body: Cleared) -> Response:
    """Of one content, by somebody other than its uploader; an edit voids it (westward:7.6)."""

    def change(version: Version, description: Description, tx: Tx) -> None:
        if body.content_hash != version.content_hash:
            raise Problem(409, "state", "The image has another content now.", extra={"state": version.content_hash})
        if staff.person == description.uploader:
            raise Problem(403, "own-upload", "The background is cleared by somebody other than the uploader.")
        version.cleared_by = staff.person

    return await _change(request, staff, id, "clear-background", change)


@router.post("/{id}/copyright", summary="Say by what right it is used", response_model=ImageBody, responses=CONFLICT)
async def set_copyright(request: Request, staff: Staff, id: PathId, body: CopyrightBody) -> Response:
    """Owned, licensed, in the public domain, or not known (westward:10.1, 10.2, 6.5)."""
    try:
        basis = msgspec.convert(body.model_dump(exclude_none=True), Copyright, dec_hook=decode_hook)
    except msgspec.ValidationError:
        raise invalid(("/body/until", "an instant with an offset, or a date")) from None

    def change(version: Version, description: Description, tx: Tx) -> None:
        version.description = msgspec.structs.replace(description, copyright=basis)

    return await _change(request, staff, id, "set-copyright", change)


async def _change(
    request: Request, staff: Principal, id: str, action: str, change: Change, named: list[str | None] | None = None
) -> Response:
    """Lock the image, change its description, judge it again and tell what that changes, in one transaction."""
    packs = packs_of(request)
    async with bus_of(request).transaction() as tx:
        pack_of(request, staff, tx.now)

        async def act() -> JSONResponse:
            return JSONResponse(await _changed(tx, packs, staff, id, action, change, named or []))

        return await once(tx, request, staff, act)


async def _changed(
    tx: Tx, packs: Packs, staff: Principal, id: str, action: str, change: Change, named: list[str | None]
) -> dict[str, Any]:
    organisation = staff.organisation
    if not await images.known(tx, organisation, id):
        raise unknown("image")
    image = (await images.lock(tx, [(organisation, id)]))[organisation, id]
    version = image.current
    if version is None or version.description is None:
        raise unknown("image")
    docket = await open_docket(tx, packs, [image], [(organisation, person) for person in named if person is not None])
    change(version, version.description, tx)
    version.changed = True
    docket.judge(image)
    await conclude(tx, [image], docket)
    await audit(
        tx,
        organisation=organisation,
        actor=staff.person,
        action=action,
        subject=id,
        at=tx.now,
        after={"content_hash": version.content_hash, "decision": version.decision},
    )
    return _image(version, docket.judged[organisation, id, version.content_hash], uses_of(image, version))


def _image(version: Version, judged: Judged, uses: Sequence[Use]) -> dict[str, Any]:
    description = version.description
    assert description is not None
    content: dict[str, Any] = msgspec.to_builtins(description, enc_hook=encode_hook)
    blank: dict[str, Any] = {"face_count": None, "nobody_shown": None, "copyright": None, "people": []}
    body = ImageBody.model_validate({**blank, **content, **_decision(judged, uses), "cleared_by": version.cleared_by})
    return body.model_dump(mode="json")
