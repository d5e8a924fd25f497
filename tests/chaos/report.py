"""What a run comes to, for people: each kind of fault, how often it struck and counted, and the verdict."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tests.bench.contest import percentile
from tests.chaos.checker import Finding, check, counts, in_flight, lags, waited
from tests.chaos.history import History

__all__ = ["Report", "report"]

PROMISES = ("P1", "P2", "P3", "P4", "P5", "P6")
LATE_S = 1.0
"""P5: a deadline is told within this at p99, while the database is up."""


@dataclass(frozen=True, slots=True)
class Report:
    """A fault counts only if work that it interrupts was in flight when it struck."""

    struck: Counter[str]
    counted: Counter[str]
    least: dict[str, int]
    """By kind, the least work in flight at a fault that counted."""
    amounts: dict[str, int]
    findings: Sequence[Finding]
    lags: Sequence[float]
    """Of the deadlines that passed when nothing was broken any more, in seconds."""
    budgets: Sequence[str]
    """How much the doors accepted each time before they refused, for people."""

    @property
    def late(self) -> bool:
        """Whether they were told later than P5 says. A time on the clock: a busy machine's tests tell it and do not judge."""
        return bool(self.lags) and percentile(self.lags, 0.99) > LATE_S

    def lines(self) -> list[str]:
        """As a table in Markdown, and below it how much there was and what was found."""
        rows = [
            f"| {kind} | {self.struck[kind]} | {self.counted[kind]} | {self.least.get(kind, 0)} |"
            for kind in sorted(self.struck)
        ]
        broken = Counter(one.promise for one in self.findings)
        verdict = ", ".join(f"{promise} {'broken' if broken[promise] else 'held'}" for promise in PROMISES)
        return [
            "| fault | struck | counted | in flight at the least |",
            "|---|---|---|---|",
            *rows,
            f"| all | {self.struck.total()} | {self.counted.total()} | |",
            "",
            ", ".join(f"{number} {what}" for what, number in self.amounts.items()),
            *self.budgets,
            self._deadlines(),
            verdict,
            *(f"{one.promise} {one.anomaly}: {one.of}: {one.detail}" for one in self.findings),
        ]

    def _deadlines(self) -> str:
        if not self.lags:
            return "no deadline passed after the last fault"
        half, most = (percentile(self.lags, share) for share in (0.5, 0.99))
        return (
            f"{len(self.lags)} deadlines passed after the last fault: told {half:.2f} s later in the middle, {most:.2f} s at p99 "
            f"(P5: ≤ {LATE_S:g} s, {'missed' if self.late else 'met'})"
        )


def report(history: History) -> Report:
    """Judge a history, and count its faults."""
    struck, counted, least = Counter[str](), Counter[str](), dict[str, int]()
    for fault in history.struck:
        struck[fault.kind] += 1
        flying = in_flight(history, fault)
        if flying:
            counted[fault.kind] += 1
            least[fault.kind] = min(flying, least.get(fault.kind, flying))
    return Report(struck, counted, least, counts(history), check(history), lags(history), _budgets(history))


def _budgets(history: History) -> list[str]:
    return [
        f"of {spent.budget} events that may wait for Kafka, {bounds[0]} or more did when the doors still found room, "
        f"and {bounds[1]} or fewer when they refused"
        for spent, bounds in waited(history)
        if bounds is not None
    ]
