"""Response rules: to which messages a duty applies, by when it is due, and how that was counted."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from pydantic import Field, StringConstraints

from shared.policy.hours import Closure, Hours, WorkingTime
from shared.policy.sections import Clauses, Section
from shared.policy.spans import Offset, OffsetText, Span, SpanText
from shared.policy.words import MESSAGE_KINDS, WEEKDAYS, Clock, Flag, MessageKind, TargetKind, Visibility, Weekday
from shared.policy.working import Working, describe
from shared.worktime import AtClose, Calendar

__all__ = ["Rule", "RuleSpec"]

_NONE: timedelta = timedelta()


class RuleSpec(Section):
    """A response rule as written.

    It applies to the message kinds of `messages`, to those of `flagged` with one of their flags, and to every kind
    with a flag of `any_flagged`; only to this `visibility` and to messages posted on these local `weekdays`, if given.
    """

    id: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*$", max_length=60)]
    kind: TargetKind
    clauses: Clauses
    assumed: str = ""
    messages: tuple[MessageKind, ...] = ()
    flagged: dict[MessageKind, tuple[Flag, ...]] = Field(default_factory=dict)
    any_flagged: tuple[Flag, ...] = ()
    visibility: Visibility | None = None
    weekdays: tuple[Weekday, ...] = ()
    clock: Clock
    span: SpanText
    warn: tuple[OffsetText, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """A response rule with the calendar in which it counts. Instants are aware datetimes, results are in UTC.

    `closures` are those that count for the target in hand, whatever decides that; a closure only ever takes open time
    away.
    """

    id: str
    kind: TargetKind
    message_kinds: frozenset[str]
    flags: Mapping[str, frozenset[str]]
    visibility: Visibility | None
    weekdays: frozenset[int] | None
    clauses: tuple[str, ...]
    clock: Clock
    span: Span
    warn: tuple[Offset, ...]
    assumed: str
    at_close: AtClose
    zone: ZoneInfo
    hours: Hours
    time: WorkingTime
    length: timedelta
    steps: tuple[timedelta, ...]
    """The open time until it is due and until each warning, where both are spans from the start; else none."""

    @classmethod
    def of(cls, spec: RuleSpec, hours: Hours, at_close: AtClose) -> Self:
        """The rule of a spec, counted in the calendars of its pack."""
        flags: dict[str, frozenset[str]] = {kind: frozenset(needed) for kind, needed in spec.flagged.items()}
        if spec.any_flagged:
            flags = {kind: flags.get(kind, frozenset()).union(spec.any_flagged) for kind in MESSAGE_KINDS}
        time = hours.people if spec.clock == "hours" else hours.dates
        length = spec.span.on(time.base.nominal_day)
        return cls(
            id=spec.id,
            kind=spec.kind,
            message_kinds=frozenset(spec.messages),
            flags=MappingProxyType(flags),
            visibility=spec.visibility,
            weekdays=frozenset(WEEKDAYS.index(day) for day in spec.weekdays) if spec.weekdays else None,
            clauses=spec.clauses,
            clock=spec.clock,
            span=spec.span,
            warn=spec.warn,
            assumed=spec.assumed,
            at_close=at_close,
            zone=hours.zone,
            hours=hours,
            time=time,
            length=length,
            steps=_steps(spec, length),
        )

    def applies(self, message_kind: str, flags: Collection[str], visibility: str, posted_on: date) -> bool:
        """Whether a message of this kind, with these flags, posted on this local date, comes under the rule."""
        return self.holds_on(posted_on) and self.takes(message_kind, flags, visibility)

    def takes(self, message_kind: str, flags: Collection[str], visibility: str) -> bool:
        """Whether it is for messages like this one, on days on which it holds."""
        if self.visibility not in (None, visibility):
            return False
        if message_kind in self.message_kinds:
            return True
        needed = self.flags.get(message_kind)
        return needed is not None and not needed.isdisjoint(flags)

    def holds_at(self, posted_at: datetime) -> bool:
        """Whether the rule is for messages of this instant's local weekday."""
        return self.weekdays is None or self.holds_on(posted_at.astimezone(self.zone).date())

    def holds_on(self, posted_on: date) -> bool:
        """Whether the rule is for messages of this local date's weekday."""
        return self.weekdays is None or posted_on.weekday() in self.weekdays

    def calendar(self, closures: Sequence[Closure] = ()) -> Calendar:
        """The calendar in which the rule counts: opening hours, or working dates from midnight to midnight."""
        return self.time.calendar(closures)

    def due(self, started_at: datetime, closures: Sequence[Closure] = ()) -> datetime:
        """The last instant that is still in time."""
        calendar = self.time.calendar(closures)
        if self.clock != "end-of-working-day":
            return calendar.due(started_at, self.length, self.at_close)
        received_on = started_at.astimezone(self.zone).date()
        return calendar.end_of_working_day(calendar.add_working_days(received_on, self.span.whole_days or 0))

    def warn_at(self, started_at: datetime, due_at: datetime, closures: Sequence[Closure] = ()) -> tuple[datetime, ...]:
        """When to warn, in order: whatever of the rule's offsets falls after the start and before the due time."""
        calendar = self.time.calendar(closures)
        span = calendar.elapsed(started_at, due_at)
        found = {self._offset(offset, calendar, started_at, due_at, span) for offset in self.warn}
        return tuple(sorted(at for at in found if at is not None and started_at < at < due_at))

    def deadline(self, started_at: datetime, closures: Sequence[Closure] = ()) -> tuple[datetime, tuple[datetime, ...]]:
        """`due` and its `warn_at`, in half of their time where all are spans from the start."""
        if not self.steps:
            due_at = self.due(started_at, closures)
            return due_at, self.warn_at(started_at, due_at, closures)
        due_at, *warnings = self.time.calendar(closures).due_each(started_at, self.steps, self.at_close)
        return due_at, tuple(sorted({at for at in warnings if started_at < at < due_at}))

    def working(self, started_at: datetime, end: datetime, closures: Sequence[Closure] = ()) -> timedelta:
        """The working time between two instants, as this rule counts it; ValueError when `end` is the earlier."""
        return self.time.calendar(closures).elapsed(started_at, end)

    def explain(self, started_at: datetime, closures: Sequence[Closure] = ()) -> list[Working]:
        """The spans that were counted up to the due time, in order, each with its reason in words."""
        until = self.due(started_at, closures)
        windows = self.time.calendar(closures).windows(started_at, until) if started_at < until else []
        days = (self.span.whole_days or 0) if self.clock == "end-of-working-day" else None
        name = "opening hours" if self.clock == "hours" else "working date"
        return describe(windows, started_at, name, days, self.hours, closures)

    def _offset(
        self, offset: Offset, calendar: Calendar, started_at: datetime, due_at: datetime, span: timedelta
    ) -> datetime | None:
        if offset.at is not None:
            closes_on = calendar.working_date_of(due_at)
            return datetime.combine(closes_on, offset.at, self.zone).astimezone(UTC)
        passed = span / 2 if offset.before is None else span - offset.before
        return calendar.due(started_at, passed, self.at_close) if passed > _NONE else None


def _steps(spec: RuleSpec, length: timedelta) -> tuple[timedelta, ...]:
    """As `Rule.steps` has them. The open time from a start until what is due after a span of it is that span."""
    if spec.clock == "end-of-working-day" or any(offset.at is not None for offset in spec.warn):
        return ()
    passed = [length / 2 if offset.before is None else length - offset.before for offset in spec.warn]
    return (length, *(span for span in passed if span > _NONE))
