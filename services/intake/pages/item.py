"""One item: the customer's words, the time left, what was done, and a form for each thing that can be done.

A form that is refused comes back with the reason and with everything that was typed.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, get_args

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.datastructures import FormData

from services.intake.api import acts, bodies
from services.intake.api.bodies import Id, Item
from services.intake.api.items import show_item
from services.intake.domain.facts import ModerationReason
from services.intake.pages.history import history
from services.intake.pages.house import PAGES, Posting, Seeing
from shared.contracts.fields import Flag, MessageKind
from shared.platform.auth import Principal
from shared.platform.pages import Visitor
from shared.platform.problem import Fault, Problem, as_problem
from shared.policy import Packs

__all__ = ["FORMS", "router"]

router = PAGES.router()


@dataclass(frozen=True, slots=True)
class Form:
    """A form: the API's function, its body, what the button says, and what is said when it is done.

    `may` says whether it is offered; the API decides. `many` are fields with several values.
    """

    do: Callable[[Request, Principal, str, Any], Awaitable[Response]]
    body: type[BaseModel]
    title: str
    done: str
    may: Callable[[Item], bool]
    many: tuple[str, ...] = ()


def _unanswered(item: Item) -> bool:
    return item.state not in ("answered", "deleted")


def _unresolved(item: Item) -> bool:
    return item.state != "deleted" and (item.resolved_at is None or item.resolved_at < item.posted_at)


def _in_public(item: Item) -> bool:
    went_private = item.private_at is not None and item.private_at >= item.posted_at
    return item.state != "deleted" and item.visibility == "public" and not went_private


def _removed(item: Item) -> bool:
    return item.state == "removed"


def _there(item: Item) -> bool:
    return item.state != "deleted"


FORMS: Mapping[str, Form] = MappingProxyType(
    {
        "reply": Form(acts.reply_to_item, bodies.Said, "An answer was given", "The answer is recorded.", _unanswered),
        "waive": Form(
            acts.waive_item,
            bodies.Waive,
            "No answer is due",
            "Waived: nobody will answer.",
            lambda item: item.state in ("open", "hidden", "removed"),
        ),
        "classify": Form(
            acts.classify_item, bodies.Classify, "It is something else", "Classified.", _there, many=("flags",)
        ),
        "hide": Form(
            acts.hide_item,
            bodies.Moderate,
            "It was hidden",
            "Recorded as hidden.",
            lambda item: item.state in ("open", "answered", "waived"),
        ),
        "remove": Form(
            acts.remove_item,
            bodies.Moderate,
            "It was removed",
            "Recorded as removed.",
            lambda item: item.state not in ("removed", "deleted"),
        ),
        "restore": Form(
            acts.restore_item,
            bodies.Restore,
            "It can be seen again",
            "Recorded as restored.",
            lambda item: item.state in ("hidden", "removed"),
        ),
        "removal-notice": Form(
            acts.post_removal_notice, bodies.Act, "The removal was made known", "The notice is recorded.", _removed
        ),
        "explain-removal": Form(
            acts.explain_removal, bodies.Act, "The removal was explained", "The explanation is recorded.", _removed
        ),
        "take-private": Form(
            acts.take_private, bodies.Act, "It went on in private", "Recorded as taken private.", _in_public
        ),
        "holding-update": Form(
            acts.send_holding_update,
            bodies.Act,
            "The customer knows it takes longer",
            "The holding update is recorded.",
            _unresolved,
        ),
        "resolve": Form(acts.resolve_conversation, bodies.Act, "It is resolved", "Resolved.", _unresolved),
        "reassign": Form(
            acts.reassign_conversation, bodies.Reassign, "Somebody else follows it up", "Reassigned.", _unresolved
        ),
        "refer-complaint": Form(
            acts.refer_complaint, bodies.Refer, "The complaints process has it", "Referred.", _there
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Sent:
    """A form as it was sent and what is wrong with it; nothing yet on a fresh page."""

    name: str = ""
    typed: Mapping[str, Any] = field(default_factory=dict)
    problem: Problem | None = None

    def value(self, form: str, name: str, otherwise: Any = "") -> Any:
        """What a field shows."""
        return self.typed.get(name, otherwise) if form == self.name else otherwise

    def wrong(self, form: str, name: str) -> str:
        """What is wrong with a field; empty: nothing."""
        if self.problem is None or form != self.name:
            return ""
        pointers = (f"/{name}", f"/body/{name}")
        return next((fault.detail for fault in self.problem.errors if fault.pointer in pointers), "")


@router.get("/page/items/{id}")
async def item_page(request: Request, visitor: Seeing, id: Id) -> Response:
    """An item of the visitor's organisation."""
    return await _page(request, visitor, id, Sent())


@router.post("/page/items/{id}/{act}")
async def act_on_item(request: Request, visitor: Posting, id: Id, act: str) -> Response:
    """Do what a form says and show the item again; a form that is refused comes back as it was sent."""
    form = FORMS.get(act)
    if form is None:
        raise Problem(404, "not-found", "There is no such form.")
    fields = await request.form()
    typed = {name: fields.getlist(name) if name in form.many else fields[name] for name in {*fields, *form.many}}
    try:
        said = _said(request, visitor, form, fields)
        await form.do(request, visitor.principal, id, form.body.model_validate(said))
    except ValidationError as error:
        fault = as_problem(request, RequestValidationError(error.errors()))
        return await _page(request, visitor, id, Sent(act, typed, fault))
    except Problem as problem:
        if problem.status == 404:
            raise
        return await _page(request, visitor, id, Sent(act, typed, problem))
    return PAGES.back(request, f"/page/items/{id}", form.done)


def _said(request: Request, visitor: Visitor, form: Form, fields: FormData) -> dict[str, Any]:
    """A form's fields as the API's body; a field that was left empty says nothing. `at` is local time there."""
    said: dict[str, Any] = {}
    for name in form.body.model_fields:
        if name in form.many:
            said[name] = fields.getlist(name)
        elif (value := fields.get(name)) and isinstance(value, str) and value.strip():
            said[name] = value.strip() if name not in ("text", "note") else value
    if "at" in said:
        said["at"] = _instant(request, visitor, said["at"])
    return said


def _instant(request: Request, visitor: Visitor, local: str) -> datetime:
    packs: Packs = request.app.state.packs
    try:
        at = datetime.fromisoformat(local)
    except ValueError:
        fault = Fault("/at", "is no date and time, as in 2026-03-27 16:30")
        raise Problem(422, "invalid", "A field of the form is wrong.", [fault]) from None
    return at if at.tzinfo else at.replace(tzinfo=packs.latest(visitor.principal.organisation).tz)


async def _page(request: Request, visitor: Visitor, id: str, sent: Sent) -> Response:
    item = await show_item(request, visitor.principal, id)
    packs: Packs = request.app.state.packs
    waiver = packs.at(visitor.principal.organisation, item.posted_at).waiver
    return PAGES.render(
        request,
        visitor,
        "item.html",
        status=200 if sent.problem is None else sent.problem.status,
        item=item,
        history=history(item),
        forms={name: form for name, form in FORMS.items() if form.may(item) or name == sent.name},
        sent=sent,
        kinds=get_args(MessageKind),
        flags=get_args(Flag),
        reasons=get_args(ModerationReason),
        waivers=waiver.reasons,
    )
