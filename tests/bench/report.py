"""The results: `results.json` with every round, and `RESULTS.md`, which is made from it."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from tests.bench.contest import Column, Contestant, Round, Standing
from tests.bench.harness import Outcome
from tests.bench.host import Host

__all__ = ["FOLDER", "Section", "read", "section", "table", "write"]

FOLDER = Path(__file__).parent
FINDINGS = FOLDER / "findings"
HEAD = """# How fast it is

Made by `make bench` from `results.json`, as it came out; what was tried and what limits it now is in `findings/`. Each
contestant ran in turn with the others, in a process of its own. Figures are medians of the rounds, in brackets the least
and the most; a goal is judged by the ratio of medians, in brackets the ratios of single rounds. CPU is that of the
contestant's process, and beside it PostgreSQL's and Kafka's, in seconds for 1,000 {units}.
"""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One contestant."""

    name: str
    what: str
    settings: str
    tuned_by: str
    count: int
    rows: int
    figures: dict[str, list[float]]
    """By name, a value a round."""


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """One goal."""

    text: str
    bound: str
    value: float
    least: float
    most: float
    met: bool


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """One scenario, as it came out."""

    title: str
    work: str
    unit: str
    rounds: int
    host: Host
    columns: list[tuple[str, str, str]]
    lines: list[Line]
    goals: list[Judged]
    appendix: str = ""
    failed: str = ""
    """Why there are no figures: the run failed in this scenario."""


def section(outcome: Outcome, host: Host) -> Section:
    """What is kept of a run."""
    scenario = outcome.scenario
    return Section(
        title=scenario.title,
        work=scenario.work,
        unit=scenario.unit,
        rounds=outcome.plan.turns(scenario),
        host=host,
        columns=[(column.figure, column.heading, column.form) for column in scenario.columns],
        lines=[
            _line(contestant, [one for one in outcome.rounds if one.contestant == contestant.name], scenario.columns)
            for contestant in ([] if outcome.fault else outcome.plan.contestants(scenario))
        ],
        goals=[_judged(standing) for standing in outcome.standings],
        appendix=outcome.appendix,
        failed=outcome.fault,
    )


def _line(contestant: Contestant, rounds: Sequence[Round], columns: Sequence[Column]) -> Line:
    figures = {name: [one.figure(name) for one in rounds] for name in ("rate", "peak_mib")}
    figures["cpu_s"] = [one.measured.cpu_s / one.measured.count * 1000 for one in rounds]
    for server in ("postgres", "kafka"):
        figures[f"{server}_cpu_s"] = [
            one.measured.servers_cpu_s.get(server, 0.0) / one.measured.count * 1000 for one in rounds
        ]
    for column in columns:
        if all(column.figure in one.measured.figures for one in rounds):
            figures[column.figure] = [one.figure(column.figure) for one in rounds]
    return Line(
        name=contestant.name,
        what=contestant.what,
        settings=contestant.settings,
        tuned_by=contestant.tuned_by,
        count=rounds[-1].measured.count,
        rows=rounds[-1].rows.count,
        figures=figures,
    )


def _judged(standing: Standing) -> Judged:
    goal = standing.goal
    return Judged(
        text=goal.text,
        bound=goal.bound,
        value=standing.value,
        least=standing.least,
        most=standing.most,
        met=standing.met,
    )


def read(folder: Path = FOLDER) -> dict[str, Section]:
    """The results as they are kept, by scenario."""
    file = folder / "results.json"
    return msgspec.json.decode(file.read_bytes(), type=dict[str, Section]) if file.exists() else {}


def write(sections: Mapping[str, Section], folder: Path = FOLDER, findings: Path = FINDINGS) -> None:
    """Keep the results, and write them for people."""
    (folder / "results.json").write_bytes(msgspec.json.format(msgspec.json.encode(sections), indent=1) + b"\n")
    parts = [HEAD.format(units="of what is counted"), *_overview(sections.values())]
    for name, one in sections.items():
        note = findings / f"{name}.md"
        parts.append(_markdown(one, note.read_text() if note.exists() else ""))
    (folder / "RESULTS.md").write_text("\n".join(parts))


def _overview(sections: Iterable[Section]) -> list[str]:
    """Each scenario in a row: what of its goals is met, or that it failed."""
    rows = ["| | rounds | goals met | missed |", "|---|--:|--:|---|"]
    for one in sections:
        missed = "; ".join(goal.text for goal in one.goals if not goal.met)
        met = f"{sum(goal.met for goal in one.goals)} of {len(one.goals)}" if one.goals else "none set"
        rows.append(
            f"| {one.title} | " + (f"{one.rounds} | {met} | {missed} |" if not one.failed else "| | **failed** |")
        )
    return ["\n".join(rows) + "\n"]


def _markdown(one: Section, findings: str) -> str:
    lines = [f"## {one.title}", "", one.work, "", *(f"- {fact}" for fact in one.host.lines()), ""]
    lines += [f"**Failed**, so that there are no figures: {one.failed}" if one.failed else "\n".join(table(one)), ""]
    if one.goals:
        lines += ["| goal | bound | measured | |", "|---|---|---|---|"]
        lines += [
            f"| {goal.text} | {goal.bound} | {goal.value:.3g} ({goal.least:.3g}–{goal.most:.3g}) "
            f"| {'met' if goal.met else '**missed**'} |"
            for goal in one.goals
        ]
        lines.append("")
    for contestant in one.lines:
        tuned = f" Tuned by [its documentation]({contestant.tuned_by})." if contestant.tuned_by else ""
        settings = f" Settings: {contestant.settings}." if contestant.settings else ""
        lines.append(f"- **{contestant.name}**: {contestant.what}.{settings}{tuned}")
    lines.append("")
    lines += [part.rstrip() + "\n" for part in (one.appendix, findings) if part]
    return "\n".join(lines)


def table(one: Section) -> list[str]:
    """Its contestants, as rows of Markdown."""
    own = [column for column in one.columns if any(column[0] in line.figures for line in one.lines)]
    headings = [
        "contestant", f"{one.unit} a round", f"{one.unit}/s", *(heading for _, heading, _ in own),
        "CPU s", "PostgreSQL", "Kafka", "peak MiB", "rows",
    ]  # fmt: skip
    rows = [f"| {' | '.join(headings)} |", f"|---{'|--:' * (len(headings) - 1)}|"]
    for line in one.lines:
        cells = [line.name, f"{line.count:,}", _spread(line.figures["rate"], ",.0f" if _large(line) else ",.3g")]
        cells += [_spread(line.figures.get(figure, []), form) for figure, _, form in own]
        cells += [f"{_median(line.figures[name]):.3g}" for name in ("cpu_s", "postgres_cpu_s", "kafka_cpu_s")]
        cells += [f"{max(line.figures['peak_mib']):.0f}", f"{line.rows:,}"]
        rows.append(f"| {' | '.join(cells)} |")
    return rows


def _large(line: Line) -> bool:
    return _median(line.figures["rate"]) >= 100


def _median(values: Sequence[float]) -> float:
    return statistics.median(values)


def _spread(values: Sequence[float], form: str) -> str:
    if not values:
        return ""
    return f"{_median(values):{form}} ({min(values):{form}}–{max(values):{form}})"
