"""Who may use the doors, and under which policy: an organisation without a pack has no consent rules to ask."""

from datetime import UTC, date, datetime
from typing import Annotated, Any

from fastapi import Depends, Path, Request
from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, StringConstraints

from shared.bus import Bus
from shared.bus.room import room
from shared.platform.auth import Principal, allow
from shared.platform.http import ERRORS
from shared.platform.problem import Fault, Problem
from shared.policy import Pack, Packs

__all__ = [
    "CONFLICT",
    "NOT_FOUND",
    "AnyDay",
    "CoveredName",
    "Day",
    "Id",
    "Instant",
    "PathId",
    "Reader",
    "Staff",
    "Truth",
    "bus_of",
    "invalid",
    "pack_of",
    "packs_of",
    "unknown",
    "writable",
]

Staff = Annotated[Principal, Depends(allow("communications", "dpo"))]
Reader = Annotated[Principal, Depends(allow("communications", "head-of-communications", "dpo"))]

NO_NUL = "^[^\\x00]+$"
Id = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=NO_NUL)]
PathId = Annotated[str, Path(min_length=1, max_length=255, pattern=NO_NUL)]
CoveredName = Annotated[
    str,
    StringConstraints(
        max_length=71, pattern=r"^(internal|website|press|print|partner|archive|social(:[a-z0-9]+(-[a-z0-9]+)*)?)$"
    ),
]
Truth = Annotated[bool, Field(strict=True)]
"""True or false, and no number that might mean it."""


def _written(value: Any) -> Any:
    """A day or an instant is text; a number is none, though a library might read seconds into it."""
    if isinstance(value, (int, float)):
        raise ValueError("a text is needed, not a number")  # noqa: TRY004 pydantic makes no fault of a TypeError
    return value


AnyDay = Annotated[date, BeforeValidator(_written)]
Day = Annotated[AnyDay, Field(ge=date(1900, 1, 1), le=date(2900, 1, 1))]


def _reachable(value: datetime) -> datetime:
    """In UTC. Raises ValueError for an instant that UTC has no year for."""
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("an instant between the years 1 and 9999 in UTC is needed") from None


Instant = Annotated[AwareDatetime, BeforeValidator(_written), AfterValidator(_reachable)]

NOT_FOUND: dict[int | str, dict[str, Any]] = {404: ERRORS[400] | {"description": "there is no such thing here"}}
CONFLICT: dict[int | str, dict[str, Any]] = NOT_FOUND | {409: ERRORS[400] | {"description": "its state forbids it"}}


def bus_of(request: Request) -> Bus:
    """The service's bus."""
    bus: Bus = request.app.state.bus
    return bus


def packs_of(request: Request) -> Packs:
    """The policy packs."""
    packs: Packs = request.app.state.packs
    return packs


def pack_of(request: Request, principal: Principal, now: datetime) -> Pack:
    """The policy in force. Raises a 403 problem for an organisation that has none."""
    packs = packs_of(request)
    if principal.organisation not in packs.organisations:
        raise Problem(403, "unknown-organisation", "There is no policy pack for the token's organisation.")
    return packs.at(principal.organisation, now)


async def writable(request: Request) -> None:
    """Raises a 503 problem while too much waits to be sent: what a door writes is told of."""
    await room(bus_of(request))


def invalid(*faults: tuple[str, str], code: str = "invalid") -> Problem:
    """422, naming each field."""
    return Problem(
        422,
        code,
        "The request has fields that are wrong; errors names each.",
        [Fault(pointer, detail) for pointer, detail in faults],
    )


def unknown(what: str) -> Problem:
    """404."""
    return Problem(404, "not-found", f"There is no {what} with this id.")
