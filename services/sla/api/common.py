"""What sla's doors share."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Depends, Query, Request

from shared.bus import Bus
from shared.platform.auth import Principal, allow
from shared.platform.http import ERRORS
from shared.platform.problem import Fault, Problem
from shared.policy import Packs

__all__ = ["NOT_FOUND", "PLANNERS", "READERS", "Planner", "Reader", "Text", "bus_of", "packs_of", "utc", "wrong"]

READERS = ("communications", "head-of-communications", "dpo")
"""Who reads targets, conversations and reports."""
PLANNERS = (*READERS, "line-manager")
"""Who may ask when something would be due."""
Reader = Annotated[Principal, Depends(allow(*READERS))]
Planner = Annotated[Principal, Depends(allow(*PLANNERS))]
Text = Annotated[str, Query(min_length=1, max_length=255, pattern="^[^\\x00]*$")]
NOT_FOUND: dict[int | str, dict[str, Any]] = {404: ERRORS[400] | {"description": "there is no such thing here"}}
EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


def bus_of(request: Request) -> Bus:
    """The service's side of the bus."""
    bus: Bus = request.app.state.bus
    return bus


def packs_of(request: Request) -> Packs:
    """The policies."""
    packs: Packs = request.app.state.packs
    return packs


def wrong(name: str, detail: str) -> Problem:
    """A 422 problem that names a parameter."""
    return Problem(
        422, "invalid", "The request has fields that are wrong; errors names each.", [Fault(f"/query/{name}", detail)]
    )


def utc(name: str, instant: datetime) -> datetime:
    """In UTC. A 422 problem for what no calendar here reaches."""
    if not EARLIEST <= instant < LATEST:
        raise wrong(name, f"an instant from {EARLIEST.year} up to {LATEST.year}")
    return instant.astimezone(UTC)
