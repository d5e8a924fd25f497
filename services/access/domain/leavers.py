"""Bring one person up to date: what their employment comes to at `now`, compared with what was done and told before.

Clauses: westward:6.4, 7.11.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from services.access.domain.cases import Breaker, Cases
from services.access.domain.employment import Employment, Leave, Stint, employment
from services.access.domain.facts import Fact
from services.access.domain.ladder import COMMUNICATIONS, rungs
from services.access.domain.register import Admins, Item, snapshot_of
from services.access.domain.revocation import HELD, Revocation, of_item, open_in, reopen
from services.access.domain.telling import Telling, urgent
from shared.contracts import access
from shared.policy import Packs

__all__ = ["Known", "Line", "Settled", "Standing", "World", "bring_up_in_parts", "held_until"]

T = TypeVar("T")
NEVER = datetime.max.replace(tzinfo=UTC)


class Standing(Struct, frozen=True, kw_only=True, gc=False):
    """A stint as it was last told. `state` is active, leaving or left, and left stays left.

    `hold` is the case of the breaker that keeps the leave from taking effect, `counted_at` when it was counted there.
    `held_until`: when the last was heard that came while it did. It stays, for that a leave did not take effect then.
    """

    id: str
    starts_on: date
    begins: datetime
    state: str = "active"
    leave_at: datetime | None = None
    known_at: datetime | None = None
    cause: str | None = None
    story: str | None = None
    counted_at: datetime | None = None
    hold: str | None = None
    held_until: datetime | None = None
    snapshot: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """All that is known of one person."""

    person: str
    facts: Sequence[Fact]
    standings: Mapping[str, Standing]
    items: Sequence[Item]
    revocations: Sequence[Revocation]


@dataclass(slots=True)
class Line:
    """Who manages whom, and who has left."""

    managers: Mapping[str, str | None]
    gone: set[str]

    def owner(self, leaver: str, manager: str | None) -> str:
        """The manager, or up the tree whoever is there; else Communications. Clause: westward:7.11."""
        seen = {leaver}
        while manager is not None and (manager in seen or manager in self.gone):
            if manager in seen and manager != leaver:
                return COMMUNICATIONS
            seen.add(manager)
            manager = self.managers.get(manager)
            if manager == leaver:
                return COMMUNICATIONS
        return manager or COMMUNICATIONS


@dataclass(slots=True)
class World:
    """What people's accesses share within one organisation and one transaction."""

    packs: Packs
    telling: Telling
    admins: Admins
    line: Line
    cases: Cases
    breaker: Breaker
    new_id: Callable[[], str]

    @property
    def now(self) -> datetime:
        """Policy time."""
        return self.telling.now

    def hold(self) -> str:
        """The open case under which leavers are held; HR and Communications hear of it once."""
        standing = self.cases.standing("leavers-held", None)
        if standing is None:
            standing = self.cases.open("leavers-held", None, self.new_id())
            assert standing is not None
            self.telling.tell(access.LeaversHeld(case=standing.id), ("leaver",))
        return standing.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What to keep of a person. `next_at` is when time alone has something to say, if ever.

    `revocations` are those that changed, but for what was given out part by part before.
    """

    person: str
    employment: Employment
    standings: tuple[Standing, ...]
    revocations: tuple[Revocation, ...]
    next_at: datetime | None


Parts = Generator[list[Revocation], None, T]
"""Gives out revocations that are decided for good, a part at a time, and returns what comes of all at its end."""


def bring_up_in_parts(known: Known, world: World, part: int) -> Parts[Settled]:
    """Decide and tell what follows for one person, giving out removals as soon as so many are decided.

    A leaver may have thousands, and whoever saves these can begin with the first. What was told of them meanwhile is to be
    taken with each part.
    """
    pack = world.packs.at(world.telling.organisation, world.now)
    told = employment(known.facts, pack.tz, world.now, held_until(known.standings, known.facts))
    settling = _Settling(known, world, told, part)
    if told.suspended:
        world.admins.drop(known.person)
    for index, stint in enumerate(told.stints):
        until = told.stints[index + 1].begins if index + 1 < len(told.stints) else NEVER
        yield from settling.stint(stint, until)
    settling.unmatched()
    ahead = [one.leave_at for one in settling.standings if one.state == "leaving" and one.hold is None]
    times = [at for at in (*ahead, told.next_at) if at is not None]
    return Settled(
        person=known.person,
        employment=told,
        standings=tuple(settling.standings),
        revocations=tuple(settling.changed.values()),
        next_at=min(times, default=None),
    )


def held_until(standings: Mapping[str, Standing], facts: Sequence[Fact]) -> dict[str, datetime]:
    """By stint, when the last was heard that came while its leave was held: as long as it is, that is all."""
    waiting = {one.id: _waiting(one, facts).held_until for one in standings.values()}
    return {stint: until for stint, until in waiting.items() if until is not None}


def _waiting(standing: Standing, facts: Sequence[Fact]) -> Standing:
    """As it was told; while it is held nothing comes too late."""
    return standing if standing.hold is None else replace(standing, held_until=max(fact.known_at for fact in facts))


@dataclass(slots=True)
class _Settling:
    known: Known
    world: World
    told: Employment
    part: int
    standings: list[Standing] = field(default_factory=list)
    rows: dict[tuple[str, str, str], Revocation] = field(default_factory=dict)
    changed: dict[str, Revocation] = field(default_factory=dict)
    ladders: dict[tuple[datetime, bool], tuple[str, tuple[datetime, ...]]] = field(default_factory=dict)
    """Policy and rungs by start and urgency: the same for most of what one leaver holds, and working time takes its time."""
    owners: dict[str | None, str] = field(default_factory=dict)
    """Who answers for it, by manager, as long as nobody else is known to have gone."""

    def __post_init__(self) -> None:
        self.rows = {(one.stint, *one.key): one for one in self.known.revocations}

    def stint(self, stint: Stint, until: datetime) -> Parts[None]:
        """One stint; `until` is when the next one begins: what was given from then on belongs to that one."""
        fresh = Standing(id=stint.id, starts_on=stint.starts_on, begins=stint.begins)
        was = _waiting(self.known.standings.get(stint.id, fresh), self.known.facts)
        was = replace(was, starts_on=stint.starts_on, begins=stint.begins)
        leave = stint.leave
        if was.state == "left":
            now = was
            yield from self._remove(now, self._items(stint.id, until), appeared=True)
        elif leave is None:
            self._cancel(stint.id)
            now = replace(fresh, held_until=was.held_until)
        else:
            now = yield from self._leaving(was, leave, until)
        if now.state == "left":
            self._reinstatement(stint)
            if stint is self.told.stints[-1]:
                self.world.line.gone.add(self.known.person)
                self.owners.clear()
        self.standings.append(now)

    def _leaving(self, was: Standing, leave: Leave, until: datetime) -> Parts[Standing]:
        """A leave that stands: planned, held back or carried out."""
        said = replace(was, leave_at=leave.at, known_at=leave.known_at, cause=leave.cause, story=leave.story)
        said = self._counted(said, leave)
        items = self._items(said.id, until)
        if said.hold is not None:
            self._stand_down(said)
        if leave.at > self.world.now or said.hold is not None:
            self._plan(said, leave, items)
            now = replace(said, state="leaving", snapshot=snapshot_of(items))
            if leave.at > self.world.now and (was.state != "leaving" or was.leave_at != leave.at):
                self._summary(access.LeaverPlanned, now, len(items), 0)
            return now
        now = replace(said, state="left", snapshot=snapshot_of(items))
        held = yield from self._remove(now, items, manager=leave.manager)
        self._summary(access.LeaverProcessed, now, len(items), held)
        return now

    def _stand_down(self, said: Standing) -> None:
        """Whose stint in force ends administers nothing; by the end of an earlier one, only what it gave is lost."""
        begun = [stint.id for stint in self.told.stints if stint.begins <= self.world.now]
        if said.id == (begun[-1] if begun else self.told.stints[0].id):
            self.world.admins.drop(self.known.person)

    def _counted(self, said: Standing, leave: Leave) -> Standing:
        """Past the breaker, or held by it."""
        breaker, tripped = self.world.breaker, False
        if said.counted_at is None and breaker.counts(leave.at, leave.known_at):
            said = replace(said, counted_at=leave.known_at)
            tripped = breaker.trips(leave.known_at)
        if leave.immediate:
            return replace(said, hold=None)
        if tripped:
            return _waiting(replace(said, hold=self.world.hold()), self.known.facts)
        return said

    def _items(self, stint: str, until: datetime) -> list[Item]:
        """What the stint gave and no other stint's revocation is taking away already."""
        elsewhere = open_in(one for one in self.rows.values() if one.stint != stint)
        return [item for item in self.known.items if item.since < until and (item.kind, item.id) not in elsewhere]

    def _plan(self, said: Standing, leave: Leave, items: Sequence[Item]) -> None:
        """Write down what will be removed; nothing is told of each yet, and who answers for it is settled then."""
        for item in items:
            row = self.rows.get((said.id, item.kind, item.id))
            if row is None or row.state in ("planned", "cancelled"):
                planned = self._opened(said, item, row, "planned", leave.known_at, leave.manager)
                if row is None or replace(planned, owner=row.owner) != row:
                    self._put(planned)
        self._cancel(said.id, keep={(item.kind, item.id) for item in items})

    def _remove(
        self, said: Standing, items: Sequence[Item], *, manager: str | None = None, appeared: bool = False
    ) -> Parts[int]:
        """Request every removal that is not under way; how many are held. `appeared`: after the leaving."""
        self._stand_down(said)
        for item in items:
            if len(self.changed) >= self.part:
                decided, self.changed = self.changed, {}
                yield list(decided.values())
            row = self.rows.get((said.id, item.kind, item.id))
            if item.administers and (row is None or not row.open):
                self.world.admins.drop(self.known.person, item.site)
            if row is not None and row.state == "confirmed":
                again = reopen(row)
                self._put(again)
                self.world.telling.step(access.AccessReappeared, again)
            elif row is None or row.state in ("planned", "cancelled"):
                known_at = self.world.now if appeared or said.known_at is None else said.known_at
                held = item.administers and not self.world.admins.suffice(item.site)
                opened = self._opened(said, item, row, HELD if held else "requested", known_at, manager)
                self._put(opened)
                self.world.telling.requested(opened)
        self._cancel(said.id, keep={(item.kind, item.id) for item in items})
        return sum(1 for row in self.rows.values() if row.stint == said.id and row.state == HELD)

    def _opened(
        self, said: Standing, item: Item, row: Revocation | None, state: str, known_at: datetime, manager: str | None
    ) -> Revocation:
        assert said.leave_at is not None
        start = max(said.leave_at, known_at)
        policy, levels = self._ladder(start, urgent(item))
        return of_item(
            item,
            id=row.id if row is not None else self.world.new_id(),
            person=self.known.person,
            stint=said.id,
            leave_at=said.leave_at,
            known_at=known_at,
            levels=levels,
            policy=policy,
            owner=self._owner(manager or self.told.manager),
            state=state,
            story=said.story or "",
            cause=said.cause or "",
        )

    def _owner(self, manager: str | None) -> str:
        owner = self.owners.get(manager)
        if owner is None:
            owner = self.owners[manager] = self.world.line.owner(self.known.person, manager)
        return owner

    def _ladder(self, start: datetime, administrator: bool) -> tuple[str, tuple[datetime, ...]]:
        known = self.ladders.get((start, administrator))
        if known is None:
            pack = self.world.packs.at(self.world.telling.organisation, start)
            known = self.ladders[start, administrator] = pack.policy, rungs(pack, start, administrator=administrator)
        return known

    def _cancel(self, stint: str, keep: set[tuple[str, str]] | None = None) -> None:
        """Planned removals that are not due any more; they stay in the history."""
        for row in list(self.rows.values()):
            if row.stint == stint and row.state == "planned" and row.key not in (keep or ()):
                cancelled = replace(row, state="cancelled")
                self._put(cancelled)
                self.world.telling.step(access.RevocationCancelled, cancelled)

    def _reinstatement(self, stint: Stint) -> None:
        """Whoever has left is said to stay: nothing comes back without a decision."""
        subjects = [f"{fact.source}|{fact.id}" for fact in stint.undoing]
        if not subjects and (stint.leave is None or stint.leave.at > self.world.now):
            subjects = [f"{stint.id}|{stint.leave.at.isoformat() if stint.leave else 'stays'}"]
        for subject in subjects:
            case = self.world.cases.open("reinstatement-requested", self.known.person, subject)
            if case is not None:
                self.world.telling.tell(
                    access.ReinstatementRequested(case=case.id, person=self.known.person), ("leaver",)
                )

    def unmatched(self) -> None:
        """A leaver whom no stint covers is asked about, and counts as one."""
        if not self.told.unmatched:
            self.world.cases.close("leaver-unmatched", self.known.person, "applied")
        candidates = 1 if self.told.stints else 0
        for fact in self.told.unmatched:
            said = fact.leave_at or fact.leave_on or fact.at
            subject = f"{fact.stint or ''}|{said.isoformat()}"
            case = self.world.cases.open("leaver-unmatched", self.known.person, subject, candidates)
            if case is not None:
                self.world.breaker.trips(fact.known_at)
                data = access.LeaverUnmatched(case=case.id, person=self.known.person, candidates=candidates)
                self.world.telling.tell(data, ("leaver",), fact.story, fact.id)

    def _summary(self, kind: type[access.LeaverSummary], said: Standing, count: int, held: int) -> None:
        leave_at: Any = said.leave_at
        data = kind(
            person=self.known.person,
            stint=said.id,
            leave_at=leave_at,
            revocations=count,
            held=held,
            snapshot=said.snapshot or snapshot_of(()),
        )
        self.world.telling.tell(data, ("leaver",), said.story, said.cause)

    def _put(self, one: Revocation) -> None:
        self.rows[(one.stint, *one.key)] = one
        self.changed[one.id] = one
