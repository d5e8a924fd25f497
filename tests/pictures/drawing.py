"""Draws a row of a dashboard with matplotlib: words and alerts as bands over time, numbers and graphs as steps."""

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator

from tests.pictures.shown import Query, Shown
from tests.prometheus import Line

__all__ = ["CAPTION", "Found", "Times", "drawn"]

CAPTION = "Drawn from Prometheus with matplotlib; Grafana shows the same queries."
WIDTH_IN, DPI = 11.0, 100
INK, FAINT = "#24292f", "#d0d7de"
COLORS = {"green": "#4c9f4c", "orange": "#e08a1e", "red": "#d1343f", "blue": "#3b78d8", "purple": "#8250df"}
"""Grafana's names."""
OF_SEVERITY = {"page": "red", "ticket": "orange", "notice": "blue"}
LINES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000", "#999999", "#8c510a", "#5e3c99")
"""Most are Okabe and Ito's, which people who see colours differently tell apart."""
STYLES = ("-", "--", ":")
UNITS_S = ((86400.0, "d"), (3600.0, "h"), (60.0, "min"), (1.0, "s"), (0.001, "ms"))

Found = Mapping[Query, Sequence[Line]]


@dataclass(frozen=True, slots=True)
class Times:
    """The time that is shown, in Unix seconds: its ends, how far values are apart, and what the days of policy time begin at."""

    began: float
    ended: float
    step: float
    days: Sequence[tuple[float, str]]
    note: str
    """What a second of it stands for."""


def drawn(row: str, panels: Sequence[Shown], found: Found, times: Times) -> Figure:
    """The panels of a row, two beside each other; the narrow ones, of words, first."""
    bands = [panel for panel in panels if panel.kind in ("words", "alerts")]
    curves = [panel for panel in panels if panel.kind in ("number", "graph")]
    lines = [bands[n : n + 2] for n in range(0, len(bands), 2)] + [curves[n : n + 2] for n in range(0, len(curves), 2)]
    heights = [max(_height(panel, found) for panel in line) for line in lines]
    layout = ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.08)
    figure = Figure(figsize=(WIDTH_IN, sum(heights) + 0.9), dpi=DPI, layout=layout, facecolor="white")
    figure.suptitle(f"House Rules: {row}", fontsize=14, fontweight="bold", color=INK)
    figure.supxlabel(f"{CAPTION}\n{times.note}", fontsize=8.5, color="#57606a")
    grid = figure.add_gridspec(len(lines), 2, height_ratios=heights)
    for number, line in enumerate(lines):
        for column, panel in enumerate(line):
            place = grid[number, column] if len(line) == 2 else grid[number, :]
            _panel(figure.add_subplot(place), panel, found, times)
    return figure


def _height(panel: Shown, found: Found) -> float:
    """Inches."""
    if panel.kind in ("number", "graph"):
        return 2.3 + 0.15 * math.ceil(sum(len(found[query]) for query in panel.queries) / _columns(panel, found))
    return 0.75 + 0.27 * max(1, sum(len(found[query]) for query in panel.queries))


def _columns(panel: Shown, found: Found) -> int:
    """Of a legend: as many as half the picture's width has room for."""
    longest = max((len(query.name(line.labels)) for query in panel.queries for line in found[query]), default=1)
    return 3 if longest <= 24 else 2


def _panel(axes: Axes, panel: Shown, found: Found, times: Times) -> None:
    draw = {"words": _words, "alerts": _alerts, "number": _curves, "graph": _curves}[panel.kind]
    axes.set_title(panel.title, loc="left", fontsize=10.5, fontweight="bold", color=INK)
    axes.set_xlim(times.began, times.ended)
    axes.set_xticks([at for at, _ in times.days], [day for _, day in times.days], fontsize=8)
    axes.tick_params(axis="y", labelsize=8, length=0)
    axes.grid(axis="x", color=FAINT, linewidth=0.6)
    axes.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(FAINT)
    draw(axes, panel, found, times)


def _bands(line: Line, key: Callable[[float], Any], step: float) -> list[tuple[float, float, Any]]:
    """Where a series says the same, one after the other: from, until, what."""
    made: list[tuple[float, float, Any]] = []
    for at, value in line.points:
        said = key(value)
        if made and made[-1][2] == said and at - made[-1][1] < step / 2:
            made[-1] = (made[-1][0], at + step, said)
        else:
            made.append((at, at + step, said))
    return made


def _words(axes: Axes, panel: Shown, found: Found, times: Times) -> None:
    """A band a series, in the colour of its word; where there is room, the word."""
    named = [(query.name(line.labels), line) for query in panel.queries for line in found[query]]
    named.sort(key=lambda one: one[0], reverse=True)
    for place, (_, line) in enumerate(named):
        for begin, end, word in _bands(line, panel.word, times.step):
            if word is None:
                continue
            axes.barh(place, end - begin, left=begin, height=0.72, color=COLORS[word.color])
            if end - begin > 0.024 * len(word.text) * (times.ended - times.began):
                axes.text((begin + end) / 2, place, word.text, color="white", ha="center", va="center", fontsize=8)
    axes.set_yticks(range(len(named)), [name for name, _ in named])
    axes.set_ylim(-0.6, max(1, len(named)) - 0.4)
    _keys(axes, {word.text: word.color for word in panel.words})


