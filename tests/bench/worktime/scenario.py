"""Deadline arithmetic: the same hours, holidays and starts, against two kept libraries that can count hours."""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import msgspec

from tests.bench.contest import Column, Contestant, Goal, Job, Measured, Rows, Wrong
from tests.bench.harness import Scenario
from tests.bench.stopwatch import Stopwatch
from tests.bench.worktime.ways import CASES, DAY, LONDON, WAYS, starts, taken

__all__ = ["Worktime", "reckon"]

SPANS = (timedelta(hours=4), timedelta(hours=36))
"""Half a working day, and four and a half: half of the deadlines each. Whole days would end at closing time."""
RECKON = "tests.bench.worktime.scenario:reckon"
SLOW = 0.01


async def reckon(watch: Stopwatch, job: Job) -> None:
    """A round: every deadline of both spans, one by one; what came out goes to a file."""
    name = job.given["way"]
    instants = [taken(name, start) for start in starts(job.count // 2)]
    ways = [WAYS[name](DAY, span) for span in SPANS]
    for way in ways:
        way(instants[0])
    watch.begin()
    found = [[way(start) for start in instants] for way in ways]
    watch.end(sum(map(len, found)))
    assert watch.measured is not None
    watch.figure("microseconds", watch.measured.seconds / watch.measured.count * 1e6)
    answers = [instant.isoformat() for dues in found for instant in dues]
    Path(job.given["answers"]).write_bytes(msgspec.json.encode(answers))


class Worktime(Scenario):
    """See the module."""

    name = "worktime"
    title = "Deadline arithmetic"
    work = (
        "The instant at which a span of working time is over: half a working day and four and a half, Monday to Friday 09:00-17:00 in "
        "London without England's bank holidays, from starts spread over a year. All give the same answers here; where "
        "they do not is below."
    )
    unit = "deadlines"
    size = 100_000
    quick_size = 20_000
    contestants: ClassVar = (
        Contestant(name="ours", what="`shared.worktime`", run=RECKON, given={"way": "ours"}),
        Contestant(
            name="businesstimedelta", what="the best known library for it", run=RECKON, share=SLOW,
            given={"way": "businesstimedelta"}, settings="one rule and one of holidays, made once",
            tuned_by="https://github.com/seatgeek/businesstimedelta#readme",
        ),
        Contestant(
            name="pandas", what="pandas' CustomBusinessHour, on timestamps that are made before", run=RECKON, share=SLOW, quick=False,
            given={"way": "pandas"}, settings="one offset with its holidays, made once",
            tuned_by="https://pandas.pydata.org/docs/reference/api/pandas.tseries.offsets.CustomBusinessHour.html",
        ),
    )  # fmt: skip
    goals: ClassVar = (
        Goal(text="against businesstimedelta", of="ours", to="businesstimedelta", at_least=100),
        Goal(text="against pandas", of="ours", to="pandas", at_least=100),
        Goal(text="a deadline, µs", of="ours", figure="microseconds", at_most=5),
    )
    columns: ClassVar = (Column("microseconds", "µs each", ".3g"),)

    async def arrange(self, contestant: Contestant, count: int) -> dict[str, Any]:
        """Where the answers go."""
        return {"answers": str(self.servers.place / f"worktime-{contestant.name}.json")}

    async def check(self, contestant: Contestant, count: int, given: Mapping[str, Any], measured: Measured) -> Rows:
        """Each answer, against ours."""
        found = [datetime.fromisoformat(one) for one in msgspec.json.decode(Path(given["answers"]).read_bytes())]
        dues = [WAYS["ours"](DAY, span) for span in SPANS]
        wanted = [due(start) for due in dues for start in starts(count // 2)]
        if found != wanted:
            wrong = sum(one != other for one, other in zip(found, wanted, strict=True))
            raise Wrong(f"{contestant.name} gives {wrong} of {len(wanted)} other answers")
        digest = hashlib.sha256("".join(one.astimezone(LONDON).isoformat() for one in found).encode()).hexdigest()
        return Rows(len(found), digest[:12])

    async def appendix(self) -> str:
        """The cases in which they do not agree."""
        names = list(WAYS)
        lines = [
            "Where they do not agree (a due time at closing is a convention; the other differences are errors or gaps):",
            "",
            f"| case | start | span | {' | '.join(names)} |",
            f"|---|---|---|{'---|' * len(names)}",
        ]
        for what, hours, start, span in CASES:
            opening = f"{what}, {hours.opens}-{hours.closes}"
            answers = " | ".join(_answer(name, hours, start, span) for name in names)
            lines.append(f"| {opening} | {_said(start)} | {span} | {answers} |")
        return "\n".join(lines)


def _answer(name: str, hours: Any, start: datetime, span: timedelta) -> str:
    try:
        return _said(WAYS[name](hours, span)(taken(name, start)))
    except ValueError:
        return "cannot"


def _said(instant: Any) -> str:
    return f"{instant.astimezone(LONDON):%a %d %b %H:%M %Z}"
