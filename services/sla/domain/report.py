"""The figures of a period: how the targets that started in it ended, and how long an answer took.

Clauses: westward:11.2, wheatley:risk-management-mitigation; by owner wheatley:appendix-1.4.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

__all__ = ["BREAKDOWNS", "Breakdown", "Cell", "Figures", "Report", "report"]

Breakdown = Literal["total", "month", "kind", "message_kind", "site", "owner", "hour"]
BREAKDOWNS: tuple[Breakdown, ...] = ("total", "month", "kind", "message_kind", "site", "owner", "hour")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """How some targets stand. Each is in one state, so that the states add up to `opened`.

    A breached one was answered late, closed late in another way, or is `overdue`: still not settled. `retracted` counts
    targets of any state of which a breach was once told and taken back. `median_s` and `p90_s` are the working time
    from the start to the answer, in seconds, over all answers, late ones too; halfway between two where they fall so.
    """

    opened: int = 0
    open: int = 0
    met: int = 0
    breached: int = 0
    answered_late: int = 0
    closed_late: int = 0
    overdue: int = 0
    waived: int = 0
    exempted: int = 0
    voided: int = 0
    withdrawn: int = 0
    retracted: int = 0
    median_s: int | None = None
    p90_s: int | None = None

    @property
    def share_met(self) -> float | None:
        """Of those with a verdict the share that was met; None while there is none."""
        judged = self.met + self.breached
        return round(self.met / judged, 4) if judged else None


@dataclass(frozen=True, slots=True)
class Cell:
    """The figures of one value of a breakdown; None is what has no owner."""

    by: Breakdown
    value: str | None
    figures: Figures


@dataclass(frozen=True, slots=True)
class Report:
    """A period's figures, in all and by each breakdown in the order of its values, what has none last."""

    total: Figures
    months: Sequence[Cell]
    kinds: Sequence[Cell]
    message_kinds: Sequence[Cell]
    sites: Sequence[Cell]
    owners: Sequence[Cell]
    hours: Sequence[Cell]


def report(cells: Iterable[Cell]) -> Report:
    """The report that these cells make; one without a total has nothing in it."""
    found: dict[Breakdown, list[Cell]] = {by: [] for by in BREAKDOWNS}
    for cell in cells:
        found[cell.by].append(cell)
    for listed in found.values():
        listed.sort(key=lambda cell: (cell.value is None, cell.value or ""))
    (total,) = found["total"] or [Cell("total", None, Figures())]
    return Report(
        total=total.figures,
        months=found["month"],
        kinds=found["kind"],
        message_kinds=found["message_kind"],
        sites=found["site"],
        owners=found["owner"],
        hours=found["hour"],
    )
