"""What a run comes to, for people: each kind of fault, how often it struck and counted, and the verdict."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tests.chaos.checker import Finding, check, counts, in_flight
from tests.chaos.history import History

__all__ = ["Report", "report"]

PROMISES = ("P1", "P2", "P3", "P4", "P5", "P6")


@dataclass(frozen=True, slots=True)
class Report:
    """A fault counts only if work that it interrupts was in flight when it struck."""

    struck: Counter[str]
    counted: Counter[str]
    least: dict[str, int]
    """By kind, the least work in flight at a fault that counted."""
    amounts: dict[str, int]
    findings: Sequence[Finding]

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
            verdict,
            *(f"{one.promise} {one.anomaly}: {one.of}: {one.detail}" for one in self.findings),
        ]


def report(history: History) -> Report:
    """Judge a history, and count its faults."""
    struck, counted, least = Counter[str](), Counter[str](), dict[str, int]()
    for fault in history.struck:
        struck[fault.kind] += 1
        flying = in_flight(history, fault)
        if flying:
            counted[fault.kind] += 1
            least[fault.kind] = min(flying, least.get(fault.kind, flying))
    return Report(struck, counted, least, counts(history), check(history))
