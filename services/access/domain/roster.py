"""What a line about a person says, as the events that HR would have published."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from services.access.domain.employment import Employment, Stint, begins, ends
from services.access.domain.table import Line
from shared.contracts import Data
from shared.contracts import people as said

__all__ = ["FIRST_STINT", "events_of", "stint_of"]

FIRST_STINT = "1"
"""The stint of somebody of whom none was named."""


def stint_of(line: Line, known: Employment | None, now: datetime) -> Stint | None:
    """The stint that a line means: the one it names, else the last that has begun; None: a new one."""
    stints: Sequence[Stint] = known.stints if known else ()
    if line.values["stint"] is not None:
        return next((stint for stint in stints if stint.id == line.values["stint"]), None)
    begun = [stint for stint in stints if stint.begins <= now]
    return (begun or [*stints[:1]])[-1] if stints else None


def events_of(line: Line, known: Employment | None, zone: ZoneInfo, now: datetime) -> list[Data]:
    """What is new in a line, as events; none where the facts say it already."""
    values: Mapping[str, Any] = line.values
    stint = stint_of(line, known, now)
    found: list[Data] = []
    if stint is None:
        found.append(_began(line, known, zone, now))
    else:
        found += _corrected(line, stint, known, now)
    if values["leave_on"] is not None:
        found += _leaving(line, stint, values["leave_on"], zone)
    return found


def _began(line: Line, known: Employment | None, zone: ZoneInfo, now: datetime) -> Data:
    values = line.values
    kind = said.StaffRehired if known and known.stints else said.StaffJoined
    today = now.astimezone(zone).date()
    starts_on: date = values["starts_on"] or min(today, values["leave_on"] or today)
    return kind(
        person=line.key,
        stint=values["stint"] or FIRST_STINT,
        starts_on=starts_on,
        manager=values["manager"],
        team=values["team"],
    )


def _corrected(line: Line, stint: Stint, known: Employment | None, now: datetime) -> list[Data]:
    """Another beginning of the stint, another manager or team."""
    values = line.values
    assert known is not None
    manager = values["manager"] or known.manager
    moved = manager != known.manager
    team = values["team"] or known.team
    if values["starts_on"] not in (None, stint.starts_on) or (team != known.team and not moved):
        return [
            said.StaffJoined(
                person=line.key,
                stint=stint.id,
                starts_on=values["starts_on"] or stint.starts_on,
                manager=manager,
                team=team,
            )
        ]
    if moved and manager is not None:
        return [said.StaffMoved(person=line.key, manager=manager, team=team, at=now)]
    return []


def _leaving(line: Line, stint: Stint | None, leave_on: date, zone: ZoneInfo) -> list[Data]:
    name = stint.id if stint else line.values["stint"] or FIRST_STINT
    known = [leave for leave in (stint.leave, stint.latest) if leave is not None] if stint else []
    if not known:
        return [said.StaffLeft(person=line.key, stint=name, leave_on=leave_on)]
    if any(begins(leave_on, zone) < leave.at <= ends(leave_on, zone) for leave in known):
        return []
    return [said.LeaveDateChanged(person=line.key, stint=name, leave_on=leave_on)]
