"""A live use that lost its ground has to go: by when, and how that ends (wheatley:legal-and-regulatory-framework)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from services.consent.domain.days import day_after, midnight
from services.consent.domain.decision import Judged
from services.consent.domain.images import Image, Placement
from services.consent.domain.people import Found, Rules
from shared.contracts.consent import Takedown, TakedownConfirmed, TakedownNotPossible, TakedownRequested
from shared.policy import Pack

__all__ = ["MAY", "Act", "Standing", "State", "Wanted", "closing", "deadline", "requested", "wanted"]

State = Literal["requested", "claimed", "confirmed", "not-possible"]
Act = Literal["claim", "verify", "not-possible"]

MAY: dict[Act, tuple[frozenset[State], State]] = {
    "claim": (frozenset({"requested"}), "claimed"),
    "verify": (frozenset({"requested", "claimed"}), "confirmed"),
    "not-possible": (frozenset({"requested", "claimed"}), "not-possible"),
}
"""From which states an act may be done, and where it leads."""

TODAY = frozenset({"guardian-required", "child-alone", "re-consent-at-age"})
"""Codes of children: these go the same day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A takedown as it stands. One for each stay of a content in a use: (image, use, hash, since)."""

    takedown: str
    image: str
    use: str
    channel: str
    content_hash: str
    since: datetime
    deadline: datetime
    reason: str
    state: State = "requested"

    @property
    def open(self) -> bool:
        """Somebody still has to do something."""
        return self.state in ("requested", "claimed")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A live placement that is blocked, and why."""

    placement: Placement
    found: Found
    urgent: bool


def wanted(image: Image, judged: Judged) -> Iterator[Wanted]:
    """Every live use of this content that is blocked."""
    for placement in image.placed:
        if placement.state != "live" or placement.content_hash != judged.content_hash:
            continue
        blocks = [
            one
            for one in judged.missing
            if one.decision == "block" and one.use is not None and one.use.use == placement.use
        ]
        if blocks:
            urgent = any(_urgent(one) for one in blocks)
            yield Wanted(placement, min(blocks, key=_weight), urgent)


def _urgent(found: Found) -> bool:
    """For a child, or because somebody withdrew for their safety."""
    withdrawals = found.record.withdrawals if found.record is not None and found.code == "withdrawn" else ()
    return found.code in TODAY or any(one.safety for one in withdrawals)


def _weight(found: Found) -> tuple[bool, bool, str]:
    """A takedown names one reason: a withdrawal before all else, a person's before the image's."""
    return found.code != "withdrawn", found.person is None, found.code


def deadline(pack: Pack, rules: Rules, urgent: bool) -> datetime:
    """Within the pack's working time; for children and for safety the same local day."""
    if urgent:
        return midnight(day_after(rules.today), rules.zone)
    calendar = pack.staff_calendar
    return calendar.due(rules.now, pack.consent.takedowns.own.on(calendar.nominal_day))


def requested(standing: Standing) -> TakedownRequested:
    """The event that asks for it."""
    return TakedownRequested(
        takedown=standing.takedown,
        image=standing.image,
        use=standing.use,
        channel=standing.channel,
        deadline=standing.deadline,
        reason=standing.reason,
    )


def closing(standing: Standing, state: State, reason: str | None = None) -> Takedown:
    """The event that ends it."""
    shape = TakedownConfirmed if state == "confirmed" else TakedownNotPossible
    return shape(
        takedown=standing.takedown,
        image=standing.image,
        use=standing.use,
        channel=standing.channel,
        deadline=standing.deadline,
        reason=reason or standing.reason,
    )
