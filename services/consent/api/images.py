"""Images: what Communications adds to their description."""

from collections.abc import Callable

import msgspec
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from services.consent.api.image_bodies import Cleared, CopyrightBody, ImageBody, PeopleBody, image_body
from services.consent.api.landlords import (
    CONFLICT,
    PathId,
    Staff,
    bus_of,
    invalid,
    pack_of,
    packs_of,
    unknown,
    writable,
)
from services.consent.deciding import conclude, open_docket
from services.consent.domain.bounds import Crowded, check_room
from services.consent.domain.images import Description, Version, uses_of
from services.consent.store import images
from shared.bus import Tx
from shared.contracts.fields import decode_hook
from shared.contracts.images import Copyright, PersonShown
from shared.platform.audit import audit
from shared.platform.auth import Principal
from shared.platform.idempotency import once
from shared.platform.problem import Problem
from shared.policy import Packs

__all__ = ["clear_background", "router", "set_copyright"]

Change = Callable[[Version, Description, Tx], None]
router = APIRouter(prefix="/images", tags=["images"])


@router.post("/{id:path}/people", summary="Say who is on an image", response_model=ImageBody, responses=CONFLICT)
async def declare_people(request: Request, staff: Staff, id: PathId, body: PeopleBody) -> Response:
    """Replaces who was declared; judged again at once (westward:4.10, 10.4, wheatley:policy-details).

    How many faces were counted, and the word that nobody is shown, stay as they are where nothing is said of them.
    """
    shown = tuple(msgspec.convert(one.model_dump(exclude_none=True), PersonShown) for one in body.people)

    def change(version: Version, description: Description, tx: Tx) -> None:
        said = body.model_dump(include={"face_count", "nobody_shown"}, exclude_none=True)
        version.description = msgspec.structs.replace(description, people=shown, **said)

    return await _change(request, staff, id, "declare-people", change, [one.person for one in shown])


@router.post(
    "/{id:path}/clear-background",
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


@router.post(
    "/{id:path}/copyright", summary="Say by what right it is used", response_model=ImageBody, responses=CONFLICT
)
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
    await writable(request)
    async with bus_of(request).transaction() as tx:
        pack_of(request, staff, tx.now)

        async def act() -> JSONResponse:
            return JSONResponse(await _changed(tx, packs, staff, id, action, change, named or []))

        return await once(tx, request, staff, act)


async def _changed(
    tx: Tx, packs: Packs, staff: Principal, id: str, action: str, change: Change, named: list[str | None]
) -> dict[str, object]:
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
    try:
        check_room(image)
    except Crowded as fault:
        raise invalid(("/body/people", str(fault))) from None
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
    return image_body(version, docket.judged[organisation, id, version.content_hash], uses_of(image, version))
