"""What access's doors share."""

from collections.abc import Collection
from types import MappingProxyType
from typing import Annotated, Any

from fastapi import Depends, Query, Request

from shared.bus import Bus
from shared.bus.room import room
from shared.platform.auth import Principal, allow
from shared.platform.http import ERRORS
from shared.platform.problem import Problem
from shared.policy import Packs

__all__ = [
    "BEHOLDERS",
    "DECIDERS",
    "KEEPERS",
    "MAY",
    "NOT_FOUND",
    "READERS",
    "Keeper",
    "Reader",
    "Text",
    "bus_of",
    "must",
    "own_people",
    "packs_of",
    "writable",
]

KEEPERS = ("communications", "people-team")
READERS = ("communications", "head-of-communications", "dpo", "people-team", "is-team", "line-manager")
DECIDERS = ("communications",)
BEHOLDERS = ("communications", "head-of-communications", "dpo")
"""Who may open what was shown as evidence."""
MAY = MappingProxyType(
    {
        "claim": ("communications", "line-manager", "is-team"),
        "confirm": ("communications", "head-of-communications"),
        "reopen": ("communications", "head-of-communications"),
        "waive": ("head-of-communications",),
    }
)
"""Who may act on a revocation."""
Keeper = Annotated[Principal, Depends(allow(*KEEPERS))]
"""Who keeps the register."""
Reader = Annotated[Principal, Depends(allow(*READERS))]
"""Who reads it; a line manager their own people's."""
Text = Annotated[str, Query(min_length=1, max_length=255, pattern="^[^\\x00]*$")]
NOT_FOUND: dict[int | str, dict[str, Any]] = {404: ERRORS[400] | {"description": "there is no such thing here"}}


def bus_of(request: Request) -> Bus:
    """The service's side of the bus."""
    bus: Bus = request.app.state.bus
    return bus


def packs_of(request: Request) -> Packs:
    """The policies."""
    packs: Packs = request.app.state.packs
    return packs


def own_people(principal: Principal, entitled: Collection[str] = READERS) -> str | None:
    """The manager to whose people this principal is bound; None: to all of the organisation.

    A line manager is, unless by another of their roles; `entitled` are those that have the right that is asked for.
    """
    free = principal.roles & (set(entitled) - {"line-manager"})
    return principal.person if "line-manager" in principal.roles and not free else None


async def writable(request: Request, principal: Principal) -> None:
    """Raises a problem for an organisation without a pack, and while too much waits to be sent."""
    if principal.organisation not in packs_of(request).organisations:
        raise Problem(403, "unknown-organisation", "There is no policy pack for the credential's organisation.")
    await room(bus_of(request))


def must(found: Any, what: str) -> Any:
    """What was found. Raises a 404 problem, also for what belongs to another organisation."""
    if found is None:
        raise Problem(404, "not-found", f"There is no {what} with this id.")
    return found
