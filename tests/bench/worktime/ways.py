"""Ways to say when a span of working time that begins at an instant is over."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from importlib import import_module
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

import holidays

from shared.worktime import Calendar

__all__ = ["CASES", "DAY", "LONDON", "WAYS", "Hours", "Way", "starts"]

LONDON = ZoneInfo("Europe/London")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Hours:
    """The same opening on each of these days; one that ends before it begins runs into the next day."""

    opens: str
    closes: str
    days: Sequence[str] = DAYS[:5]

    @property
    def weekly(self) -> dict[str, list[str]]:
        """By day, as a policy pack has it."""
        if self.opens < self.closes:
            return {day: [f"{self.opens}-{self.closes}"] for day in self.days}
        return {day: [f"00:00-{self.closes}", f"{self.opens}-24:00"] for day in self.days}


DAY = Hours("09:00", "17:00")
NIGHT = Hours("22:00", "06:00", DAYS)
SMALL_HOURS = Hours("00:00", "06:00", DAYS)

Way = Callable[[Any], Any]


def bank_holidays() -> Mapping[date, str]:
    """England's."""
    found: Mapping[date, str] = holidays.country_holidays("GB", subdiv="ENG", years=range(2026, 2028))
    return found


def ours(hours: Hours, span: timedelta) -> Way:
    """`shared.worktime`."""
    calendar = Calendar("Europe/London", hours.weekly, bank_holidays())
    return lambda start: calendar.due(start, span)


def businesstimedelta(hours: Hours, span: timedelta) -> Way:
    """Rules of its own, in the time zone type that it asks for."""
    library: Any = import_module("businesstimedelta")  # it has no types
    zone = import_module("pytz").timezone("Europe/London")
    opening = library.WorkDayRule(
        start_time=time.fromisoformat(hours.opens),
        end_time=time.fromisoformat(hours.closes),
        working_days=[DAYS.index(day) for day in hours.days],
        tz=zone,
    )
    rules = library.Rules([opening, library.HolidayRule(bank_holidays(), tz=zone)])
    length = library.BusinessTimeDelta(rules, timedelta=span)
    return lambda start: start + length


def pandas(hours: Hours, span: timedelta) -> Way:
    """CustomBusinessHour. Whole hours only; it takes timestamps of its own, in local time: see `taken`."""
    if span % timedelta(hours=1):
        raise ValueError("pandas counts whole business hours")
    offsets: Any = import_module("pandas.tseries.offsets")
    offset = offsets.CustomBusinessHour(
        n=span // timedelta(hours=1),
        start=hours.opens,
        end=hours.closes,
        weekmask=" ".join(day.title() for day in hours.days),
        holidays=list(bank_holidays()),
    )
    return lambda start: start + offset


WAYS: Mapping[str, Callable[[Hours, timedelta], Way]] = MappingProxyType(
    {"ours": ours, "businesstimedelta": businesstimedelta, "pandas": pandas}
)


def taken(way: str, start: datetime) -> Any:
    """An instant as that library takes it: turning it into pandas' own is not counted against pandas."""
    return import_module("pandas").Timestamp(start).tz_convert("Europe/London") if way == "pandas" else start


def starts(count: int) -> list[datetime]:
    """Instants spread over a year at all hours, so that nights and weekends are among them."""
    return [datetime(2026, 1, 5, 0, 0, 7, tzinfo=UTC) + number * timedelta(days=350) / count for number in range(count)]


def _at(local: str) -> datetime:
    return datetime.fromisoformat(local).replace(tzinfo=LONDON).astimezone(UTC)


CASES: Sequence[tuple[str, Hours, datetime, timedelta]] = (
    ("due at closing time", DAY, _at("2026-03-13 13:00"), timedelta(hours=4)),
    ("an hour and a half", DAY, _at("2026-03-13 10:00"), timedelta(minutes=90)),
    ("the night in which an hour is left out", SMALL_HOURS, _at("2026-03-29 00:30"), timedelta(hours=4)),
    ("the night in which an hour comes twice", SMALL_HOURS, _at("2026-10-25 00:30"), timedelta(hours=4)),
    ("a night shift, after midnight", NIGHT, _at("2026-03-10 01:20"), timedelta(hours=3)),
    ("a night shift, before midnight", NIGHT, _at("2026-03-10 22:20"), timedelta(hours=1)),
)
"""Where the libraries do not agree: what it is, hours, start, span."""
