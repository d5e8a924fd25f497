"""Instants and spans as people type them."""

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from shared.cli.failure import Misuse

__all__ = ["parse_date", "parse_instant", "parse_span", "rfc3339"]

UNITS = {"w": 7 * 86_400, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
SPAN = re.compile(r"(?:\d+[wdhms])+")
PART = re.compile(r"(\d+)([wdhms])")
HOW = (
    "write an instant with an offset (2026-03-27T16:30:00Z), a local time with a zone "
    "(2026-03-27T16:30 Europe/London), or one from now (+2h, -30m, now)"
)


def rfc3339(instant: datetime) -> str:
    """UTC with `Z`, as we write it everywhere."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def parse_span(text: str) -> timedelta:
    """`30m`, `1h30m`, `2d`, `1w`. Raises Misuse."""
    if not SPAN.fullmatch(text):
        raise Misuse(f"{text!r} is not a span: write weeks, days, hours, minutes, seconds as in 1w, 2d, 1h30m, 45s.")
    try:
        return timedelta(seconds=sum(int(number) * UNITS[unit] for number, unit in PART.findall(text)))
    except OverflowError as error:
        raise Misuse(f"{text!r} is longer than time is counted here.") from error


def parse_instant(text: str, now: datetime) -> datetime:
    """An instant: RFC 3339, a local time with a zone's name, `now`, or a span from now. Raises Misuse."""
    text = text.strip()
    if text == "now":
        return now
    if text[:1] in ("+", "-"):
        return _from_now(text, now)
    local, _, zone = text.replace("[", " ").removesuffix("]").rpartition(" ")
    try:
        if not zone[:1].isalpha():
            instant = datetime.fromisoformat(text)
        else:
            instant = datetime.fromisoformat(local.strip())
            if instant.tzinfo is None:
                instant = instant.replace(tzinfo=_zone(zone))
        if instant.tzinfo is not None:
            return instant.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Misuse(f"{text!r} is not an instant: {HOW}.") from error
    raise Misuse(f"{text!r} names no offset and no zone: {HOW}.")


def _from_now(text: str, now: datetime) -> datetime:
    span = parse_span(text[1:])
    try:
        return now + span if text[0] == "+" else now - span
    except OverflowError as error:
        raise Misuse(f"{text!r} from now is beyond the calendar.") from error


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError, ValueError) as error:
        raise Misuse(f"There is no time zone {name!r}: {HOW}.") from error


def parse_date(text: str, now: datetime) -> date:
    """A date: `2026-03-27`, `today`, `tomorrow`, or a span of days from today (`+3d`). Raises Misuse."""
    if text in ("today", "tomorrow"):
        return now.date() + timedelta(days=text == "tomorrow")
    try:
        if text[:1] in "+-" and SPAN.fullmatch(text[1:]):
            return parse_instant(text, now).date()
        return date.fromisoformat(text)
    except ValueError as error:
        raise Misuse(f"{text!r} is not a date: write 2026-03-27, today, tomorrow or +3d.") from error
