"""What happened with somebody's access, in the order in which it did; and what ids are called."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel

from services.access.api.common import NOT_FOUND, Reader, bus_of, must, own_people
from services.access.domain import Fact
from services.access.store import journal, people, register, stories
from shared.platform.auth import Principal

__all__ = ["Names", "alone_at", "names_of", "router", "show_history"]

router = APIRouter(tags=["register"])

MOST = 200


class EntryBody(BaseModel):
    """Something that was said or done. `what` is a fact's name, a table of the register, or an act.

    `known_at`: when a fact was first taken here; `at` of a fact is when it holds from, or when it was said.
    """

    kind: Literal["fact", "entry", "act"]
    what: str
    at: datetime
    known_at: datetime
    subject: str
    by: str
    reason: str | None
    details: dict[str, Any]


class HistoryBody(BaseModel):
    """The newest first; of register and acts the last 200 each."""

    person: str
    items: list[EntryBody]


@router.get("/people/{id:path}/history", summary="What happened", response_model=HistoryBody, responses=NOT_FOUND)
async def show_history(request: Request, reader: Reader, id: str) -> dict[str, Any]:
    """What was said of somebody, what the register had of them, and what people did about their access."""
    organisation = reader.organisation
    async with bus_of(request).transaction() as tx:
        must(None if "\0" in id else await people.find(tx, organisation, id, own_people(reader)), "person")
        facts = (await journal.facts_of(tx, organisation, [id])).get(id, ())
        said = await stories.entries_about(tx, organisation, id, MOST)
        done = await stories.acts_about(tx, organisation, id, MOST)
    items = [_fact(fact) for fact in facts]
    items += [_entry("entry", row.kind, row.at, row.id, row.actor, None, row.entry) for row in said]
    items += [_entry("act", row.action, row.at, row.subject, row.actor, row.reason, row.after) for row in done]
    return {"person": id, "items": sorted(items, key=lambda one: (one["known_at"], one["at"]), reverse=True)}


def _fact(fact: Fact) -> dict[str, Any]:
    names = ("stint", "starts_on", "manager", "team", "leave_at", "leave_on", "revision", "course", "policy")
    details = {name: value for name in names if (value := getattr(fact, name)) is not None}
    details |= {"immediate": True} if fact.immediate else {}
    entry = _entry("fact", fact.name, fact.at, fact.id, fact.source, None, details)
    return entry | {"known_at": fact.known_at}


def _entry(
    kind: str, what: str, at: datetime, subject: str, by: str, reason: str | None, details: Mapping[str, Any] | None
) -> dict[str, Any]:
    return {
        "kind": kind,
        "what": what,
        "at": at,
        "known_at": at,
        "subject": subject,
        "by": by,
        "reason": reason,
        "details": dict(details or {}),
    }


@dataclass(frozen=True, slots=True)
class Names:
    """What people and sites are called; those without a name by their id."""

    people: Mapping[str, str]
    sites: Mapping[str, str]

    def person(self, id: str | None) -> str:
        """`Jo Bloggs (1001)`."""
        return _called(self.people, id)

    def site(self, id: str | None) -> str:
        """`Our page (page)`."""
        return _called(self.sites, id)


def _called(names: Mapping[str, str], id: str | None) -> str:
    if id is None:
        return "nobody"
    return f"{names[id]} ({id})" if id in names and names[id] != id else id


async def names_of(
    request: Request, reader: Principal, people: Iterable[str | None], sites: Iterable[str | None] = ()
) -> Names:
    """The names of these; of the reader's organisation."""
    async with bus_of(request).transaction() as tx:
        return Names(
            await stories.names_of_people(tx, reader.organisation, sorted({one for one in people if one})),
            await stories.names_of_sites(tx, reader.organisation, sorted({one for one in sites if one})),
        )


async def alone_at(request: Request, reader: Principal, sites: Iterable[str]) -> frozenset[str]:
    """Of these sites those that nobody else administers at all, not even outside Communications."""
    wanted = sorted(set(sites))
    async with bus_of(request).transaction() as tx:
        admins = await register.admins_of(tx, reader.organisation, wanted)
    return frozenset(site for site in wanted if not admins.anybody(site))
