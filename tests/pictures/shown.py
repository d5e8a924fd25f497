"""What the panels of a dashboard ask and how they show it, read from the JSON that Grafana reads.

Nothing of a picture is written a second time: titles, expressions, names of series, units, words and thresholds are the panels'.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from deploy.observe.written import ROOT
from tests.prometheus import Labels

__all__ = ["Query", "Shown", "Step", "Word", "rows"]

Kind = Literal["words", "number", "graph", "alerts"]


@dataclass(frozen=True, slots=True)
class Query:
    """An expression, and what its series are called: `{{organisation}} open`."""

    expr: str
    legend: str

    def name(self, labels: Labels) -> str:
        """The name of one series."""
        known = dict(labels)
        return re.sub(r"{{\s*(\w+)\s*}}", lambda found: known.get(found[1], ""), self.legend).strip()


@dataclass(frozen=True, slots=True)
class Step:
    """A threshold: from this value on (None: from anywhere), in this colour of Grafana's."""

    value: float | None
    color: str


@dataclass(frozen=True, slots=True)
class Word:
    """What a stat shows in place of a number between two bounds, both included."""

    least: float | None
    most: float | None
    text: str
    color: str

    def means(self, value: float) -> bool:
        """Whether it stands for this value."""
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A panel."""

    title: str
    kind: Kind
    queries: tuple[Query, ...]
    unit: str
    steps: tuple[Step, ...]
    words: tuple[Word, ...]

    def word(self, value: float) -> Word | None:
        """What stands for a value."""
        return next((word for word in self.words if word.means(value)), None)


def rows(uid: str) -> Mapping[str, tuple[Shown, ...]]:
    """The panels with figures of a dashboard, by the title of the row that they stand in."""
    found: dict[str, tuple[Shown, ...]] = {}
    row = ""
    for panel in json.loads((ROOT / "deploy/grafana/dashboards" / f"{uid}.json").read_text())["panels"]:
        if panel["type"] == "row":
            row = panel["title"]
        elif panel.get("targets"):
            found[row] = (*found.get(row, ()), _shown(panel))
    return found


def _shown(panel: Mapping[str, Any]) -> Shown:
    defaults = panel["fieldConfig"]["defaults"]
    words = tuple(_words(defaults.get("mappings", ())))
    steps = tuple(Step(one["value"], one["color"]) for one in defaults.get("thresholds", {}).get("steps", ()))
    kinds: Mapping[str, Kind] = {"timeseries": "graph", "table": "alerts", "stat": "words" if words else "number"}
    return Shown(
        title=panel["title"],
        kind=kinds[panel["type"]],
        queries=tuple(Query(one["expr"], one["legendFormat"]) for one in panel["targets"]),
        unit=defaults.get("unit", "short"),
        steps=steps,
        words=words,
    )


def _words(mappings: Any) -> Iterator[Word]:
    for one in mappings:
        if one["type"] == "range":
            options, result = one["options"], one["options"]["result"]
            yield Word(options["from"], options["to"], result["text"], result["color"])
