"""Acts of HR, of those who keep the register, and of those who take access away."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from deploy.demo.acts import Cast, Told
from deploy.demo.doors import Doors
from deploy.demo.week import instant

__all__ = ["claimed", "confirmed", "hr", "registered"]

PICTURE = b"\x89PNG\r\n\x1a\n" + b"the page's settings, without them"
"""What a file is, is told by how it begins."""


@dataclass(frozen=True, slots=True)
class Imported:
    """The People team brings tables in, each through its own door."""

    at: datetime
    what: str
    tables: Mapping[str, str]

    async def play(self, doors: Doors, cast: Cast) -> list[str]:
        """In this order, so that what a line refers to is there; how many lines were new."""
        created = 0
        for kind, table in self.tables.items():
            answer = await doors.post(
                "access",
                f"/imports/{kind}",
                cast.organisation,
                "people-team",
                content=table.encode(),
                kind="text/csv",
            )
            if answer.is_error:
                return [f"import of {kind} refused: {answer.status_code}"]
            created += answer.json()["created"]
        return [f"imported: {created} new"]


@dataclass(frozen=True, slots=True)
class Removed:
    """Somebody claims or confirms what is open of a leaver's revocations."""

    at: datetime
    what: str
    person: str
    verb: str
    role: str
    evidence: bool

    async def play(self, doors: Doors, cast: Cast) -> list[str]:
        """All of them, the first due first; what is refused is told."""
        files = {"evidence": ("settings.png", PICTURE)} if self.evidence else {"note": (None, "done")}
        said = []
        async for one in doors.every("access", "/revocations", cast.organisation, person=self.person):
            if one["state"] in OPEN:
                path = f"/revocations/{one['revocation']}/{self.verb}"
                answer = await doors.post("access", path, cast.organisation, self.role, files=files)
                if answer.is_error:
                    said.append(f"{self.verb} refused: {answer.status_code}")
        return said


OPEN = ("requested", "claimed")


def registered(at: str, **tables: str) -> Imported:
    """Tables of sites, people, accounts and grants, as CSV."""
    texts = {kind: "\n".join(line.strip() for line in text.strip().splitlines()) for kind, text in tables.items()}
    lines = sum(text.count("\n") for text in texts.values())
    return Imported(instant(at), f"People team import {', '.join(texts)}: {lines} lines", texts)


def hr(at: str, event: str, what: str, **data: Any) -> Told:
    """HR's system publishes an event."""
    return Told(instant(at), f"HR: {what}", event, data)


def claimed(at: str, person: str, role: str = "is-team") -> Removed:
    """Whatever is open was removed, somebody says."""
    return Removed(instant(at), f"{role}: the access of {person} is gone", person, "claim", role, evidence=False)


def confirmed(at: str, person: str, role: str = "head-of-communications", *, evidence: bool = True) -> Removed:
    """Somebody has looked, and shows it."""
    how = "seen to be gone, with a picture" if evidence else "taken for gone, without evidence"
    return Removed(instant(at), f"{role}: {person}'s access is {how}", person, "confirm", role, evidence)
