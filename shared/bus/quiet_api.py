"""Whether nothing is left to do in a service at this policy time: what a stepped clock waits for."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from shared.bus.tx import Bus, Tx
from shared.platform.auth import Principal, allow

__all__ = ["Waits", "router"]

Waits = Callable[[Tx], Awaitable[str | None]]
"""What is due or under way and not done yet, in words; None for nothing."""
Ops = Annotated[Principal, Depends(allow("ops"))]


class Quiet(BaseModel):
    """Quiet, or why not."""

    quiet: bool
    why: list[str]


def router(bus: Bus, waits: tuple[Waits, ...]) -> APIRouter:
    """`GET /quiet`, for ops."""
    doors = APIRouter(tags=["clock"])

    @doors.get("/quiet", summary="Nothing is under way here")
    async def quiet(_: Ops) -> Quiet:
        """Nothing is due and untold or taken in and unread, and the outbox is empty."""
        async with bus.transaction() as tx:
            why = [text for ask in waits if (text := await ask(tx)) is not None]
            if (await tx.fetch("select exists (select from outbox) as waits"))[0].waits:
                why.append("an event waits to be sent")
        return Quiet(quiet=not why, why=why)

    return doors
