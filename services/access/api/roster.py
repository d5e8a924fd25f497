"""Taking a table of people: profiles are kept here, everything else becomes the events that HR would have published."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from services.access.domain import FACTS, SOURCE, Cases, Employment, employment, held_until
from services.access.domain.imports import cycles, leave_dates
from services.access.domain.roster import events_of, stint_of
from services.access.domain.table import Line, Table
from services.access.store import cases, entries, journal, people, register
from services.access.store.locks import hold
from services.access.store.settling import settle, telling_of
from shared.bus.tx import Tx
from shared.contracts import Data, Event
from shared.contracts.access import LeaverUnannounced
from shared.contracts.event import event_of
from shared.platform.auth import Principal
from shared.platform.ids import uuid7
from shared.policy import Packs

__all__ = ["Roster"]

PROFILE = ("name", "work_email", "roles")


@dataclass(slots=True)
class Roster:
    """One table of people, in one transaction that holds the organisation's row."""

    tx: Tx
    packs: Packs
    keeper: Principal
    table: Table
    profiles: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    known: dict[str, Employment] = field(default_factory=dict)

    @property
    def lines(self) -> Sequence[Line]:
        """Those that have a key of their own."""
        return self.table.lines

    @property
    def organisation(self) -> str:
        """Whose people they are."""
        return self.keeper.organisation

    async def take(self, *, everybody: bool, dry_run: bool) -> dict[str, int]:
        """Check, compare and, unless it is a dry run, write. Raises Refused."""
        await self._load()
        await self._check()
        said = {line.key: self._news(line) for line in self.lines}
        created = [line for line in self.lines if line.key not in self.profiles]
        changed = [
            line for line in self.lines if line.key in self.profiles and (said[line.key] or self._profile_differs(line))
        ]
        named = {line.key for line in self.lines}
        missing = []
        if everybody:
            missing = [one for one in await people.employed(self.tx, self.organisation) if one not in named]
        if not dry_run:
            await self._write([*created, *changed], said, missing, everybody)
        return {
            "created": len(created),
            "changed": len(changed),
            "unchanged": len(self.lines) - len(created) - len(changed),
            "missing": len(missing),
        }

    async def _load(self) -> None:
        ids = [line.key for line in self.lines]
        self.profiles = await people.profiles(self.tx, self.organisation, ids)
        zone = self.packs.at(self.organisation, self.tx.now).tz
        standings = await register.standings_of(self.tx, self.organisation, ids)
        for person, facts in (await journal.facts_of(self.tx, self.organisation, ids)).items():
            self.known[person] = employment(facts, zone, self.tx.now, held_until(standings.get(person, {}), facts))

    async def _check(self) -> None:
        starts: dict[str, date] = {}
        for line in self.lines:
            stint = stint_of(line, self.known.get(line.key), self.tx.now)
            if stint is not None:
                starts[line.key] = stint.starts_on
        faults = leave_dates(self.lines, starts)
        faults += cycles(self.lines, await people.managers_of(self.tx, self.organisation))
        self.table.refuse(faults)

    def _news(self, line: Line) -> list[Data]:
        zone = self.packs.at(self.organisation, self.tx.now).tz
        return events_of(line, self.known.get(line.key), zone, self.tx.now)

    def _profile_differs(self, line: Line) -> bool:
        entry = self.profiles[line.key]
        return any(line.values[name] and line.values[name] != entry[name] for name in PROFILE)

    async def _write(
        self, lines: Sequence[Line], said: Mapping[str, list[Data]], missing: Sequence[str], everybody: bool
    ) -> None:
        tx, organisation = self.tx, self.organisation
        telling = telling_of(tx, self.packs, organisation)
        rows = [{"person": line.key} | {name: line.values[name] for name in PROFILE} for line in lines]
        await people.save_profiles(tx, organisation, rows)
        entered = [(line.key, {n: value for n, value in line.values.items() if value is not None}) for line in lines]
        await entries.remember(tx, organisation, "people", self.keeper.person, entered)
        events = [self._event(data, telling.clauses("register")) for line in lines for data in said[line.key]]
        hold(tx, organisation, {event.key for event in events}, "people")
        tx.emit(*events)
        if everybody:
            open_cases = Cases.of(
                await cases.about(tx, organisation, [*missing, *(line.key for line in self.lines)]), tx.now, uuid7
            )
            for line in self.lines:
                open_cases.close("leaver-unannounced", line.key, "reappeared")
            for person in missing:
                case = open_cases.open("leaver-unannounced", person, tx.now.isoformat())
                if case is not None:
                    telling.tell(LeaverUnannounced(case=case.id, person=person), ("roster",))
            await cases.save(tx, organisation, open_cases.changed.values())
        facts = [(event.key, FACTS[event.name](event, event.data, tx.now)) for event in events]
        await settle(tx, self.packs, organisation, [person for person, _ in facts], facts, telling)

    def _event(self, data: Data, clauses: tuple[str, ...]) -> Event:
        pack = self.packs.at(self.organisation, self.tx.now)
        return event_of(
            data,
            id=uuid7(),
            source=SOURCE,
            organisation=self.organisation,
            time=self.tx.now,
            clauses=clauses,
            mode="observe" if pack.mode == "observe" else None,
        )
