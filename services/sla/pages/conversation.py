"""One conversation: what was said and done, in words, and how each deadline was counted."""

from fastapi import Request, Response

from services.sla.api import conversations
from services.sla.api.common import packs_of
from services.sla.pages import words
from services.sla.pages.house import PAGES, Seeing, now_of
from services.sla.pages.shown import clauses_of, shown

__all__ = ["router"]

router = PAGES.router()


@router.get("/page/conversations/{conversation}")
async def conversation(request: Request, visitor: Seeing, conversation: str) -> Response:
    """Its whole history."""
    organisation, packs = visitor.principal.organisation, packs_of(request)
    found = await conversations.show_conversation(request, visitor.principal, conversation)
    rows = shown(found["targets"], packs, organisation, now_of(request))
    return PAGES.render(
        request,
        visitor,
        "conversation.html",
        conversation=conversation,
        state=words.CONVERSATIONS[found["state"]],
        rows=[(row, clauses_of(row.one, packs, organisation)) for row in reversed(rows)],
        facts=[(fact, words.happened(fact)) for fact in found["facts"]],
    )
