"""Which instant counts: the network's, else its sending time, else receipt; and never one in the future."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

__all__ = ["AHEAD", "Stamp", "TimeBasis", "stamp"]

AHEAD = timedelta(minutes=5)
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""No network is older: an earlier stamp is a field that nobody filled in, such as another language's zero time."""

TimeBasis = Literal["platform", "delivery", "receipt"]


@dataclass(frozen=True, slots=True)
class Stamp:
    """An instant and where it comes from. `clamped`: what was said cannot be, so that something else stands in."""

    at: datetime
    basis: TimeBasis
    clamped: bool = False


def stamp(said: datetime | None, sent: datetime | None, received_at: datetime) -> Stamp:
    """The time of what happened: as said, else when it was sent, else when it was received (all aware).

    One more than five minutes ahead of receipt becomes receipt; one before the year 2000 counts as not given.
    """
    clamped = False
    for given, basis in ((said, "platform"), (sent, "delivery")):
        if given is None:
            continue
        if given < EARLIEST:
            clamped = True
        elif given - received_at > AHEAD:
            return Stamp(received_at, "receipt", clamped=True)
        else:
            return Stamp(given.astimezone(UTC), basis, clamped)  # type: ignore[arg-type] # one of the two above
    return Stamp(received_at, "receipt", clamped)
