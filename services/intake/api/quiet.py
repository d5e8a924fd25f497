"""Whether nothing is left to do: what a stepped clock waits for."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel

from services.intake.jobs.accepting import Accepting
from services.intake.store import deliveries
from shared.bus.tx import Bus
from shared.platform.auth import Principal, allow
from shared.policy import Packs

__all__ = ["router"]

Ops = Annotated[Principal, Depends(allow("ops"))]


class Quiet(BaseModel):
    """Quiet, or why not."""

    quiet: bool
    why: list[str]


router = APIRouter(tags=["clock"])


@router.get("/quiet", summary="No delivery and no event is under way here")
async def quiet(request: Request, ops: Ops) -> Quiet:
    """Deliveries are committed and read, and the outbox is empty."""
    bus: Bus = request.app.state.bus
    packs: Packs = request.app.state.packs
    accepting: Accepting = request.app.state.accepting
    why = ["a delivery waits for its commit"] if accepting.busy else []
    async with bus.transaction() as tx:
        if await deliveries.waiting(tx, sorted(packs.organisations)):
            why.append("a delivery waits to be read")
        if (await tx.fetch("select exists (select from outbox) as waits"))[0].waits:
            why.append("an event waits to be sent")
    return Quiet(quiet=not why, why=why)
