"""What the four tables of an import hold, and what is wrong with one beside what the register has."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any

from services.access.domain.table import Column, Fault, Line, choice, code, day, identity, listed, text

__all__ = ["COLUMNS", "Changes", "compare", "cycles", "leave_dates", "missing_values", "unknown_ids"]

COLUMNS: Mapping[str, Sequence[Column]] = MappingProxyType(
    {
        "people": (
            Column("person", identity),
            Column("name", text),
            Column("work_email", text),
            Column("manager", identity),
            Column("team", identity),
            Column("stint", identity),
            Column("starts_on", day),
            Column("leave_on", day),
            Column("roles", listed),
        ),
        "sites": (
            Column("site", identity),
            Column("network", code),
            Column("kind", choice("page", "channel", "business-profile", "closed-group"), needed=True),
            Column("name", text),
            Column("url", text),
            Column("owner", identity),
            Column("state", choice("requested", "approved", "live", "closed")),
            Column("approved_on", day),
        ),
        "accounts": (
            Column("account", identity),
            Column("person", identity),
            Column("network", code),
            Column("kind", choice("work", "personal", "shared")),
            Column("email", text),
            Column("mfa", choice("on", "off", "unknown")),
        ),
        "grants": (
            Column("grant", identity),
            Column("account", identity, needed=True),
            Column("site", identity, needed=True),
            Column("role", choice("admin", "editor", "moderator", "advertiser", "member"), needed=True),
            Column("business_case", text),
            Column("approved_by", identity),
            Column("approved_on", day),
            Column("review_on", day),
        ),
    }
)
"""The tables by their door. The first column is the key."""

FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2098, 12, 31)
FIRST_LEAVE = date(2000, 1, 1)


@dataclass(frozen=True, slots=True)
class Changes:
    """What an import would do: the lines that make and that change an entry, and how many are as they were."""

    created: tuple[Line, ...]
    changed: tuple[Line, ...]
    unchanged: int


def compare(lines: Iterable[Line], known: Mapping[str, Mapping[str, Any]]) -> Changes:
    """Lines beside entries; an unknown cell changes nothing. A revoked grant that is listed again is a change."""
    created, changed, unchanged = [], [], 0
    for line in lines:
        entry = known.get(line.key)
        if entry is None:
            created.append(line)
        elif _differs(line, entry) or entry.get("state") == "revoked":
            changed.append(line)
        else:
            unchanged += 1
    return Changes(tuple(created), tuple(changed), unchanged)


def _differs(line: Line, entry: Mapping[str, Any]) -> bool:
    return any(value is not None and value != entry.get(name) for name, value in line.values.items())


def missing_values(columns: Sequence[Column], lines: Iterable[Line], known: Collection[str]) -> list[Fault]:
    """What a new entry cannot do without."""
    return [
        Fault(line.number, column.name, "required", "a new entry needs this")
        for line in lines
        if line.key not in known
        for column in columns
        if column.needed and line.values[column.name] is None
    ]


def unknown_ids(lines: Iterable[Line], column: str, known: Collection[str]) -> list[Fault]:
    """References to what the register does not have."""
    return [
        Fault(line.number, column, "unknown", "the register has no such entry: import it first")
        for line in lines
        if line.values[column] is not None and line.values[column] not in known
    ]


def leave_dates(lines: Iterable[Line], starts: Mapping[str, date]) -> list[Fault]:
    """Days that no employment has: an open end is an empty cell, not the year 9999. `starts`: of stints known here."""
    faults = []
    for line in lines:
        begin, end = line.values["starts_on"], line.values["leave_on"]
        if begin is not None and not FIRST_DAY <= begin <= LAST_DAY:
            faults.append(Fault(line.number, "starts_on", "out-of-range", f"a day from {FIRST_DAY} to {LAST_DAY}"))
        if end is None:
            continue
        first = begin or starts.get(line.key)
        if not FIRST_LEAVE <= end <= LAST_DAY:
            detail = f"a day from {FIRST_LEAVE} to {LAST_DAY}; leave it empty where there is no end"
            faults.append(Fault(line.number, "leave_on", "out-of-range", detail))
        elif first is not None and end < first:
            faults.append(Fault(line.number, "leave_on", "before-start", "the stint would end before it begins"))
    return faults


def cycles(lines: Iterable[Line], managers: Mapping[str, str | None]) -> list[Fault]:
    """Lines whose manager works, in the end, for them. `managers` are those of the register."""
    said = list(lines)
    above = dict(managers) | {line.key: line.values["manager"] for line in said if line.values["manager"] is not None}
    state: dict[str, bool] = {}
    looped = {person for line in said for person in _loop(line.key, above, state)}
    return [
        Fault(line.number, "manager", "cycle", "the line of managers comes back to this person")
        for line in said
        if line.key in looped and line.values["manager"] is not None
    ]


def _loop(person: str, above: Mapping[str, str | None], done: dict[str, bool]) -> list[str]:
    """Those of a loop that is reached from here and was not found before; `done`: who was looked at."""
    path: dict[str, int] = {}
    at: str | None = person
    while at is not None and at not in done:
        path[at] = len(path)
        done[at] = True
        at = above.get(at)
    walked = list(path)
    return walked[path[at] :] if at is not None and at in path else []
