"""What is to be told: the difference between what a conversation's targets come to now and what was told before.

Late means settled after the due time; equal is on time. The clock only says when a breach is noticed.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from services.sla.domain.target import Closing, Derived, Target
from shared.contracts import Event, contract_of, sla

__all__ = ["SOURCE", "Decision", "Standing", "advance"]

SOURCE = "/houserules/sla"
INSTANT = timedelta(microseconds=1)
"""The least step of a timestamp: what is due at an instant is late from the next one on."""

OPENED_EARLIER = "opened-earlier"
_RETRACTED: Mapping[str, str] = MappingProxyType(
    {
        "met": "answered-in-time",
        "waived": "waived",
        "exempted": "exempted",
        "voided": "voided",
        "withdrawn": "reclassified",
    }
)
_CLOSED: Mapping[str, type[Any]] = MappingProxyType(
    {
        "waived": sla.SlaWaived,
        "exempted": sla.SlaExempted,
        "voided": sla.SlaVoided,
        "withdrawn": sla.SlaWithdrawn,
    }
)


class Standing(Struct, frozen=True, kw_only=True, gc=False):
    """A target as it was last told: one row of the table.

    `state` is open, met, breached, waived, exempted, voided or withdrawn. `closing` and `reason` say what settled it
    at `settled_at`, after `working_s` of working time, also where that came too late to change the verdict. `warned_at`
    is the last warning's time for this due time, `breach` the id of the `sla-breach` that stands, `retracted` how many
    did not.
    """

    id: str
    kind: str
    message: str
    message_kind: str
    site: str
    cycle: int
    started_at: datetime
    due_at: datetime
    warn_at: tuple[datetime, ...]
    policy: str
    observe: bool
    clauses: tuple[str, ...]
    story: str
    owner: str | None = None
    state: str = "open"
    revision: int = 1
    warned_at: datetime | None = None
    breach: str | None = None
    noticed_at: datetime | None = None
    settled_at: datetime | None = None
    closing: str | None = None
    reason: str | None = None
    working_s: int | None = None
    retracted: int = 0


class Decision(Struct, frozen=True, gc=False):
    """What to keep and what to tell. `next_at` is when time alone has something to tell next, if ever."""

    standings: tuple[Standing, ...]
    events: tuple[Event, ...]
    next_at: datetime | None


def advance(
    organisation: str,
    conversation: str,
    told: Mapping[str, Standing],
    derived: Derived,
    now: datetime,
    new_id: Callable[[], str],
) -> Decision:
    """Compare, and tell the difference only, in the order in which it came about. `told` is by target id."""
    events: list[Event] = []
    standings: list[Standing] = []
    moments: list[datetime] = []
    present = {target.id for target in derived.targets}

    def telling(standing: Standing) -> _Telling:
        return _Telling(organisation, conversation, standing, now, new_id, events)

    for standing in sorted(told.values(), key=lambda s: (s.started_at, s.id)):
        if standing.id not in present:
            teller = telling(standing)
            _gone(teller, _opened_instead(standing, derived.targets))
            standings.append(teller.standing)
    for target in derived.targets:
        known = told.get(target.id)
        teller = telling(_first(target) if known is None else _refreshed(known, target))
        if known is None:
            teller.tell(sla.SlaStarted, target.opened_by, warn_at=target.warn_at)
        moment = _bring_up(teller, target)
        if moment is not None:
            moments.append(moment)
        standings.append(teller.standing)
    changed = tuple(standing for standing in standings if told.get(standing.id) != standing)
    return Decision(changed, tuple(events), min(moments, default=None))


def _first(target: Target) -> Standing:
    return Standing(
        id=target.id,
        kind=target.kind,
        message=target.message,
        message_kind=target.message_kind,
        site=target.site,
        cycle=target.cycle,
        started_at=target.started_at,
        due_at=target.due_at,
        warn_at=target.warn_at,
        policy=target.policy,
        observe=target.observe,
        clauses=target.clauses,
        story=target.story,
        owner=target.owner,
    )


def _refreshed(known: Standing, target: Target) -> Standing:
    """What may change without a word: how the message is classed, whose it is, the number of its cycle."""
    held = (known.message_kind, known.clauses, known.cycle, known.owner)
    if held == (target.message_kind, target.clauses, target.cycle, target.owner):
        return known
    return replace(
        known, message_kind=target.message_kind, clauses=target.clauses, cycle=target.cycle, owner=target.owner
    )


def _opened_instead(standing: Standing, targets: Sequence[Target]) -> str | None:
    """The event that opened the cycle in which a message turned out to stand."""
    older = [target for target in targets if target.started_at <= standing.started_at]
    return max(older, key=lambda target: target.started_at).opened_by if older else None


def _gone(telling: "_Telling", cause: str | None) -> None:
    """An older message, heard of late, opened the cycle that this target was for."""
    standing = telling.standing
    if (standing.state, standing.reason) == ("withdrawn", OPENED_EARLIER):
        return
    if standing.state == "breached":
        telling.retract(None, OPENED_EARLIER, cause)
    else:
        telling.change(state="withdrawn", closing="withdrawn", reason=OPENED_EARLIER, settled_at=telling.now)
        telling.tell(sla.SlaWithdrawn, cause, at=telling.now, reason=OPENED_EARLIER)


def _bring_up(telling: "_Telling", target: Target) -> datetime | None:
    """Bring one target up to now; when to look at it again."""
    standing = telling.standing
    if standing.state not in ("open", "breached") and not _in_time(target.closing, standing.due_at):
        telling.start(target)
    if telling.standing.state == "open" and telling.standing.due_at != target.due_at:
        telling.recalculate(target)
    due_at, closing = telling.standing.due_at, target.closing
    if closing is not None and _in_time(closing, due_at):
        _settle(telling, target, closing)
        return None
    if telling.now > due_at and telling.standing.state == "open":
        telling.breach(target)
    if telling.standing.state == "breached":
        _close_late(telling, target, closing)
        return None
    if closing is not None:
        return due_at + INSTANT
    return _warn(telling, target)


def _in_time(closing: Closing | None, due_at: datetime) -> bool:
    """The verdict: what settles at the due time is on time."""
    return closing is not None and closing.at <= due_at


def _settle(telling: "_Telling", target: Target, closing: Closing) -> None:
    """Settled in time: whatever was noticed before is taken back first."""
    standing = telling.standing
    if standing.state == "breached":
        displaced = closing.reason == OPENED_EARLIER
        telling.retract(closing, OPENED_EARLIER if displaced else _RETRACTED[closing.how], closing.cause)
        if displaced:
            return
    elif (standing.state, standing.reason) == (closing.how, closing.reason):
        telling.standing = replace(standing, **_settled(target, closing))
        return
    telling.change(state=closing.how, closing=closing.how, reason=closing.reason, **_settled(target, closing))
    telling.close(target, closing, sla.SlaMet)


def _close_late(telling: "_Telling", target: Target, closing: Closing | None) -> None:
    """Settled too late: the cycle is closed and that is told; the verdict stays."""
    standing = telling.standing
    if closing is None:
        telling.standing = replace(standing, closing=None, reason=None, settled_at=None, working_s=None)
    elif (standing.closing, standing.reason) == (closing.how, closing.reason):
        telling.standing = replace(standing, **_settled(target, closing))
    else:
        telling.change(closing=closing.how, reason=closing.reason, **_settled(target, closing))
        telling.close(target, closing, sla.SlaLateAnswer)


def _settled(target: Target, closing: Closing) -> dict[str, Any]:
    """When it was settled, and how much working time that took."""
    return {"settled_at": closing.at, "working_s": _seconds(target.rule.working(target.started_at, closing.at))}


def _warn(telling: "_Telling", target: Target) -> datetime:
    """Warn once for each time that has come; of several missed only the last, and only before the due time."""
    standing, now = telling.standing, telling.now
    come = [at for at in standing.warn_at if at <= now and (standing.warned_at is None or at > standing.warned_at)]
    if come and now < standing.due_at:
        telling.standing = replace(standing, warned_at=come[-1])
        remaining = target.rule.working(come[-1], standing.due_at)
        telling.tell(sla.SlaWarning, target.opened_by, at=come[-1], remaining_s=_seconds(remaining))
    return min((at for at in standing.warn_at if at > now), default=standing.due_at + INSTANT)


def _seconds(span: timedelta) -> int:
    return int(span.total_seconds())


class _Telling:
    """The telling of one target: each change of state or due time is a new revision, and is told with it."""

    __slots__ = ("conversation", "events", "new_id", "now", "organisation", "standing")

    def __init__(
        self,
        organisation: str,
        conversation: str,
        standing: Standing,
        now: datetime,
        new_id: Callable[[], str],
        events: list[Event],
    ) -> None:
        self.organisation = organisation
        self.conversation = conversation
        self.standing = standing
        self.now = now
        self.new_id = new_id
        self.events = events

    def change(self, **fields: Any) -> None:
        """The next revision."""
        self.standing = replace(self.standing, revision=self.standing.revision + 1, **fields)

    def tell(self, data: type[Any], cause: str | None, clauses: Sequence[str] = (), **more: Any) -> str:
        """Add an event about the target as it now stands; its id. `clauses` come beside the rule's own."""
        standing = self.standing
        event = Event(
            id=self.new_id(),
            source=SOURCE,
            name=contract_of(data).name,
            organisation=self.organisation,
            key=self.conversation,
            time=self.now,
            data=data(
                conversation=self.conversation,
                target=standing.id,
                revision=standing.revision,
                cycle=standing.cycle,
                kind=standing.kind,
                message=standing.message,
                message_kind=standing.message_kind,
                site=standing.site,
                started_at=standing.started_at,
                due_at=standing.due_at,
                policy=standing.policy,
                **more,
            ),
            clauses=tuple(dict.fromkeys((*standing.clauses, *clauses))),
            correlation_id=standing.story,
            causation_id=cause,
            mode="observe" if standing.observe else None,
        )
        self.events.append(event)
        return event.id

    def start(self, target: Target) -> None:
        """It runs again, because what had closed it does not hold."""
        self.change(
            state="open",
            due_at=target.due_at,
            warn_at=target.warn_at,
            warned_at=None,
            breach=None,
            noticed_at=None,
            settled_at=None,
            closing=None,
            reason=None,
            working_s=None,
        )
        self.tell(sla.SlaStarted, target.opened_by, warn_at=target.warn_at)

    def recalculate(self, target: Target) -> None:
        """Another due time."""
        previous = self.standing.due_at
        self.change(due_at=target.due_at, warn_at=target.warn_at, policy=target.policy, warned_at=None)
        self.tell(sla.SlaRecalculated, target.opened_by, previous_due_at=previous, reason="calendar-changed")

    def breach(self, target: Target) -> None:
        """The due time has passed."""
        closing = target.closing
        self.change(state="breached", noticed_at=self.now)
        settled_at = closing.at if closing is not None and closing.how == "met" else None
        breach = self.tell(sla.SlaBreach, target.opened_by, noticed_at=self.now, settled_at=settled_at)
        self.standing = replace(self.standing, breach=breach)

    def retract(self, closing: Closing | None, reason: str, cause: str | None) -> None:
        """The breach does not hold. What an older cycle took over is withdrawn by that alone."""
        breach = self.standing.breach
        settled_at = None if closing is None or reason == OPENED_EARLIER else closing.at
        if reason == OPENED_EARLIER:
            at = self.now if closing is None else closing.at
            after = {"state": "withdrawn", "closing": "withdrawn", "reason": reason, "settled_at": at}
        else:
            after = {"state": "open"}
        self.change(breach=None, noticed_at=None, retracted=self.standing.retracted + 1, **after)
        self.tell(sla.SlaBreachRetracted, cause, settled_at=settled_at, breach=breach, reason=reason)

    def close(self, target: Target, closing: Closing, answered: type[Any]) -> None:
        """Tell what closed it, once that is in its standing: an answer as `answered`, else the event of its kind."""
        if closing.how == "met":
            elapsed = closing.at - target.started_at
            self.tell(
                answered,
                closing.cause,
                settled_at=closing.at,
                working_s=self.standing.working_s,
                elapsed_s=_seconds(elapsed),
            )
        else:
            told = _CLOSED[closing.how]
            self.tell(told, closing.cause, closing.clauses, at=closing.at, reason=closing.reason)
