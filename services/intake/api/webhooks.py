"""`POST /webhooks/standard/{source}`: what the networks and social inboxes tell us."""

from typing import Annotated

import structlog
from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel

from services.intake.api.book import Book
from services.intake.api.signature import Unproven, signer
from services.intake.jobs.accepting import Accepting, Full
from services.intake.metrics import refuse
from services.intake.store.deliveries import Arrival
from shared.bus.metrics import Instruments
from shared.bus.tx import Bus
from shared.platform.auth import public
from shared.platform.problem import Problem, unavailable
from shared.platform.tracing import spoken

__all__ = ["router"]

STANDARD = "standard"
MAX_BODY = 4 * 1024 * 1024
log = structlog.get_logger("webhooks")

SourceName = Annotated[str, Path(max_length=100, description="the source, as it was registered")]


class Accepted(BaseModel):
    """The delivery is committed: now, or when it came before."""

    accepted: bool = True


router = APIRouter(tags=["webhooks"])


@router.post(
    "/webhooks/standard/{source}",
    summary="A delivery signed by the Standard Webhooks scheme",
    dependencies=[Depends(public("the signature over the raw bytes, by a secret of the source"))],
    responses={413: {"description": "over 4 MiB"}},
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}},
)
async def standard(source: SourceName, request: Request) -> Accepted:
    """Check the signature over the bytes as they came, commit them, answer. What they say is read by the worker.

    An unknown source, a bad signature and a missing one are the same 401; of none of them anything is stored.
    """
    state = request.app.state
    metrics: Instruments = state.metrics
    book: Book = state.book
    bus: Bus = state.bus
    raw = await read_capped(request)
    headers = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in request.headers.raw]
    named = [one for one in await book.named(source) if one.network == STANDARD]
    try:
        owner, delivery = signer(raw, headers, named, bus.clock.machine())
    except Unproven as fault:
        refuse(metrics, [(one.organisation, one.source) for one in named], fault.reason)
        raise Problem(401, "unproven", "No secret of this source signed this delivery as it came.") from None
    arrival = Arrival(
        organisation=owner.organisation,
        source=owner.source,
        delivery=delivery,
        raw=raw,
        received_at=bus.clock.policy(),
        traceparent=spoken(request.headers.get("traceparent", "")),
    )
    accepting: Accepting = state.accepting
    try:
        await accepting.accept(arrival)
    except Full:
        raise unavailable("Too much waits already; nothing was stored. Send it again.", 5) from None
    return Accepted()


async def read_capped(request: Request) -> bytes:
    """The raw bytes of a body of up to 4 MiB. Raises a 413 problem, before reading where the length is announced."""
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > MAX_BODY:
        raise _too_large()
    chunks = bytearray()
    async for chunk in request.stream():
        chunks += chunk
        if len(chunks) > MAX_BODY:
            raise _too_large()
    return bytes(chunks)


def _too_large() -> Problem:
    return Problem(413, "too-large", f"A body may have {MAX_BODY} bytes at the most.")
