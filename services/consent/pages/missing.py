"""The page of consent: which images lack something and a form to mend it, what has to go, and what ends soon."""

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Query, Request, Response
from fastapi.responses import RedirectResponse

from services.consent.api.consents import ending_soon
from services.consent.api.looking import list_images
from services.consent.api.subjects import names_of
from services.consent.api.takedowns import open_takedowns
from services.consent.pages import words
from services.consent.pages.house import PAGES, Seeing, now_of
from shared.platform.auth import Principal
from shared.platform.pages import Visitor
from shared.platform.pages.forms import FRESH, Sent

__all__ = ["home", "lacking", "router", "to_go"]

router = PAGES.router()

MOST = 20
MOST_ROWS = 200
SOON_DAYS = 90
"""Consents that end within so many days are shown."""


@router.get("/")
async def missing(
    request: Request,
    visitor: Seeing,
    person: Annotated[str, Query(max_length=255, pattern="^[^\\x00]*$")] = "",
    cursor: Annotated[str | None, Query(max_length=2000)] = None,
) -> Response:
    """All of it, or of the images those that show one person."""
    return await home(request, visitor, person, cursor)


async def home(
    request: Request, visitor: Visitor, person: str = "", cursor: str | None = None, came: Sent = FRESH
) -> Response:
    """The page, with a form that came back where `came` says so."""
    who = visitor.principal
    found = await list_images(request, who, missing=True, person=person or None, limit=MOST, cursor=cursor)
    ending, more_ending = await ending_soon(request, who, SOON_DAYS, MOST_ROWS)
    takedowns, more_takedowns = await to_go(request, who)
    wanted = {one["person"] for image in found["items"] for one in image["findings"]}
    names = await names_of(request, who, wanted | {one["person"] for one in ending})
    return PAGES.render(
        request,
        visitor,
        "missing.html",
        status=came.problem.status if came.problem else 200,
        images=[lacking(one) for one in found["items"]],
        next=found["next"],
        first=cursor is None,
        person=person,
        ending=ending,
        more_ending=more_ending,
        ending_days=SOON_DAYS,
        takedowns=takedowns,
        more_takedowns=more_takedowns,
        names=names,
        came=came,
        today=now_of(request),
        all=words,
    )


def lacking(image: dict[str, Any]) -> dict[str, Any]:
    """An image's findings by person, those of nobody in particular apart, with the uses that they are about."""
    purposes = {use["use"]: use["purpose"] for use in image["uses"]}
    people: dict[str, list[dict[str, Any]]] = {}
    for one in image["findings"]:
        if one["person"] is not None:
            people.setdefault(one["person"], []).append(one)
    return {
        "image": image["image"],
        "content_hash": image["content_hash"],
        "decision": image["decision"],
        "live": any(use["live_since"] for use in image["uses"]),
        "own": [one for one in image["findings"] if one["person"] is None],
        "people": [
            {
                "person": person,
                "findings": findings,
                "channels": sorted({one["channel"] for one in findings if one["channel"]}),
                "purposes": sorted({purposes[one["use"]] for one in findings if one["use"] in purposes}),
            }
            for person, findings in people.items()
        ],
    }


async def to_go(request: Request, who: Principal, image: str | None = None) -> tuple[list[dict[str, Any]], int]:
    """What has to go, the first due first, and how much more there is; `late` where the deadline is past."""
    now = now_of(request)
    found, more = await open_takedowns(request, who, MOST_ROWS, image)
    return [one | {"late": one["deadline"] <= now} for one in found], more


@router.get("/page/look-up")
async def look_up(
    visitor: Seeing,
    person: Annotated[str, Query(max_length=255)] = "",
    image: Annotated[str, Query(max_length=255)] = "",
) -> Response:
    """Go to a person or an image by id."""
    if person.strip():
        return RedirectResponse(f"/page/people/{quote(person.strip(), safe='')}", 303)
    return RedirectResponse(f"/page/images/{quote(image.strip(), safe='')}" if image.strip() else "/", 303)
