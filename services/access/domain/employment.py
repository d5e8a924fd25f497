"""Fold what was said of a person: stints, the leave of each, manager, suspension. Reads no clock.

Within one aspect (the leave of one stint, the manager, the suspension) facts hold in the order of their times; one with
an older revision than an earlier one has is recorded and ignored. At one instant the leaver wins.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from types import MappingProxyType
from zoneinfo import ZoneInfo

from services.access.domain.facts import Fact

__all__ = ["Employment", "Leave", "Stint", "begins", "employment", "ends"]

EARLIEST = datetime.min.replace(tzinfo=UTC)
LATEST = datetime.max.replace(tzinfo=UTC)
NOBODY_HELD: Mapping[str, datetime] = MappingProxyType({})

LEAVES = frozenset({"staff-left", "leave-date-changed", "leave-cancelled"})
BEGINNINGS = frozenset({"staff-joined", "staff-rehired"})
RANK: Mapping[str, int] = MappingProxyType({"leave-cancelled": 0, "leave-date-changed": 1, "staff-left": 2})
"""What comes first within one instant, so that the leaver has the last word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    """That a stint ends `at`; `known_at` is when that was first taken here, `cause` the event that said it."""

    at: datetime
    known_at: datetime
    cause: str
    story: str
    immediate: bool = False
    manager: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stint:
    """A period of employment, announced by an event of that time. `undoing` are the facts that would undo a leave after its instant had come.

    `latest` is what was said last of leaving, whether or not it came too late.
    """

    id: str
    starts_on: date
    begins: datetime
    announced: datetime
    leave: Leave | None = None
    latest: Leave | None = None
    undoing: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Employment:
    """What the facts come to at one `now`. `unmatched` are those about leaving that no stint covers.

    `next_at` is the next instant at which time alone changes manager, suspension or which stint is in force.
    """

    stints: tuple[Stint, ...]
    unmatched: tuple[Fact, ...]
    manager: str | None
    team: str | None
    suspended: bool
    next_at: datetime | None


def begins(day: date, zone: ZoneInfo) -> datetime:
    """The instant at which a local day begins; the earliest there is for a day that no clock reaches."""
    try:
        return datetime.combine(day, time(), zone).astimezone(UTC)
    except OverflowError:
        return EARLIEST if day.year < 5000 else LATEST


def ends(day: date, zone: ZoneInfo) -> datetime:
    """The instant at which a local day is over; the latest there is for the last day of the calendar."""
    try:
        return begins(day + timedelta(days=1), zone)
    except OverflowError:
        return LATEST


def employment(
    facts: Iterable[Fact], zone: ZoneInfo, now: datetime, held: Mapping[str, datetime] = NOBODY_HELD
) -> Employment:
    """Fold all that is known of one person. Clauses: westward:6.3, 6.4.

    `held`: by stint, until when a leave waited: what had been heard by then did not come too late to undo it.
    """
    known = sorted({(fact.source, fact.id): fact for fact in facts}.values(), key=_order)
    stints = _stints(known, zone)
    leaves, unmatched = _by_stint(known, stints)
    told = [_with_leave(stint, leaves.get(stint.id, ()), zone, held.get(stint.id, EARLIEST)) for stint in stints]
    posts = [fact for fact in known if fact.name in BEGINNINGS or fact.name == "staff-moved"]
    rests = [fact for fact in known if fact.name in ("staff-suspended", "staff-returned")]
    post, rest = _latest(posts, now), _latest(rests, now)
    ahead = [fact.at for fact in (*posts, *rests) if fact.at > now]
    ahead += [stint.begins for stint in stints if stint.begins > now]
    return Employment(
        stints=tuple(told),
        unmatched=tuple(unmatched),
        manager=next((fact.manager for fact in reversed(post) if fact.manager is not None), None),
        team=next((fact.team for fact in reversed(post) if fact.team is not None), None),
        suspended=bool(rest) and rest[-1].name == "staff-suspended",
        next_at=min(ahead, default=None),
    )


