"""People and sites of the register: what somebody holds and what happened, and who holds a site."""

from typing import Annotated, Any

from fastapi import Depends, Query, Request, Response

from services.access.api import people, revocations, stories
from services.access.api.common import KEEPERS, READERS, own_people
from services.access.domain import SOURCE
from services.access.pages import words
from services.access.pages.house import PAGES
from services.access.pages.leavers import forms_of
from services.access.pages.shown import shown
from shared.platform.pages import Visitor, seen
from shared.platform.pages.forms import FRESH

__all__ = ["router"]

router = PAGES.router()

MOST = 100
EVENT_DOOR = "/houserules/intake"
"""What stands before the source of what came over HTTP."""
Seeing = Annotated[Visitor, Depends(seen(*READERS))]


@router.get("/page/people")
async def register(
    request: Request,
    visitor: Seeing,
    person: Annotated[str, Query(max_length=255)] = "",
    cursor: Annotated[str | None, Query(max_length=2000)] = None,
) -> Response:
    """People by id, or the one that was asked for."""
    wanted = person.strip().replace("\0", "") or None
    found = await people.list_people(request, visitor.principal, person=wanted, limit=MOST, cursor=cursor)
    return PAGES.render(
        request,
        visitor,
        "people.html",
        people=found["items"],
        employed=words.EMPLOYED,
        person=person,
        next=found["next"],
        keeps=bool(visitor.principal.roles & set(KEEPERS)),
    )


@router.get("/page/people/{id:path}")
async def person(request: Request, visitor: Seeing, id: str) -> Response:
    """One person: state, access, revocations, history."""
    who = visitor.principal
    access = await people.show_access(request, who, id)
    told = (await stories.show_history(request, who, id))["items"]
    known = (await people.list_people(request, who, person=id))["items"]
    rows = (await revocations.list_revocations(request, who, person=id, limit=500))["items"]
    names = await stories.names_of(
        request,
        who,
        [id, *(one["manager"] for one in known), *(entry["by"] for entry in told)],
        (one["site"] for one in access["items"]),
    )
    return PAGES.render(
        request,
        visitor,
        "person.html",
        access=access,
        known=known[0] if known else None,
        rows=await shown(request, who, rows),
        history=[_told(entry, names) for entry in told],
        names=names,
        employed=words.EMPLOYED,
        states=words.STATES,
        came=FRESH,
        **forms_of(request, who),
    )


def _told(entry: dict[str, Any], names: stories.Names) -> dict[str, Any]:
    """An entry of a history in words; whose it is the page says already."""
    known = {name: value for name, value in entry["details"].items() if name not in ("person", "revocation")}
    details = {name: "yes" if value is True else value for name, value in known.items()}
    by = "an import" if entry["by"] == SOURCE else names.person(entry["by"].removeprefix(EVENT_DOOR))
    return entry | {"words": words.happened(entry), "by": by, "details": details}


@router.get("/page/sites/{id:path}")
async def site(request: Request, visitor: Seeing, id: str) -> Response:
    """One site: who holds it, and whether anybody from Communications administers it."""
    who = visitor.principal
    found = await people.show_holders(request, who, id)
    held: list[dict[str, Any]] = found["holders"]
    names = await stories.names_of(request, who, [found["owner"], *(one["person"] for one in held)], [id])
    return PAGES.render(
        request,
        visitor,
        "site.html",
        site=found,
        overseen=any(
            one["role"] == "admin" and one["communications"] and one["state"] in ("active", "leaving")
            for one in held
            if one["revocation"] is None
        ),
        everybody=own_people(who) is None,
        names=names,
        employed=words.EMPLOYED,
        states=words.STATES,
    )
