"""The demo's week in London: Friday 27 March to Thursday 2 April 2026. The clocks go forward on its Sunday."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

__all__ = ["BEGIN", "END", "LONDON", "instant", "words"]

LONDON = ZoneInfo("Europe/London")
FRIDAY = datetime(2026, 3, 27)
DAYS = ("Fri", "Sat", "Sun", "Mon", "Tue", "Wed", "Thu")


def instant(text: str) -> datetime:
    """`Mon 12:30`, `Tue 00:00:01` → UTC."""
    day, time = text.split(" ")
    parts = [int(part) for part in time.split(":")]
    hours, minutes, seconds = [*parts, 0][:3]
    local = FRIDAY + timedelta(days=DAYS.index(day), hours=hours, minutes=minutes, seconds=seconds)
    return local.replace(tzinfo=LONDON).astimezone(UTC)


def words(text: str) -> str:
    """An instant in RFC 3339 → `Mon 12:30`; midnight is the 24:00 of the day that it ends; with seconds if there are any."""
    local = datetime.fromisoformat(text).astimezone(LONDON)
    if (local.hour, local.minute, local.second, local.microsecond) == (0, 0, 0, 0):
        return f"{(local - timedelta(days=1)):%a} 24:00"
    return local.strftime("%a %H:%M:%S" if local.second or local.microsecond else "%a %H:%M")


BEGIN = instant("Fri 08:55")
END = instant("Thu 23:00")