def _order(fact: Fact) -> tuple[datetime, int, bool, str, str]:
    return fact.at, RANK.get(fact.name, 0), fact.immediate, fact.id, fact.source


def _in_revision(facts: Iterable[Fact]) -> Iterator[Fact]:
    """Without those whose revision is older than that of one before them."""
    newest: int | None = None
    for fact in facts:
        if fact.revision is not None:
            if newest is not None and fact.revision < newest:
                continue
            newest = fact.revision
        yield fact


def _latest(facts: Sequence[Fact], now: datetime) -> list[Fact]:
    """Those that hold by now, the newest last."""
    return [fact for fact in _in_revision(facts) if fact.at <= now]


def _stints(facts: Iterable[Fact], zone: ZoneInfo) -> list[Stint]:
    """By their beginning; what was said last of a stint's beginning holds."""
    found: dict[str, Stint] = {}
    for fact in facts:
        if fact.name in BEGINNINGS and fact.stint is not None and fact.starts_on is not None:
            first = found.get(fact.stint)
            found[fact.stint] = Stint(
                id=fact.stint,
                starts_on=fact.starts_on,
                begins=begins(fact.starts_on, zone),
                announced=first.announced if first else fact.at,
            )
    return sorted(found.values(), key=lambda stint: (stint.begins, stint.id))


def _by_stint(facts: Iterable[Fact], stints: Sequence[Stint]) -> tuple[dict[str, list[Fact]], list[Fact]]:
    """What is said of leaving, by the stint that it means; a missing one is that in force at the time of the event."""
    known = {stint.id for stint in stints}
    leaves: dict[str, list[Fact]] = defaultdict(list)
    unmatched: list[Fact] = []
    for fact in facts:
        if fact.name not in LEAVES:
            continue
        meant = fact.stint if fact.stint is not None else _in_force(stints, fact.at)
        if meant is not None and meant in known:
            leaves[meant].append(fact)
        elif fact.name != "leave-cancelled":
            unmatched.append(fact)
    return leaves, unmatched


def _in_force(stints: Sequence[Stint], at: datetime) -> str | None:
    """The stint that had begun; one after another only when it had been announced, too.

    Who leaves and is taken on again from the same day has left the stint that was known by then.
    """
    for index in reversed(range(len(stints))):
        stint = stints[index]
        if stint.begins <= at and (index == 0 or stint.announced < at):
            return stint.id
    return None


def _with_leave(stint: Stint, facts: Iterable[Fact], zone: ZoneInfo, held: datetime) -> Stint:
    """The leave that stands, what came too late to undo it, and what was said last."""
    leave: Leave | None = None
    latest: Leave | None = None
    undoing: list[Fact] = []
    for fact in _in_revision(facts):
        gone = leave is not None and leave.at <= fact.at and (leave.immediate or fact.known_at > held)
        said = None if fact.name == "leave-cancelled" else _said(fact, zone)
        latest = said and _replaced(latest, said)
        if leave is None or not gone:
            leave = said and _replaced(leave, said)
        elif fact.immediate:
            leave = replace(leave, immediate=True)
        elif said is None or (fact.name == "leave-date-changed" and said.at > fact.at):
            undoing.append(fact)
    return replace(stint, leave=leave, latest=latest, undoing=tuple(undoing))


def _replaced(leave: Leave | None, said: Leave) -> Leave:
    """What was said anew; the same date again changes nothing but what it adds."""
    if leave is None or leave.at != said.at:
        return replace(said, manager=said.manager or (leave.manager if leave else None))
    return replace(leave, immediate=leave.immediate or said.immediate, manager=said.manager or leave.manager)


def _said(fact: Fact, zone: ZoneInfo) -> Leave:
    """When a fact says that the stint ends: its date, else its own time; `immediate` is at once."""
    at = fact.leave_at or (ends(fact.leave_on, zone) if fact.leave_on is not None else fact.at)
    if fact.immediate:
        at = min(at, fact.at, fact.known_at)
    return Leave(
        at=at,
        known_at=fact.known_at,
        cause=fact.id,
        story=fact.story,
        immediate=fact.immediate,
        manager=fact.manager,
    )
