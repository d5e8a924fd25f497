"""What sla's pages share: the templates, who looks, and what a field of a form may hold."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Query, Request

from services.sla.api.common import PLANNERS, READERS, bus_of, packs_of
from shared.platform.pages import Pages, Visitor, seen
from shared.policy import Pack

__all__ = ["PAGES", "Blank", "Planning", "Seeing", "kinds_of", "now_of", "pack_of"]

PAGES = Pages("sla", Path(__file__).parents[1] / "templates")
Seeing = Annotated[Visitor, Depends(seen(*READERS))]
Planning = Annotated[Visitor, Depends(seen(*PLANNERS))]
Blank = Annotated[str, Query(max_length=255, pattern="^[^\\x00]*$")]
"""A field that may be left empty."""


def now_of(request: Request) -> datetime:
    """Policy time."""
    return bus_of(request).clock.policy()


def pack_of(request: Request, visitor: Visitor) -> Pack:
    """The visitor's policy, as it is now."""
    return packs_of(request).at(visitor.principal.organisation, now_of(request))


def kinds_of(request: Request, visitor: Visitor) -> list[str]:
    """What the visitor's policy has rules for, in its order."""
    return list(dict.fromkeys(rule.kind for rule in pack_of(request, visitor).response_rules))
