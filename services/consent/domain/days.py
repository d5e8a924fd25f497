"""Local days and the instants at which they begin."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

__all__ = ["day_after", "day_of", "midnight", "years_on"]

FIRST, LAST = date(1900, 1, 1), date(9000, 1, 1)
"""Other systems may write any date; beyond these it makes no difference which."""


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The instant at which a local day begins."""
    day = min(max(day, FIRST), LAST)
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def day_of(instant: datetime, zone: ZoneInfo) -> date:
    """The local day of an instant."""
    return instant.astimezone(zone).date()


def years_on(day: date, years: int) -> date:
    """The same calendar day so many years on; 29 February is followed by 1 March where there is none."""
    day = min(max(day, FIRST), LAST)
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)


def day_after(day: date) -> date:
    """The next day."""
    return min(day, LAST) + timedelta(days=1)
