"""Whether nothing is left to do: what a stepped clock waits for."""

from fastapi import APIRouter, Request
from pydantic import BaseModel

from services.access.api.common import Ops, bus_of, packs_of
from services.access.store.locks import waits_for_time

__all__ = ["router"]

router = APIRouter(tags=["clock"])


class Quiet(BaseModel):
    """Quiet, or why not."""

    quiet: bool
    why: list[str]


@router.get("/quiet", summary="Nothing is under way here")
async def quiet(request: Request, ops: Ops) -> Quiet:
    """Nobody's leave and no level of a ladder is due and untold, and the outbox is empty."""
    why = []
    async with bus_of(request).transaction() as tx:
        if await waits_for_time(tx, packs_of(request).organisations):
            why.append("a leave or an overdue revocation is due and not yet told")
        if (await tx.fetch("select exists (select from outbox) as waits"))[0].waits:
            why.append("an event waits to be sent")
    return Quiet(quiet=not why, why=why)
