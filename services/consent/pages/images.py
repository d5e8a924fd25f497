"""One image: whether it may be used so, in words; its uses and people; background and copyright."""

from collections.abc import Awaitable
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Form, Query, Request, Response
from pydantic import ValidationError

from services.consent.api.image_bodies import Cleared, CopyrightBody
from services.consent.api.images import clear_background, set_copyright
from services.consent.api.landlords import PathId, invalid
from services.consent.api.looking import is_channel, show_decision, show_image
from services.consent.api.subjects import names_of
from services.consent.pages import words
from services.consent.pages.house import PAGES, Posting, Seeing
from services.consent.pages.missing import lacking, to_go
from shared.platform.pages import Visitor
from shared.platform.pages.forms import FRESH, Sent, sent
from shared.platform.problem import Problem

__all__ = ["router"]

router = PAGES.router()

Text = Annotated[str, Query(max_length=255, pattern="^[^\\x00]*$")]


@router.get("/page/images/{image:path}")
async def image(request: Request, visitor: Seeing, image: PathId, channel: Text = "", purpose: Text = "") -> Response:
    """As it stands, and the answer to a question about one channel and purpose."""
    return await _page(request, visitor, image, channel, purpose)


async def _page(
    request: Request, visitor: Visitor, image: str, channel: str = "", purpose: str = "", came: Sent = FRESH
) -> Response:
    who = visitor.principal
    found = await show_image(request, who, image)
    takedowns, more = await to_go(request, who, image)
    answer: dict[str, Any] | None = None
    wrong = ""
    if channel and purpose.strip():
        if is_channel(channel):
            answer = await show_decision(request, who, image, channel, purpose.strip())
        else:
            wrong = "Choose where: there is no such channel."
    elif channel or purpose:
        wrong = "Say both: where, and what for."
    shown = [one["person"] for one in found["people"]] + [one["person"] for one in found["findings"]]
    return PAGES.render(
        request,
        visitor,
        "image.html",
        status=came.problem.status if came.problem else 422 if wrong else 200,
        image=found,
        lacks=lacking(found),
        answer=answer,
        asked={"channel": channel, "purpose": purpose},
        wrong=wrong,
        own=found["uploader"] == who.person,
        takedowns=takedowns,
        more_takedowns=more,
        names=await names_of(request, who, shown),
        came=came,
        all=words,
    )


@router.post("/page/images/{image:path}/clear-background")
async def clear(
    request: Request, visitor: Posting, image: PathId, content_hash: Annotated[str, Form()] = ""
) -> Response:
    """Somebody other than the uploader has looked (westward:7.6)."""
    try:
        body = Cleared(content_hash=content_hash)
    except ValidationError:
        raise invalid(("/body/content_hash", "the content that was looked at")) from None
    done = clear_background(request, visitor.principal, image, body)
    return await _changed(request, visitor, image, "clear", done, "The background is cleared.")


@router.post("/page/images/{image:path}/copyright")
async def copyright(
    request: Request,
    visitor: Posting,
    image: PathId,
    basis: Annotated[str, Form()] = "",
    until: Annotated[str, Form()] = "",
) -> Response:
    """By what right it is used (westward:10.1)."""
    try:
        body = CopyrightBody(basis=basis, until=until.strip() or None)  # type: ignore[arg-type] # checked here
    except ValidationError:
        problem = invalid(("/body/basis", "choose one"))
        return await _page(request, visitor, image, came=await sent(request, "copyright", problem))
    done = set_copyright(request, visitor.principal, image, body)
    return await _changed(request, visitor, image, "copyright", done, "The copyright is noted.")


async def _changed(
    request: Request, visitor: Visitor, image: str, form: str, done: Awaitable[Response], said: str
) -> Response:
    try:
        await done
    except Problem as problem:
        if problem.status == 404:
            raise
        return await _page(request, visitor, image, came=await sent(request, form, problem))
    return PAGES.back(request, f"/page/images/{quote(image, safe='')}", said)
