"""The page of consent: which images lack something and a form to mend it, what has to go, and what ends soon."""

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Query, Request, Response
from fastapi.responses import RedirectResponse

from services.consent.api.consents import list_consents
from services.consent.api.looking import list_images
from services.consent.api.subjects import names_of
from services.consent.api.takedowns import list_takedowns
from services.consent.pages import words
from services.consent.pages.house import PAGES, Seeing, now_of
from shared.platform.auth import Principal
from shared.platform.pages import Visitor
from shared.platform.pages.forms import FRESH, Sent

__all__ = ["home", "lacking", "open_takedowns", "router"]

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
    ending = await list_consents(request, who, expiring=SOON_DAYS, limit=MOST_ROWS)
    wanted = {one["person"] for image in found["items"] for one in image["findings"]}
    names = await names_of(request, who, wanted | {one["person"] for one in ending["items"]})
    return PAGES.render(
        request,
        visitor,
        "missing.html",
        status=came.problem.status if came.problem else 200,
        images=[lacking(one) for one in found["items"]],
        next=found["next"],
        first=cursor is None,
        person=person,
        ending=sorted(ending["items"], key=lambda one: str(one["valid_until"])),
        ending_days=SOON_DAYS,
        takedowns=await open_takedowns(request, who),
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


async def open_takedowns(request: Request, who: Principal, image: str | None = None) -> list[dict[str, Any]]:
    """Those that somebody still has to see to, the first due first; `late` where the deadline is past."""
    now = now_of(request)
    rows = [
        one
        for state in ("requested", "claimed")
        for one in (await list_takedowns(request, who, state=state, image=image, limit=MOST_ROWS))["items"]
    ]
    return [one | {"late": one["deadline"] <= now} for one in sorted(rows, key=lambda one: one["deadline"])]


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
