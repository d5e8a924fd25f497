"""What the two pages share: the templates, who may see them, and how a deadline is said in words."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import Depends, Request
from jinja2 import pass_context
from jinja2.runtime import Context

from shared.bus.tx import Bus
from shared.platform.pages import Pages, Visitor, posted, seen
from shared.platform.pages.words import local_time, span_in_words

__all__ = ["PAGES", "Left", "Posting", "Seeing", "left", "now_of"]

PAGES = Pages("intake", Path(__file__).parents[1] / "templates")
STAFF = ("communications", "head-of-communications")
Seeing = Annotated[Visitor, Depends(seen(*STAFF))]
Posting = Annotated[Visitor, Depends(posted(*STAFF))]
SOON = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Left:
    """A deadline in words; `how` is `late`, `soon`, or empty. Nothing is owed: all empty."""

    words: str = ""
    how: Literal["late", "soon", ""] = ""


def now_of(request: Request) -> datetime:
    """Policy time."""
    bus: Bus = request.app.state.bus
    return bus.clock.policy()


@pass_context
def left(context: Context, due_at: datetime | None) -> Left:
    """How long from now to a deadline, by the clock on the wall; exactly at it is still in time."""
    if due_at is None:
        return Left()
    remaining = due_at - context["now"]
    if remaining < timedelta():
        return Left(f"overdue since {local_time(context, due_at)}", "late")
    return Left(f"{span_in_words(remaining)} left", "soon" if remaining <= SOON else "")


def _words(code: Any) -> str:
    """A code as people read it."""
    return str(code).replace("-", " ")


PAGES.environment.filters.update({"left": left, "words": _words})
