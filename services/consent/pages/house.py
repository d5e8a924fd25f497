"""What consent's pages share: the templates, and who may look."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request

from services.consent.api.landlords import bus_of
from services.consent.pages.words import filters
from shared.platform.pages import Pages, Visitor, posted, seen

__all__ = ["PAGES", "Posting", "Seeing", "now_of"]

PAGES = Pages("consent", Path(__file__).parents[1] / "templates")
PAGES.environment.filters.update(filters())
STAFF = ("communications", "dpo")
Seeing = Annotated[Visitor, Depends(seen(*STAFF))]
Posting = Annotated[Visitor, Depends(posted(*STAFF))]


def now_of(request: Request) -> datetime:
    """Policy time."""
    return bus_of(request).clock.policy()