def _keys(axes: Axes, colors: Mapping[str, str]) -> None:
    """What the colours of bands mean; of a word that says what to do, the word."""
    patches = [Patch(color=COLORS[color], label=text.partition(":")[0]) for text, color in colors.items()]
    axes.legend(handles=patches, loc="lower right", bbox_to_anchor=(1.01, 0.98), ncols=len(patches), fontsize=7.5,
                frameon=False, handlelength=0.9, columnspacing=1.0)  # fmt: skip


def _alerts(axes: Axes, panel: Shown, found: Found, times: Times) -> None:
    """A band an alert, from when it fires until it does not."""
    whose: dict[str, list[tuple[Line, str]]] = {}
    for query in panel.queries:
        for line in found[query]:
            labels = dict(line.labels)
            name = " ".join(filter(None, (labels["alertname"], labels.get("organisation"), labels.get("service"))))
            whose.setdefault(name, []).append((line, labels["severity"]))
    for place, name in enumerate(sorted(whose, reverse=True)):
        for number, (line, severity) in enumerate(sorted(whose[name], key=lambda one: one[1])):
            height = 0.72 / len(whose[name])
            for begin, end, _ in _bands(line, bool, times.step):
                low = place - 0.36 + number * height
                axes.barh(
                    low, end - begin, left=begin, height=height, align="edge", color=COLORS[OF_SEVERITY[severity]]
                )
    axes.set_yticks(range(len(whose)), sorted(whose, reverse=True))
    axes.set_ylim(-0.6, max(1, len(whose)) - 0.4)
    there = {severity for alerts in whose.values() for _, severity in alerts}
    _keys(axes, {severity: color for severity, color in OF_SEVERITY.items() if severity in there})


def _curves(axes: Axes, panel: Shown, found: Found, times: Times) -> None:
    """A stepped line a series, as figures stand until they are read again; thresholds across."""
    most = 0.0
    for name, line, color, style in _styled(panel, found):
        x, y = _stepped(line, times.step)
        axes.plot(x, y, style, color=color, linewidth=1.8, label=name, drawstyle="steps-post")
        most = max(most, *(value for _, value in line.points))
    _thresholds(axes, panel, most)
    _unit(axes, panel.unit)
    axes.grid(axis="y", color=FAINT, linewidth=0.5)
    axes.legend(loc="upper left", bbox_to_anchor=(-0.01, -0.11), fontsize=7.5, ncols=_columns(panel, found), frameon=False,
                handlelength=1.8, columnspacing=1.2, labelspacing=0.25)  # fmt: skip


def _styled(panel: Shown, found: Found) -> Iterator[tuple[str, Line, str, str]]:
    """Series by name, with colour and style: a landlord has one colour in all the queries of a panel, if that is all they say."""
    whose = {line.labels for query in panel.queries for line in found[query]}
    alike = all(len(labels) == 1 for labels in whose)
    colors = dict(zip(sorted(whose), itertools.cycle(LINES), strict=False))
    every = itertools.cycle(LINES)
    for query, style in zip(panel.queries, itertools.cycle(STYLES), strict=False):
        for line in sorted(found[query], key=lambda line: line.labels):
            yield query.name(line.labels), line, colors[line.labels] if alike else next(every), style if alike else "-"


def _stepped(line: Line, step: float) -> tuple[list[float], list[float]]:
    """Its points, broken where values are missing."""
    x: list[float] = []
    y: list[float] = []
    for (at, value), (following, _) in itertools.pairwise((*line.points, (math.inf, 0.0))):
        x.append(at)
        y.append(value)
        if following - at > step * 1.5:
            x += [at + step, at + step]
            y += [value, math.nan]
    return x, y


def _thresholds(axes: Axes, panel: Shown, most: float) -> None:
    """Those that the panel has; the view reaches to the first of them at least."""
    bounds = [(step.value, step.color) for step in panel.steps if step.value is not None and step.value > 0]
    top = max(most, *(value for value, _ in bounds[:1]), 0.001 if panel.unit == "s" else 1.0) * 1.2
    for value, color in bounds:
        if value > top:
            continue
        axes.axhline(value, color=COLORS[color], linewidth=1.1, linestyle=(0, (6, 3)))
        text = {"s": duration(value), "percentunit": f"{value:.0%}"}.get(panel.unit, f"{value:g}")
        axes.annotate(f"threshold {text}", (1, value), xycoords=("axes fraction", "data"), ha="right", fontsize=7.5,
                      va="bottom", color=COLORS[color])  # fmt: skip
    axes.set_ylim(-0.03 * top, top)


def _unit(axes: Axes, unit: str) -> None:
    """Ticks in the panel's unit."""
    top = axes.get_ylim()[1]
    if unit == "s":
        size, name = next((one for one in UNITS_S if top >= 2 * one[0]), UNITS_S[-1])
        axes.yaxis.set_major_locator(FixedLocator([tick * size for tick in MaxNLocator(5).tick_values(0, top / size)]))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value / size:g}"))
        axes.set_ylabel(name, fontsize=8)
    elif unit == "percentunit":
        axes.yaxis.set_major_locator(FixedLocator([0, 0.25, 0.5, 0.75, 1]))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0%}"))
        axes.set_ylabel("share", fontsize=8)
    else:
        axes.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=top >= 1))
        axes.set_ylabel("a second" if unit == "reqps" else "number", fontsize=8)
    axes.set_ylim(-0.03 * top, top)


def duration(seconds: float) -> str:
    """`1.5 h`, `20 s`."""
    if seconds == 0:
        return "0"
    size, name = next((one for one in UNITS_S if abs(seconds) >= one[0]), UNITS_S[-1])
    return f"{seconds / size:.3g} {name}"
