"""What somebody said about being shown, and for how long it counts."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from services.consent.domain.days import day_after, day_of, midnight, years_on

__all__ = ["Consent", "Method", "Outcome", "Subject", "Withdrawal", "covered", "faults_of", "speaks_from", "validity"]

Outcome = Literal["given", "refused", "asked", "objected"]
Method = Literal["signed", "verbal"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Somebody who may be shown, as Communications knows them; without a name."""

    person: str
    kind: str | None = None
    born_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """A consent taken back from `day` on, for these channels; None: for all that the record covers."""

    day: date
    channels: tuple[str, ...] | None = None
    safety: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """One record. `day` is the day that it speaks from, `order` tells apart what was recorded for one day.

    No `channels`: all of them. No `purposes`: every purpose. `items` limits it to those images. `faults` are why it
    is kept but does not count.
    """

    consent: str
    person: str
    outcome: Outcome
    method: Method | None = None
    day: date
    order: datetime
    faults: tuple[str, ...] = ()
    channels: tuple[str, ...] | None = None
    purposes: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    begins_at: datetime | None = None
    ends_at: datetime | None = None
    guardian: str | None = None
    withdrawals: tuple[Withdrawal, ...] = ()

    def covers(self, channel: str, image: str) -> bool:
        """Speaks of this channel and of this image."""
        return covered(self.channels, channel) and self.about(image)

    def about(self, image: str) -> bool:
        """Is not limited to other images."""
        return not self.items or image in self.items

    def withdrawn_on(self, channel: str) -> date | None:
        """The last day on which it was taken back for this channel."""
        days = [
            taken.day
            for taken in self.withdrawals
            if covered(self.channels if taken.channels is None else taken.channels, channel)
        ]
        return max(days, default=None)

    def in_date(self, now: datetime) -> bool:
        """From the beginning of its first day to the end of its last."""
        return self.begins_at is not None and self.ends_at is not None and self.begins_at <= now < self.ends_at

    @property
    def taken_back(self) -> bool:
        """Withdrawn for all that it covers."""
        if any(taken.channels is None for taken in self.withdrawals):
            return True
        return bool(self.channels) and all(self.withdrawn_on(channel) for channel in self.channels or ())


def covered(channels: Iterable[str] | None, channel: str) -> bool:
    """`social` covers every `social:<network>`; None covers everything."""
    return channels is None or any(each in (channel, channel.partition(":")[0]) for each in channels)


def faults_of(
    *,
    method: Method | None,
    signed: bool | None,
    name_matches: str | None,
    taken_on: date | None,
    taken_by: str | None,
    today: date,
) -> tuple[str, ...]:
    """Why a consent that was given does not count, in the words of the table's row 8; none: it does."""
    faults = []
    if method == "signed" and signed is False:
        faults.append("unsigned")
    if taken_on is None:
        faults.append("undated")
    elif taken_on > today:
        faults.append("future-dated")
    if name_matches == "no":
        faults.append("wrong-name")
    if method != "signed" and not taken_by:
        faults.append("unrecorded")
    return tuple(faults)


def validity(taken_on: date, valid_until: date | None, years: int, zone: ZoneInfo) -> tuple[datetime, datetime, date]:
    """From when, until when (00:00 local, exclusive), and the last day (westward:10.4).

    The same calendar day so many years on ends it, 29 February becoming 1 March; sooner if the form names a last day.
    """
    end = years_on(taken_on, years)
    if valid_until is not None:
        end = min(end, day_after(valid_until))
    return midnight(taken_on, zone), midnight(end, zone), end - timedelta(days=1)


def speaks_from(taken_on: date | None, recorded_at: datetime, zone: ZoneInfo) -> date:
    """The day that a record speaks from: when it was taken; never later than it was recorded."""
    today = day_of(recorded_at, zone)
    return today if taken_on is None else min(taken_on, today)
