"""A record of what somebody said, with the form: the fields of the API's door in a form of a page."""

import json
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request, Response
from starlette.datastructures import FormData

from services.consent.api.bodies import Withdraw
from services.consent.api.consents import file_record, withdraw_consent
from services.consent.api.subjects import names_of
from services.consent.api.upload import file_of, record_of
from services.consent.pages import words
from services.consent.pages.house import PAGES, Posting, Seeing
from services.consent.pages.people import person_page
from shared.platform.pages import Visitor
from shared.platform.pages.forms import Sent, field_of, typed
from shared.platform.problem import Problem

__all__ = ["router"]

router = PAGES.router()

Text = Annotated[str, Query(max_length=255, pattern="^[^\\x00]*$")]
FORM = "record"
PLAIN = ("person", "outcome", "method", "taken_on", "taken_by", "name_matches", "valid_until", "language", "guardian")


@router.get("/page/records")
async def fresh(request: Request, visitor: Seeing, person: Text = "", channel: Text = "", image: Text = "") -> Response:
    """An empty form."""
    fields = {"person": [person], "image": [image], "channels": [channel] if channel else [], "outcome": ["given"]}
    return await _page(request, visitor, Sent(FORM, fields | {"method": ["signed"]}))


@router.post("/page/records")
async def record(request: Request, visitor: Posting) -> Response:
    """Keep it; what is wrong comes back with all that was typed."""
    form = await request.form()
    try:
        wish = record_of(_fields(form))
        filed = await file_of(form, request.app.state.form_bytes)
        answer = await file_record(request, visitor.principal, wish, filed)
    except Problem as problem:
        return await _page(request, visitor, Sent(FORM, typed(form), problem))
    made = json.loads(bytes(answer.body))
    reasons = "; ".join(words.words_of(reason) for reason in made["reasons"])
    said = f"Recorded, but it does not count: {reasons}." if reasons else "Recorded. What it concerns is judged again."
    return PAGES.back(request, field_of(form, "next") or "/", said)


def _fields(form: FormData) -> dict[str, Any]:
    """The record that the form's fields say; what is left empty is not known."""
    fields: dict[str, Any] = {name: field_of(form, name) for name in PLAIN}
    fields["channels"] = [channel for channel in form.getlist("channels") if channel] or None
    fields["purposes"] = [line.strip() for line in (field_of(form, "purposes") or "").splitlines() if line.strip()]
    if form.get("only") and field_of(form, "image"):
        fields["items"] = [field_of(form, "image")]
    if form.get("unsigned"):
        fields["signed"] = False
    if fields["outcome"] != "given":
        fields["method"] = None
    return fields


async def _page(request: Request, visitor: Visitor, came: Sent) -> Response:
    person = came.value(FORM, "person")
    return PAGES.render(
        request,
        visitor,
        "record.html",
        status=came.problem.status if came.problem else 200,
        came=came,
        form=FORM,
        person=person,
        names=await names_of(request, visitor.principal, [person or None]),
        all=words,
    )


@router.post("/page/consents/{consent}/withdraw")
async def withdraw(request: Request, visitor: Posting, consent: UUID) -> Response:
    """Take it back: as easy as giving (wheatley:legal-and-regulatory-framework)."""
    form = await request.form()
    person = field_of(form, "person") or ""
    try:
        channels = [str(channel) for channel in form.getlist("channels")]
        body = Withdraw(channels=channels or None, safety=bool(form.get("safety")))
        await withdraw_consent(request, visitor.principal, consent, body)
    except Problem as problem:
        if problem.status in (403, 404):
            raise
        return await person_page(request, visitor, person, Sent(f"withdraw-{consent}", typed(form), problem))
    return PAGES.back(request, field_of(form, "next") or "/", "Withdrawn. Live uses are asked to go.")
