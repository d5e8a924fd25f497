"""How pages say instants, days and lengths of time, in the organisation's zone: the filters of the templates."""

from datetime import date, datetime, timedelta

from jinja2 import Environment, pass_context
from jinja2.runtime import Context

__all__ = ["FILTERS", "add_filters", "day_in_words", "span_in_words", "time_in_words"]


def time_in_words(at: datetime, now: datetime) -> str:
    """`Fri 20 Mar 16:30`, with the year where it is not this one. Both are in the zone to be shown."""
    return f"{day_in_words(at.date(), now.date())} {at:%H:%M}"


def day_in_words(day: date, today: date) -> str:
    """`Fri 20 Mar`, with the year where it is not this one."""
    words = f"{day:%a} {day.day} {day:%b}"
    return words if day.year == today.year else f"{words} {day.year:04}"


def span_in_words(length: float | timedelta) -> str:
    """`2 h 5 min`; hours are not made into days, as a working day is not 24 of them. Less than a minute is seconds."""
    seconds = length.total_seconds() if isinstance(length, timedelta) else length
    sign = "\N{MINUS SIGN}" if seconds < 0 else ""
    whole = round(abs(seconds))
    hours, minutes = whole // 3600, whole % 3600 // 60
    if not hours and not minutes:
        return f"{sign if whole else ''}{whole} s"
    parts = [f"{hours:,} h" if hours else "", f"{minutes} min" if minutes else ""]
    return sign + " ".join(part for part in parts if part)


@pass_context
def local_time(context: Context, at: datetime | str | None, year: bool = False) -> str:
    """An instant, or its text as the API gives it; none is a dash. With `year`, it is always said."""
    if at is None:
        return "\N{EN DASH}"
    instant = datetime.fromisoformat(at) if isinstance(at, str) else at
    zone = context["zone"]
    here = instant.astimezone(zone)
    return f"{here:%a} {here.day} {here:%b %Y %H:%M}" if year else time_in_words(here, context["now"].astimezone(zone))


@pass_context
def local_day(context: Context, day: date | str | None) -> str:
    """A date or its text, or the date of an instant; none is a dash."""
    if day is None:
        return "\N{EN DASH}"
    zone = context["zone"]
    if isinstance(day, str):
        day = date.fromisoformat(day) if len(day) == len("2026-03-20") else datetime.fromisoformat(day)
    if isinstance(day, datetime):
        day = day.astimezone(zone).date()
    return day_in_words(day, context["now"].astimezone(zone).date())


FILTERS = {"local_time": local_time, "local_day": local_day, "span": span_in_words}


def add_filters(environment: Environment) -> None:
    """Let templates say them."""
    environment.filters.update(FILTERS)
