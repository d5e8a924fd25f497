"""Whether nothing is left to do: what a stepped clock waits for."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel

from services.consent.api.landlords import bus_of, packs_of
from services.consent.store import images, people
from shared.platform.auth import Principal, allow

__all__ = ["router"]

Ops = Annotated[Principal, Depends(allow("ops"))]


class Quiet(BaseModel):
    """Quiet, or why not."""

    quiet: bool
    why: list[str]


router = APIRouter(tags=["clock"])


@router.get("/quiet", summary="Nothing is under way here")
async def quiet(request: Request, _: Ops) -> Quiet:
    """Nothing is due and untold, no image waits to be judged again, and the outbox is empty."""
    organisations = packs_of(request).organisations
    why = []
    async with bus_of(request).transaction() as tx:
        if await people.waiting(tx, organisations):
            why.append("something about a person changes with time and has not been told")
        if await images.waiting(tx, organisations):
            why.append("an image waits to be judged again")
        if (await tx.fetch("select exists (select from outbox) as waits"))[0].waits:
            why.append("an event waits to be sent")
    return Quiet(quiet=not why, why=why)
