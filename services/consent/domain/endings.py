"""What comes with time alone: consents run out, stints begin and end, children grow up (westward:10.4)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from services.consent.domain.days import day_after, midnight, years_on
from services.consent.domain.people import Person, Rules
from shared.contracts.consent import ConsentExpired, ConsentExpiring, ConsentFact

__all__ = ["Ending", "already_told", "due", "next_change"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """A consent that counts, and when it ends. `days_told`: the fewest days left that were told."""

    consent: str
    person: str
    channels: tuple[str, ...] | None
    purposes: tuple[str, ...]
    last_day: date
    days_told: int | None = None

    def at(self, days_left: int, zone: ZoneInfo) -> datetime:
        """The instant at which so many days are left; 0: it is over."""
        return midnight(day_after(self.last_day) - timedelta(days=days_left), zone)


def already_told(ending: Ending, days: Iterable[int], now: datetime, zone: ZoneInfo) -> int | None:
    """Of a new record: the fewest days left that are past already, and need no telling."""
    return min((each for each in days if ending.at(each, zone) <= now), default=None)


def due(ending: Ending, days: Iterable[int], now: datetime, zone: ZoneInfo) -> ConsentFact | None:
    """What has to be told of it now. Of several that were missed, the last; once it is over, only that."""
    if ending.at(0, zone) <= now:
        return ConsentExpired(**_fields(ending), at=ending.at(0, zone))
    left = already_told(ending, days, now, zone)
    if left is None or (ending.days_told is not None and ending.days_told <= left):
        return None
    return ConsentExpiring(**_fields(ending), at=ending.at(left, zone), days_left=left)


def _fields(ending: Ending) -> dict[str, Any]:
    return {
        "consent": ending.consent,
        "person": ending.person,
        "channels": ending.channels,
        "purposes": ending.purposes or None,
        "valid_until": ending.last_day,
    }


def next_change(person: Person, endings: Sequence[Ending], days: Sequence[int], rules: Rules) -> datetime | None:
    """The next instant at which something about somebody changes by itself."""
    instants = [ending.at(each, rules.zone) for ending in endings for each in (0, *days)]
    for stint in person.stints:
        instants += [stint.begins, *([stint.until] if stint.until is not None else [])]
    if person.subject.born_on is not None:
        instants += [midnight(years_on(person.subject.born_on, age), rules.zone) for age in rules.birthdays]
    return min((instant for instant in instants if instant > rules.now), default=None)
