"""Revocations as a page shows them: grouped by leaver, with what this visitor may do about each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import Request

from services.access.api import stories
from services.access.api.common import MAY, own_people
from services.access.api.stories import Names
from services.access.domain import ACTS, HELD
from services.access.pages import words
from shared.platform.auth import Principal

__all__ = ["Leaver", "Shown", "by_leaver", "shown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One revocation. `held` says why it waits, `acts` what this visitor may do, `advice` why that is not more."""

    one: Mapping[str, Any]
    title: str
    who: str
    state: str
    tone: str
    owner: str
    held: str
    advice: str
    acts: Sequence[str]

    @property
    def id(self) -> str:
        """Of the revocation."""
        return str(self.one["revocation"])


@dataclass(frozen=True, slots=True)
class Leaver:
    """Somebody with the revocations of theirs that are listed."""

    person: str
    who: str
    rows: Sequence[Shown]


async def shown(request: Request, visitor: Principal, rows: Sequence[Mapping[str, Any]]) -> list[Shown]:
    """These revocations, in their order."""
    names = await stories.names_of(
        request,
        visitor,
        [id for one in rows for id in (one["person"], one["owner"], one["claimed_by"], one["confirmed_by"])],
        [one["site"] for one in rows],
    )
    held = [one["site"] for one in rows if one["state"] == HELD and one["site"]]
    alone = await stories.alone_at(request, visitor, held) if held else frozenset[str]()
    return [_shown(one, names, alone, visitor) for one in rows]


def by_leaver(rows: Sequence[Shown]) -> list[Leaver]:
    """Grouped, whoever has the first deadline first."""
    found: dict[str, list[Shown]] = {}
    for row in rows:
        found.setdefault(row.one["person"], []).append(row)
    return [Leaver(person, mine[0].who, mine) for person, mine in found.items()]


def _shown(one: Mapping[str, Any], names: Names, alone: frozenset[str], visitor: Principal) -> Shown:
    acts, advice = _acts(one, visitor)
    return Shown(
        one=one,
        title=words.removal(one, names),
        who=names.person(one["person"]),
        state=words.STATES[one["state"]],
        tone="bad" if one["overdue"] else words.TONES.get(one["state"], ""),
        owner=words.owner(one["owner"], names),
        held=_held(one, names, alone),
        advice=advice,
        acts=acts,
    )


def _held(one: Mapping[str, Any], names: Names, alone: frozenset[str]) -> str:
    """Clause: westward:6.8."""
    if one["state"] != HELD:
        return ""
    site, who = names.site(one["site"]), names.person(one["person"])
    if one["site"] in alone:
        return (
            f"Held: {who} is the last administrator of {site}, nobody else who stays has that role. "
            "Add another from Communications first; then this removal is requested by itself."
        )
    return (
        f"Held: without {who} nobody from Communications administers {site}. Add somebody of Communications there "
        "first; then this removal is requested by itself."
    )


def _acts(one: Mapping[str, Any], visitor: Principal) -> tuple[list[str], str]:
    """What the state, the role and the rule of two pairs of eyes leave. Clauses: westward:6.4, 6.8."""
    acts = [
        verb
        for verb, states in ACTS.items()
        if one["state"] in states
        and visitor.roles & set(MAY[verb])
        and own_people(visitor, MAY[verb]) in (None, one["owner"])
    ]
    if one["person"] == visitor.person:
        return [verb for verb in acts if verb not in ("claim", "confirm")], "This is your own access: others see to it."
    if one["role"] != "admin":
        return acts, ""
    acts = [verb for verb in acts if verb != "waive"]
    if "confirm" not in acts:
        return acts, ""
    if one["claimed_by"] is None:
        acts.remove("confirm")
        return acts, "An administrator: somebody claims the removal first, and somebody else confirms it."
    if one["claimed_by"] == visitor.person:
        acts.remove("confirm")
        return acts, "You removed this administrator: somebody else has to look, and confirm it."
    return acts, ""
