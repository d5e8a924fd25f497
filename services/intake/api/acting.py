"""How every act on an item is done: lock, act, tell, keep and audit, in one transaction."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec
from fastapi import Request, Response
from fastapi.responses import JSONResponse

from services.intake.api.items import shown, unknown
from services.intake.domain import conversation
from services.intake.domain.acts import Forbidden, Untimely
from services.intake.domain.conversation import Thread
from services.intake.domain.telling import in_story
from services.intake.store import inbox, items
from services.intake.store.saving import save
from shared.bus.room import room
from shared.bus.tx import Bus, Tx
from shared.contracts import Data, contract_of
from shared.platform.audit import audit
from shared.platform.auth import Principal
from shared.platform.idempotency import once
from shared.platform.problem import Fault, Problem
from shared.policy import Pack, Packs

__all__ = ["Act", "Doing", "act"]

Act = Callable[[Thread, conversation.Item, Tx], list[Data]]


@dataclass(frozen=True, slots=True)
class Doing:
    """An act as it is asked for. `name` is the audit's; `reason` is a code, `note` a person's words, which stay here."""

    name: str
    do: Act
    reason: str | None = None
    note: str | None = None


DUTIES = {
    "reply": "response",
    "resolve": "resolution",
    "holding-update": "resolution",
    "take-private": "take-private",
    "removal-notice": "removal-notice",
    "explain-removal": "explain-removal",
}
"""The kind of target whose rule an act keeps to."""


async def act(request: Request, staff: Principal, message: str, doing: Doing) -> Response:
    """Do it and answer the item as it then is. Raises 404, 409 with `state`, 422 and 503 problems."""
    bus: Bus = request.app.state.bus
    await room(bus)
    packs: Packs = request.app.state.packs

    async with bus.transaction() as tx:

        async def acting() -> JSONResponse:
            await _change(tx, packs, staff, message, doing)
            await items.note(
                tx,
                organisation=staff.organisation,
                message=message,
                at=tx.now,
                actor=staff.person,
                action=doing.name,
                note=doing.note,
            )
            return JSONResponse((await shown(tx, staff.organisation, message)).model_dump(mode="json"))

        return await once(tx, request, staff, acting)


async def _change(tx: Tx, packs: Packs, staff: Principal, message: str, doing: Doing) -> None:
    organisation = staff.organisation
    key = (organisation, message)
    home = (await inbox.homes(tx, [key])).get(key)
    if home is None:
        raise unknown()
    threads = await inbox.lock(tx, [(organisation, home)])
    await inbox.load_items(tx, threads, [key])
    await inbox.load_named(tx, threads, {key: home}, {})
    thread = threads[organisation, home]
    item = thread.items[message]
    if item.wrote is None:
        raise unknown()
    told = _done(doing, thread, item, tx)
    mode = "observe" if packs.at(organisation, tx.now).mode == "observe" else None
    clauses = _clauses(packs.at(organisation, item.wrote.posted_at), doing.name, item)
    tx.emit(*in_story(thread, told, organisation, mode=mode, clauses=clauses))
    await save(tx, threads)
    await audit(
        tx,
        organisation=organisation,
        actor=staff.person,
        action=doing.name,
        subject=message,
        at=tx.now,
        reason=doing.reason,
        before=_codes(item),
        after=_codes(thread.items[message]) | {"told": [_event(one) for one in told]},
    )


def _done(doing: Doing, thread: Thread, item: conversation.Item, tx: Tx) -> list[Data]:
    try:
        return doing.do(thread, item, tx)
    except Forbidden as refusal:
        raise Problem(409, "state", refusal.why, extra={"state": refusal.state}) from None
    except Untimely as refusal:
        fault = Fault("/body/at", str(refusal))
        raise Problem(422, "invalid", "This instant cannot be; errors says why.", [fault]) from None


def _clauses(pack: Pack, name: str, item: conversation.Item) -> tuple[str, ...]:
    """The clauses that an act keeps to, by the policy in force when the message was posted."""
    assert item.wrote is not None
    if name == "waive":
        return tuple(pack.waiver.clauses)
    if name in ("hide", "remove", "restore"):
        return tuple(pack.moderation.clauses)
    if name not in DUTIES:
        return ()
    known, wrote = item.classification, item.wrote
    rule = pack.target_rule(DUTIES[name], known.kind, known.flags, wrote.visibility, wrote.posted_at)
    return () if rule is None else tuple(rule.clauses)


def _codes(item: conversation.Item) -> dict[str, Any]:
    """What an audit entry keeps of an item: codes, no words."""
    known = item.classification
    return {"kind": known.kind, "flags": list(known.flags), "classified_by": item.by, "state": item.state}


def _event(told: Data) -> dict[str, Any]:
    """An event in an audit entry: ids, codes and times, as on the bus."""
    return {"event": contract_of(type(told)).name, **msgspec.to_builtins(told)}
