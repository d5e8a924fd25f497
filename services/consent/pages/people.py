"""One person: who they are, what they said, and the images that show them."""

from datetime import date
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Form, Request, Response

from services.consent.api.consents import list_consents
from services.consent.api.landlords import PathId, invalid
from services.consent.api.looking import list_images
from services.consent.api.subjects import Subject, put_subject, show_subject
from services.consent.pages import words
from services.consent.pages.house import PAGES, Posting, Seeing
from shared.platform.pages import Visitor
from shared.platform.pages.forms import FRESH, Sent, sent
from shared.platform.problem import Problem

__all__ = ["person_page", "router"]

router = PAGES.router()

MOST = 200
NOTE = "note"


@router.get("/page/people/{person:path}")
async def person(request: Request, visitor: Seeing, person: PathId) -> Response:
    """What is known of somebody; of somebody of whom nothing is, that, as a 404."""
    return await person_page(request, visitor, person)


async def person_page(request: Request, visitor: Visitor, person: str, came: Sent = FRESH) -> Response:
    """The page, with a form that came back where `came` says so."""
    who = visitor.principal
    subject = await _subject(request, visitor, person)
    consents = (await list_consents(request, who, subject=person, limit=MOST))["items"]
    images = (await list_images(request, who, person=person, limit=MOST))["items"]
    known = subject is not None or bool(consents) or bool(images)
    return PAGES.render(
        request,
        visitor,
        "person.html",
        status=came.problem.status if came.problem else 200 if known else 404,
        person=person,
        subject=subject,
        known=known,
        consents=list(reversed(consents)),
        images=images,
        came=came,
        all=words,
    )


async def _subject(request: Request, visitor: Visitor, person: str) -> dict[str, Any] | None:
    try:
        return await show_subject(request, visitor.principal, person)
    except Problem as problem:
        if problem.status != 404:
            raise
        return None


@router.post("/page/people/{person:path}/note")
async def note(
    request: Request,
    visitor: Posting,
    person: PathId,
    name: Annotated[str, Form()] = "",
    kind: Annotated[str, Form()] = "",
    born_on: Annotated[str, Form()] = "",
) -> Response:
    """Keep who they are."""
    try:
        before = await _subject(request, visitor, person)
        body = Subject(
            person=person,
            kind=kind if kind in words.KINDS else "unknown",  # type: ignore[arg-type] # one of them
            name=name.strip().replace("\0", "")[:500] or None,
            born_on=_day(born_on),
            guardian=before["guardian"] if before else None,
        )
        await put_subject(request, visitor.principal, body)
    except Problem as problem:
        return await person_page(request, visitor, person, await sent(request, NOTE, problem))
    return PAGES.back(request, f"/page/people/{quote(person, safe='')}", "Noted.")


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text) if text.strip() else None
    except ValueError:
        raise invalid(("/body/born_on", "a date as YYYY-MM-DD")) from None
    if day is not None and not 1900 <= day.year <= 2900:
        raise invalid(("/body/born_on", "a date from 1900 on"))
    return day
