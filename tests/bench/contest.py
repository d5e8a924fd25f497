"""What a scenario is made of: contestants, what a round gave, what is promised of it."""

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

__all__ = [
    "Column",
    "Contestant",
    "Goal",
    "Job",
    "Measured",
    "Round",
    "Rows",
    "Standing",
    "Wrong",
    "judge",
    "percentile",
]

RATE = "rate"


class Wrong(Exception):
    """A round that shows nothing: rows are missing or differ, or a process failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contestant:
    """One way to do the work. It does it in a process of its own: `run` is `module:function`, see `stopwatch`.

    `settings` are what matters of its settings; `tuned_by` links to the page by which it is tuned ("" for our own and for
    a bare limit). `share` is the part of the work that a slow one does: it is compared by its rate. `quick` says whether
    the short form has it. `given` goes to its process with what `Scenario.arrange` adds.
    """

    name: str
    what: str
    run: str
    settings: str = ""
    tuned_by: str = ""
    share: float = 1.0
    quick: bool = True
    given: dict[str, Any] = field(default_factory=dict)


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What a contestant's process is told: how much to do, with what. `pids` are the servers', by name."""

    contestant: str
    round: int
    count: int
    pids: dict[str, int]
    given: dict[str, Any]


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What a contestant's process says of its round, from `begin` to `end`.

    CPU seconds are of the process itself and of each server; the peak is of its whole life. `figures` are a scenario's own.
    """

    count: int
    seconds: float
    cpu_s: float
    peak_bytes: int
    servers_cpu_s: dict[str, float] = {}
    figures: dict[str, float] = {}
    samples: dict[str, list[float]] = {}
    """Single measurements, for a percentile of all rounds together: one round has too few for a p99."""


@dataclass(frozen=True, slots=True)
class Rows:
    """What a round left behind: how many rows, and a digest of what must be alike for everyone who did as much."""

    count: int
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Round:
    """One round of one contestant."""

    contestant: str
    number: int
    measured: Measured
    rows: Rows

    def figure(self, name: str) -> float:
        """A figure: `rate` is what was done a second, `peak_mib` and `cpu_ms` (a thing) are known of everyone."""
        measured = self.measured
        if name == RATE:
            return measured.count / measured.seconds
        if name == "peak_mib":
            return measured.peak_bytes / 2**20
        if name == "cpu_ms":
            return measured.cpu_s / measured.count * 1000
        return measured.figures[name]


@dataclass(frozen=True, slots=True)
class Column:
    """A figure of the scenario's own in the table: its name, its heading, its format."""

    figure: str
    heading: str
    form: str = ".3g"


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What is promised of the medians of one run: a ratio of two contestants' figures, or without `to` a figure itself.

    The quick form asserts a ratio at half of the goal. What is no ratio is told, and asserted only where `gated` says so:
    a count, a peak of memory or "never" is the same on any machine, so it is the worst round's and gets no slack.
    With `share` the figure is the name of samples, and what is judged that percentile of all rounds' samples together.
    """

    text: str
    of: str
    to: str | None = None
    figure: str = RATE
    to_figure: str | None = None
    at_least: float | None = None
    at_most: float | None = None
    gated: bool = False
    share: float | None = None

    def met(self, value: float, slack: float = 1.0) -> bool:
        """Whether it holds; `slack` 2 is half of the goal."""
        low = self.at_least is None or value >= self.at_least / slack
        return low and (self.at_most is None or value <= self.at_most * slack)

    @property
    def bound(self) -> str:
        """As people write it."""
        low = "" if self.at_least is None else f"≥ {self.at_least:g}"
        high = "" if self.at_most is None else f"≤ {self.at_most:g}"
        return " and ".join(filter(None, (low, high)))


@dataclass(frozen=True, slots=True)
class Standing:
    """A goal and what was measured: of medians, or of the worst round where it is gated, or a percentile of all samples.

    `least` and `most` are of single rounds.
    """

    goal: Goal
    value: float
    least: float
    most: float

    @property
    def met(self) -> bool:
        """Whether the goal holds as it is written."""
        return self.goal.met(self.value)

    @property
    def passes(self) -> bool:
        """Whether the quick form lets it pass: half of the goal."""
        if self.goal.gated:
            return self.met
        return self.goal.to is None or self.goal.met(self.value, slack=2.0)


def judge(goals: Sequence[Goal], rounds: Sequence[Round]) -> list[Standing]:
    """Each goal whose contestants took part. Ratios are of medians; contestants of one round number ran side by side."""
    return [_judge(goal, rounds) for goal in goals if _there(goal, rounds)]


def _there(goal: Goal, rounds: Sequence[Round]) -> bool:
    return {goal.of, goal.to or goal.of} <= {round.contestant for round in rounds}


def _judge(goal: Goal, rounds: Sequence[Round]) -> Standing:
    if goal.share is not None:
        return _judge_samples(goal, goal.share, rounds)
    of = _figures(rounds, goal.of, goal.figure)
    if goal.to is None:
        worst = max if goal.at_least is None else min
        value = worst(of.values()) if goal.gated else statistics.median(of.values())
        return Standing(goal, value, min(of.values()), max(of.values()))
    to = _figures(rounds, goal.to, goal.to_figure or goal.figure)
    pairs = [of[number] / to[number] for number in of.keys() & to.keys()]
    return Standing(goal, statistics.median(of.values()) / statistics.median(to.values()), min(pairs), max(pairs))


def _judge_samples(goal: Goal, share: float, rounds: Sequence[Round]) -> Standing:
    """A percentile of all that was measured one by one, or the ratio of two contestants' percentiles."""
    together, single = _percentiles(goal, share, rounds, goal.of)
    if goal.to is None:
        return Standing(goal, together, min(single.values()), max(single.values()))
    other, others = _percentiles(goal, share, rounds, goal.to)
    pairs = [single[number] / others[number] for number in single.keys() & others.keys()]
    return Standing(goal, together / other, min(pairs), max(pairs))


def _percentiles(goal: Goal, share: float, rounds: Sequence[Round], contestant: str) -> tuple[float, dict[int, float]]:
    """Of all rounds together, and of each."""
    samples = {one.number: one.measured.samples[goal.figure] for one in rounds if one.contestant == contestant}
    together = [value for values in samples.values() for value in values]
    return percentile(together, share), {number: percentile(values, share) for number, values in samples.items()}


def percentile(values: Iterable[float], share: float) -> float:
    """The smallest value that at least this share of them does not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, -(-int(share * len(ordered) * 1000) // 1000) - 1)]


def _figures(rounds: Sequence[Round], contestant: str, figure: str) -> dict[int, float]:
    return {round.number: round.figure(figure) for round in rounds if round.contestant == contestant}


Say = Callable[[str], None]
