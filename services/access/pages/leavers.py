"""The page of access: leavers with their revocations, the first due first, and what has to be decided."""

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Annotated, Any

from fastapi import Depends, Form, Query, Request, Response

from services.access.api import cases, revocations, stories
from services.access.api.cases import Note
from services.access.api.common import BEHOLDERS, DECIDERS, KEEPERS, MAY, READERS, packs_of
from services.access.pages import words
from services.access.pages.house import PAGES
from services.access.pages.shown import by_leaver, shown
from shared.platform.auth import Principal
from shared.platform.pages import Visitor, posted, seen
from shared.platform.pages.forms import FRESH, Sent, sent
from shared.platform.problem import Problem

__all__ = ["forms_of", "router"]

router = PAGES.router()

MOST = 50
Seeing = Annotated[Visitor, Depends(seen(*READERS))]
SHOW: Mapping[str, tuple[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "open": ("Open", {"open": True}),
        "overdue": ("Overdue", {"overdue": True}),
        "held": ("Held", {"state": "held-last-admin"}),
        "waived": ("Waived", {"state": "waived"}),
        "planned": ("Leaving later", {"state": "planned", "open": False}),
        "confirmed": ("Confirmed gone", {"state": "confirmed"}),
        "cancelled": ("Cancelled", {"state": "cancelled"}),
    }
)
"""What is listed, by the choice in the address."""
DONE: Mapping[str, str] = MappingProxyType(
    {
        "claim": "Claimed. It is done when somebody entitled has seen that it is gone, and confirms it.",
        "confirm": "Confirmed: the access is gone, and the evidence is kept.",
        "waive": "Waived. It opens again by itself when the time is over.",
        "reopen": "Reopened.",
    }
)


@router.get("/")
async def leavers(
    request: Request,
    visitor: Seeing,
    show: str = "open",
    person: Annotated[str, Query(max_length=255)] = "",
    cursor: Annotated[str | None, Query(max_length=2000)] = None,
) -> Response:
    """Leavers and their revocations, or those of the one who was asked for."""
    return await _list(request, visitor, show, person.strip().replace("\0", ""), cursor)


async def _list(
    request: Request,
    visitor: Visitor,
    show: str = "open",
    person: str = "",
    cursor: str | None = None,
    came: Sent = FRESH,
) -> Response:
    who = visitor.principal
    show = show if show in SHOW else "open"
    wanted = dict(SHOW[show][1]) | {"person": person or None}
    found = await revocations.list_revocations(request, who, limit=MOST, cursor=cursor, **wanted)
    asked = (await cases.list_cases(request, who, state="open", limit=MOST))["items"]
    names = await stories.names_of(
        request, who, [id for one in asked for id in (one["person"], *(held["person"] for held in one["held"]))]
    )
    return PAGES.render(
        request,
        visitor,
        "leavers.html",
        status=came.problem.status if came.problem else 200,
        leavers=by_leaver(await shown(request, who, found["items"])),
        counts=await revocations.counts(request, who),
        cases=[one | {"words": _asks(one, names)} for one in asked],
        decides=bool(who.roles & set(DECIDERS)),
        keeps=bool(who.roles & set(KEEPERS)),
        choices=[(name, label, name == show) for name, (label, _) in SHOW.items()],
        show=show,
        person=person,
        next=found["next"],
        first=cursor is None,
        came=came,
        stray=None if came.form in {f"case-{one['case']}" for one in asked} else came.problem,
        **forms_of(request, who),
    )


def forms_of(request: Request, who: Principal) -> dict[str, Any]:
    """What the forms of a revocation say."""
    at_most = packs_of(request).latest(who.organisation).access.waive_at_most.fixed
    return {"verbs": words.VERBS, "waive_days": at_most.days, "beholds": bool(who.roles & set(BEHOLDERS))}


def _asks(case: Mapping[str, Any], names: stories.Names) -> str:
    held = ", ".join(names.person(one["person"]) for one in case["held"])
    return words.CASES[case["kind"]].format(who=names.person(case["person"]), held=held or "nobody any more")


@router.get("/page/revocations/{id}")
async def revocation(request: Request, visitor: Seeing, id: str) -> Response:
    """One revocation, with all that may be done about it."""
    return await _one(request, visitor, id)


async def _one(request: Request, visitor: Visitor, id: str, came: Sent = FRESH) -> Response:
    one = await revocations.show_revocation(request, visitor.principal, id)
    (row,) = await shown(request, visitor.principal, [one])
    return PAGES.render(
        request,
        visitor,
        "revocation.html",
        status=came.problem.status if came.problem else 200,
        row=row,
        came=came,
        **forms_of(request, visitor.principal),
    )


@router.get("/page/revocations/{id}/evidence")
async def evidence(request: Request, visitor: Annotated[Visitor, Depends(seen(*BEHOLDERS))], id: str) -> Response:
    """What was shown when it was confirmed, as a file to be saved."""
    return await revocations.show_evidence(request, visitor.principal, id)


Door = Callable[[Request, Principal, str], Awaitable[Response]]


async def _act(request: Request, visitor: Visitor, id: str, verb: str, door: Door) -> Response:
    """What the door does with this form. What is wrong comes back at the form, with all that was typed."""
    try:
        await door(request, visitor.principal, id)
    except Problem as problem:
        if problem.status == 404:
            raise
        return await _one(request, visitor, id, await sent(request, f"{verb}-{id}", problem))
    return PAGES.back(request, "/", DONE[verb])


@router.post("/page/revocations/{id}/claim")
async def claim(request: Request, visitor: Annotated[Visitor, Depends(posted(*MAY["claim"]))], id: str) -> Response:
    """It was removed."""
    return await _act(request, visitor, id, "claim", revocations.claim)


@router.post("/page/revocations/{id}/confirm")
async def confirm(request: Request, visitor: Annotated[Visitor, Depends(posted(*MAY["confirm"]))], id: str) -> Response:
    """It was seen to be gone."""
    return await _act(request, visitor, id, "confirm", revocations.confirm)


@router.post("/page/revocations/{id}/waive")
async def waive(request: Request, visitor: Annotated[Visitor, Depends(posted(*MAY["waive"]))], id: str) -> Response:
    """It may stand for a time."""
    return await _act(request, visitor, id, "waive", revocations.waive)


@router.post("/page/revocations/{id}/reopen")
async def reopen(request: Request, visitor: Annotated[Visitor, Depends(posted(*MAY["reopen"]))], id: str) -> Response:
    """It is there after all."""
    return await _act(request, visitor, id, "reopen", revocations.reopen)


Deciding = Annotated[Visitor, Depends(posted(*DECIDERS))]


async def _decide(request: Request, visitor: Visitor, id: str, outcome: str, note: str) -> Response:
    try:
        body = Note(note=note.strip() or None)
        await (cases.release if outcome == "released" else cases.dismiss)(request, visitor.principal, id, body)
    except Problem as problem:
        if problem.status == 404:
            raise
        return await _list(request, visitor, came=await sent(request, f"case-{id}", problem))
    return PAGES.back(request, "/", words.OUTCOMES[outcome])


@router.post("/page/cases/{id}/release")
async def release(request: Request, visitor: Deciding, id: str, note: Annotated[str, Form()] = "") -> Response:
    """Held leavers have left."""
    return await _decide(request, visitor, id, "released", note)


@router.post("/page/cases/{id}/dismiss")
async def dismiss(request: Request, visitor: Deciding, id: str, note: Annotated[str, Form()] = "") -> Response:
    """It was checked."""
    return await _decide(request, visitor, id, "dismissed", note)
