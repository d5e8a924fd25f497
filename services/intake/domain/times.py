"""Which instant counts: the network's, else its sending time, else receipt; and never one in the future."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

__all__ = ["AHEAD", "Stamp", "TimeBasis", "stamp"]

AHEAD = timedelta(minutes=5)

TimeBasis = Literal["platform", "delivery", "receipt"]


@dataclass(frozen=True, slots=True)
class Stamp:
    """An instant and where it comes from. `clamped`: what was said lay too far ahead, so receipt stands in."""

    at: datetime
    basis: TimeBasis
    clamped: bool = False


def stamp(said: datetime | None, sent: datetime | None, received_at: datetime) -> Stamp:
    """The time of what happened: as said, else when it was sent, else when it was received (all aware).

    One more than five minutes ahead of receipt becomes receipt. Raises ValueError for an instant outside the years
    1 to 9999 in UTC.
    """
    at, basis = received_at, "receipt"
    if said is not None:
        at, basis = said, "platform"
    elif sent is not None:
        at, basis = sent, "delivery"
    try:
        at = at.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("outside the calendar") from error
    if at - received_at > AHEAD:
        return Stamp(received_at, "receipt", clamped=True)
    return Stamp(at, basis)  # type: ignore[arg-type] # one of the three above
