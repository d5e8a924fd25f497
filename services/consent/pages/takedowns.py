"""What has to go, and who sees to it: the acts of a takedown as forms of a page."""

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Annotated
from uuid import UUID

from fastapi import Form, Request, Response
from pydantic import ValidationError

from services.consent.api.landlords import invalid
from services.consent.api.takedowns import Doing, claim, not_possible, verify
from services.consent.pages.house import PAGES, Posting
from services.consent.pages.missing import home
from shared.platform.auth import Principal
from shared.platform.pages import Visitor
from shared.platform.pages.forms import Sent, typed
from shared.platform.problem import Problem

__all__ = ["router"]

router = PAGES.router()

Door = Callable[[Request, Principal, UUID, Doing | None], Awaitable[Response]]
SAID: Mapping[str, str] = MappingProxyType(
    {
        "claim": "You see to it.",
        "verify": "Noted: it is gone.",
        "not-possible": "Noted: it cannot go.",
    }
)


@router.post("/page/takedowns/{id}/claim")
async def claim_it(request: Request, visitor: Posting, id: UUID) -> Response:
    """See to it."""
    return await _act(request, visitor, id, "claim", claim)


@router.post("/page/takedowns/{id}/verify")
async def verify_it(request: Request, visitor: Posting, id: UUID, evidence: Annotated[str, Form()] = "") -> Response:
    """It was looked for, and is gone."""
    return await _act(request, visitor, id, "verify", verify, evidence=evidence)


@router.post("/page/takedowns/{id}/not-possible")
async def cannot_go(
    request: Request,
    visitor: Posting,
    id: UUID,
    reason: Annotated[str, Form()] = "",
    evidence: Annotated[str, Form()] = "",
) -> Response:
    """It cannot be called back, and why."""
    return await _act(request, visitor, id, "not-possible", not_possible, reason, evidence)


async def _act(
    request: Request, visitor: Visitor, id: UUID, act: str, door: Door, reason: str = "", evidence: str = ""
) -> Response:
    """What the door does. What is wrong comes back at the form, with all that was typed."""
    try:
        await door(request, visitor.principal, id, _doing(reason, evidence))
    except Problem as problem:
        if problem.status in (403, 404):
            raise
        return await home(request, visitor, came=Sent(f"{act}-{id}", typed(await request.form()), problem))
    return PAGES.back(request, "/", SAID[act])


def _doing(reason: str, evidence: str) -> Doing:
    try:
        return Doing(reason=reason.strip() or None, evidence=evidence.strip() or None)
    except ValidationError:
        raise invalid(("/body/evidence", "up to 2000 characters of text")) from None
