"""When a revocation is overdue, and who is told: the pack's ladder, from the instant at which it was due and known."""

from datetime import UTC, datetime, timedelta

from shared.policy import Pack

__all__ = ["LEVELS", "notified_at", "rungs"]

LEVELS = 3
COMMUNICATIONS = "communications"
FAR = datetime(2099, 1, 1, tzinfo=UTC)
"""Beyond this no calendar is known: a ladder that begins later stands on its first instant until it is planned anew."""


def rungs(pack: Pack, start: datetime, *, administrator: bool) -> tuple[datetime, ...]:
    """The instants of the three levels. Clauses: westward:6.4, 7.11.

    `administrator`: an administrator's role or a shared secret, which is more urgent than the rest.
    """
    ladder = pack.access.ladders.administrator if administrator else pack.access.ladders.other
    if start >= FAR:
        return (start,) * LEVELS
    if ladder.counts == "elapsed":
        return tuple(start + span.on(timedelta(days=1)) for span in ladder.levels)
    calendar = pack.staff_calendar
    return tuple(calendar.due(start, span.on(calendar.nominal_day)) for span in ladder.levels)


def notified_at(level: int, owner: str) -> tuple[str, ...]:
    """Whom a level tells: the line manager with Communications, both again, then those who replace the manager."""
    if level == LEVELS:
        return ("head-of-communications", "is-team")
    return tuple(dict.fromkeys((owner, COMMUNICATIONS)))
