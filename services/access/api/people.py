"""People and what they hold; sites and who holds them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from services.access.api.common import NOT_FOUND, Reader, Text, bus_of, must, own_people
from services.access.domain import Item, Revocation
from services.access.store import entries, people, register, revocations
from shared.bus.tx import Tx
from shared.platform.paging import Cursor, Limit, page, read_cursor
from shared.platform.problem import Problem

__all__ = ["router"]

router = APIRouter(tags=["register"])

State = Literal["active", "leaving", "left", "suspended"]


class StintBody(BaseModel):
    """A stint of employment. `held`: a leave that waits because too many leave at once."""

    stint: str
    starts_on: date
    state: Literal["active", "leaving", "left"]
    leave_at: datetime | None
    held: bool


class PersonBody(BaseModel):
    """Somebody whom the register knows."""

    person: str
    name: str | None
    work_email: str | None
    manager: str | None
    team: str | None
    roles: list[str]
    state: State
    stints: list[StintBody]


class PersonPage(BaseModel):
    """A page of people, by id."""

    items: list[PersonBody]
    next: str | None


class HeldBody(BaseModel):
    """An access item, and its revocation where there is one that is not done."""

    kind: str
    id: str
    action: str
    site: str
    account: str | None
    network: str | None
    role: str | None
    grant: str | None
    revocation: str | None
    revocation_state: str | None


class AccessBody(BaseModel):
    """What somebody holds."""

    person: str
    state: State
    items: list[HeldBody]


class HolderBody(BaseModel):
    """Somebody with a role at a site; `person` is unknown for an account of nobody's."""

    grant: str
    account: str
    person: str | None
    role: str
    state: State | None
    communications: bool
    revocation: str | None
    revocation_state: str | None


class HoldersBody(BaseModel):
    """A site and those who hold a role there."""

    site: str
    network: str | None
    kind: str | None
    owner: str | None
    state: str | None
    holders: list[HolderBody]


@router.get("/people", summary="The register's people", response_model=PersonPage)
async def list_people(
    request: Request,
    reader: Reader,
    manager: Annotated[Text | None, Query()] = None,
    person: Annotated[Text | None, Query(description="this one alone")] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """By id; for a line manager their own people."""
    after = read_cursor(cursor, str)
    if after is not None and "\0" in after[0]:
        raise Problem(400, "bad-cursor", "This cursor is not one of ours; leave it out to begin anew.")
    own = own_people(reader)
    async with bus_of(request).transaction() as tx:
        rows = await people.page_of(
            tx,
            reader.organisation,
            limit + 1,
            manager=own or manager,
            person=person,
            after=after[0] if after else None,
        )
        stints = await _stints(tx, reader.organisation, [row.person for row in rows])
    return page(rows, limit, lambda row: (row.person,), lambda row: _person(row, stints[row.person], tx.now))


@router.get("/people/{id:path}/access", summary="What somebody holds", response_model=AccessBody, responses=NOT_FOUND)
async def show_access(request: Request, reader: Reader, id: str) -> dict[str, Any]:
    """Every item of access in force, with what is being done to remove it."""
    organisation = reader.organisation
    async with bus_of(request).transaction() as tx:
        found = None if "\0" in id else await people.find(tx, organisation, id, own_people(reader))
        row = must(found, "person")
        stints = (await _stints(tx, organisation, [id]))[id]
        items = (await register.items_held(tx, organisation, [id])).get(id, ())
        known = (await revocations.of_people(tx, organisation, [id])).get(id, ())
    return {
        "person": id,
        "state": _state(row.suspended, stints, tx.now),
        "items": [_held(item, known) for item in items],
    }


@router.get("/sites/{id:path}/holders", summary="Who holds a site", response_model=HoldersBody, responses=NOT_FOUND)
async def show_holders(request: Request, reader: Reader, id: str) -> dict[str, Any]:
    """Every grant in force at a site; a line manager sees their own people's."""
    organisation, own = reader.organisation, own_people(reader)
    async with bus_of(request).transaction() as tx:
        site = must(None if "\0" in id else await entries.site(tx, organisation, id), "site")
        rows = [row for row in await entries.holders_of(tx, organisation, id) if own in (None, row.manager)]
        stints = await _stints(tx, organisation, [row.person for row in rows if row.person is not None])
    shown = {name: site[name] for name in ("site", "network", "kind", "owner", "state")}
    return shown | {"holders": [_holder(row, stints, tx.now) for row in rows]}


async def _stints(tx: Tx, organisation: str, ids: Sequence[str]) -> Mapping[str, list[Any]]:
    found: dict[str, list[Any]] = defaultdict(list)
    for row in await people.stints_of(tx, organisation, ids):
        found[row.person].append(row)
    return found


def _state(suspended: bool | None, stints: Sequence[Any], now: datetime) -> str:
    """That of the stint in force, else of the first that begins."""
    begun = [stint for stint in stints if stint.begins <= now] or stints[:1]
    state: str = begun[-1].state if begun else "active"
    return "suspended" if suspended and state != "left" else state


def _person(row: Any, stints: Sequence[Any], now: datetime) -> dict[str, Any]:
    names = ("person", "name", "work_email", "manager", "team", "roles")
    return {name: getattr(row, name) for name in names} | {
        "state": _state(row.suspended, stints, now),
        "stints": [
            {
                "stint": stint.stint,
                "starts_on": stint.starts_on,
                "state": stint.state,
                "leave_at": stint.leave_at,
                "held": stint.hold is not None,
            }
            for stint in stints
        ],
    }


def _held(item: Item, known: Sequence[Revocation]) -> dict[str, Any]:
    names = ("kind", "id", "action", "site", "account", "network", "role", "grant")
    live = [one for one in known if one.key == (item.kind, item.id) and (one.open or one.state == "planned")]
    one = next(iter(sorted(live, key=lambda found: not found.open)), None)
    return {name: getattr(item, name) for name in names} | {
        "revocation": one.id if one else None,
        "revocation_state": one.state if one else None,
    }


def _holder(row: Any, stints: Mapping[str, list[Any]], now: datetime) -> dict[str, Any]:
    known = stints[row.person] if row.person is not None else []
    return {
        "grant": row.grant,
        "account": row.account,
        "person": row.person,
        "role": row.role,
        "state": _state(row.suspended, known, now) if known else None,
        "communications": "communications" in (row.roles or ()),
        "revocation": row.revocation,
        "revocation_state": row.state,
    }
