"""The inbox: what waits, least time left first, the customer's words beside the deadline."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal, get_args
from urllib.parse import urlencode

from fastapi import Query, Request, Response

from services.intake.api.bodies import NO_NUL, Order, State
from services.intake.api.items import list_items
from services.intake.pages.house import PAGES, Seeing
from shared.contracts.fields import MessageKind
from shared.platform.paging import Cursor

__all__ = ["router"]

router = PAGES.router()

MOST = 25
View = Literal["waiting", "open", "answered", "waived", "hidden", "removed", "deleted", "all"]
VIEWS: Mapping[View, tuple[str, State | None, Order]] = MappingProxyType(
    {
        "waiting": ("What waits", None, "due"),
        "open": ("Not answered", "open", "due"),
        "answered": ("Answered", "answered", "newest"),
        "waived": ("Waived", "waived", "newest"),
        "hidden": ("Hidden", "hidden", "newest"),
        "removed": ("Removed", "removed", "newest"),
        "deleted": ("Taken back by its author", "deleted", "newest"),
        "all": ("Everything", None, "newest"),
    }
)
"""What can be looked at: its name, and how the list is asked for."""


@router.get("/")
async def inbox(
    request: Request,
    visitor: Seeing,
    state: View = "waiting",
    kind: Literal["", MessageKind] = "",
    site: Annotated[str, Query(max_length=255, pattern=f"^$|{NO_NUL}")] = "",
    cursor: Cursor = None,
) -> Response:
    """A page of it."""
    _, wanted, order = VIEWS[state]
    found: dict[str, Any] = await list_items(
        request, visitor.principal, wanted, kind or None, site or None, None, order, MOST, cursor or None
    )
    filters = {"state": state, "kind": kind, "site": site}
    following = None if found["next"] is None else "/?" + urlencode(filters | {"cursor": found["next"]})
    return PAGES.render(
        request,
        visitor,
        "inbox.html",
        rows=found["items"],
        views={name: title for name, (title, _, _) in VIEWS.items()},
        kinds=get_args(MessageKind),
        filters=filters,
        by_time=order == "due",
        following=following,
        first="/?" + urlencode(filters) if cursor else None,
    )
