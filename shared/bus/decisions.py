"""The decisions that matter: each is one line of the log, by which its whole story is found."""

from collections.abc import Iterable

import structlog

from shared.bus.stories import story_of
from shared.contracts.event import Event

__all__ = ["DECISIONS", "say"]

log = structlog.get_logger("decisions")

DECISIONS = frozenset(
    {
        "sla-breach", "sla-breach-retracted", "sla-late-answer", "revoke-access", "revocation-held",
        "revocation-confirmed", "revocation-overdue", "revocation-waived", "access-reappeared", "leaver-planned",
        "leaver-processed", "leaver-unmatched", "leavers-held", "reinstatement-requested", "consent-missing",
        "consent-satisfied", "consent-withdrawn", "takedown-requested", "takedown-confirmed", "takedown-not-possible",
    }
)  # fmt: skip
"""What somebody has to act on, or may be asked about."""


def say(events: Iterable[Event]) -> None:
    """A line for each decision among what was committed: ids and codes, as on the bus."""
    decided = [_line(event) for event in events if event.name in DECISIONS]
    if decided:
        log.info("decided", each=decided)


def _line(event: Event) -> dict[str, str]:
    return {
        "name": event.name,
        "organisation": event.organisation,
        "id": event.id,
        "correlation": story_of(event),
        "policy": ",".join(event.clauses),
        "mode": event.mode or "enforce",
    }
