"""`POST /events`: people and images events of publishers that have no Kafka."""

from collections.abc import Collection
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel

from services.intake.api.landlords import known_organisation
from services.intake.api.webhooks import read_capped
from services.intake.domain.publishing import NotAllowed, Refused, Unsupported, events_of, said_in
from shared.bus.errors import TooLarge
from shared.bus.metrics import Instruments
from shared.bus.room import room
from shared.bus.tx import Bus
from shared.contracts import Event
from shared.platform.auth import Principal, allow
from shared.platform.problem import Fault, Problem

__all__ = ["router"]

MAX_FAULTS = 100
ANY: dict[str, Any] = {"schema": {"type": "object"}}
BODIES = {
    "application/json": ANY,
    "application/cloudevents+json": ANY,
    "application/cloudevents-batch+json": {"schema": {"type": "array", "items": {"type": "object"}}},
}

Publisher = Annotated[Principal, Depends(allow("publisher"))]


class Published(BaseModel):
    """So many events are committed and will be on the bus."""

    accepted: int


router = APIRouter(tags=["events"])


@router.post(
    "/events",
    status_code=202,
    summary="One CloudEvent, binary or structured, or a batch of them",
    responses={413: {"description": "over 4 MiB, or an event over 512 KiB"}, 415: {"description": "no CloudEvent"}},
    openapi_extra={"requestBody": {"required": True, "content": BODIES}},
)
async def publish(request: Request, publisher: Publisher) -> Published:
    """All of them or none. The credential gives the organisation and which types may be sent.

    An event that is sent again goes on with the same id: its readers know it.
    """
    known_organisation(request, publisher)
    raw = await read_capped(request)
    headers = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in request.headers.raw]
    events = _read(headers, raw, publisher)
    bus: Bus = request.app.state.bus
    await room(bus)
    await _emit(bus, publisher.organisation, events)
    metrics: Instruments = request.app.state.metrics
    metrics.add("published", publisher.organisation, by=len(events))
    return Published(accepted=len(events))


async def _emit(bus: Bus, organisation: str, events: list[Event]) -> None:
    keys: dict[str, set[str]] = {}
    for event in events:
        keys.setdefault(event.topic, set()).add(event.key)
    try:
        async with bus.transaction() as tx:
            for topic in sorted(keys):
                await tx.lock(organisation, topic, *keys[topic])
            tx.emit(*events)
    except TooLarge:
        raise Problem(413, "too-large", "An event may have 524288 bytes at the most.") from None


def _read(headers: list[tuple[str, str]], raw: bytes, publisher: Principal) -> list[Event]:
    try:
        return events_of(said_in(headers, raw), publisher.organisation, _types(publisher))
    except Refused as refused:
        faults = [Fault(pointer, detail) for pointer, detail in refused.faults[:MAX_FAULTS]]
        raise Problem(
            422, "invalid", "Some of it is wrong; errors names each place. Nothing was taken.", faults
        ) from None
    except NotAllowed as refusal:
        raise Problem(403, refusal.code, refusal.detail) from None
    except Unsupported:
        raise Problem(415, "unsupported-media-type", f"This door takes {', '.join(BODIES)}.") from None


def _types(publisher: Principal) -> Collection[str] | None:
    """The types that the credential names; None: all of both tables."""
    types = publisher.claims.get("types")
    if types is None:
        return None
    return frozenset(name for name in types if isinstance(name, str)) if isinstance(types, list) else frozenset()
