"""An event in one line for a person: when, whose, what, whom, due, clause."""

from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from typing import Any

from shared.cli.records import name_of, organisation_of

__all__ = ["Zones", "line", "local", "moment", "short"]

Zones = Callable[[str], tzinfo]
"""The time zone of an organisation."""

CODES = (
    "kind",
    "message_kind",
    "action",
    "reason",
    "decision",
    "category",
    "state",
    "role",
    "course",
    "level",
    "flags",
)
WHOM = (
    "person",
    "message",
    "reply",
    "post",
    "image",
    "author",
    "account",
    "closure",
    "incident",
    "subject",
    "case",
    "site",
)
DUE = ("due_at", "deadline", "due_on", "leave_at", "leave_on", "valid_until")
ALSO = ("settled_at", "noticed_at", "previous_due_at")
LONG, SHORT = 30, 12


def short(identifier: str) -> str:
    """The end of a long id, which is what tells it apart."""
    return identifier if len(identifier) <= LONG else f"…{identifier[-SHORT:]}"


def local(instant: object, zone: tzinfo, form: str = "%a %d %b %H:%M:%S %Z") -> str:
    """`Fri 27 Mar 16:30:00 GMT`; the text itself when it is no instant."""
    text = "?" if instant is None else str(instant)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return text if moment.tzinfo is None else moment.astimezone(zone).strftime(form)


def moment(instant: object, zone: tzinfo) -> str:
    """`Fri 27 Mar 2026 16:30`; empty for none."""
    return "" if instant is None else local(instant, zone, "%a %d %b %Y %H:%M")


def brief(instant: object, zone: tzinfo) -> str:
    """`Fri 27 Mar 16:30`: the seconds only where there are any."""
    return local(instant, zone, "%a %d %b %H:%M:%S").removesuffix(":00")


def line(event: dict[str, Any], zones: Zones) -> str:
    """One line, without control characters: an outside system may write anything into its own topic."""
    organisation = organisation_of(event)
    zone = zones(organisation) if organisation else UTC
    data = event.get("data")
    data = data if isinstance(data, dict) else {}
    what = " ".join([name_of(event), *_codes(data)])
    parts = [
        local(event.get("time"), zone),
        f"{organisation or '?':<9}",
        f"{what:<44}",
        _whom(event, data),
        _findings(data),
        *_times(data, zone),
        _clauses(event),
    ]
    if "undecodable" in event:
        parts.append(f"unreadable at {event.get('topic')}[{event.get('partition')}]@{event.get('offset')}: ")
        parts.append(str(event["undecodable"]))
    if event.get("mode"):
        parts.append(f"({event['mode']})")
    return "".join(c if c.isprintable() else "�" for c in "  ".join(part for part in parts if part)).rstrip()


def _codes(data: dict[str, Any]) -> list[str]:
    found = []
    for name in CODES:
        value = data.get(name)
        found += [str(one) for one in (value if isinstance(value, list) else [value]) if isinstance(one, str | int)]
    return list(dict.fromkeys(found))


def _whom(event: dict[str, Any], data: dict[str, Any]) -> str:
    key = str(event.get("key") or event.get("subject") or "")
    found = [f"{name} {short(str(data[name]))}" for name in WHOM if data.get(name) is not None]
    name = next((name for name in ("conversation", "image", "person", "author", "site") if data.get(name) == key), "")
    first = f"{name} {short(key)}".strip()
    return ", ".join(dict.fromkeys([first, *found][:2])) if key else ", ".join(found[:2])


def _findings(data: dict[str, Any]) -> str:
    """Who is not permitted, and why: `t-3 no-consent, background`."""
    found = data.get("findings")
    told = [
        " ".join(str(one[name]) for name in ("person", "code") if one.get(name))
        for one in (found if isinstance(found, list) else ())
        if isinstance(one, dict)
    ]
    return ", ".join(dict.fromkeys(told))


def _times(data: dict[str, Any], zone: tzinfo) -> list[str]:
    due = next((f"due {brief(data[name], zone)}" for name in DUE if data.get(name)), "")
    also = next((f"{name.removesuffix('_at')} {brief(data[name], zone)}" for name in ALSO if data.get(name)), "")
    return [due, also]


def _clauses(event: dict[str, Any]) -> str:
    clauses = str(event.get("clauses") or "")
    return f"[{clauses.replace(',', ', ')}]" if clauses else ""
