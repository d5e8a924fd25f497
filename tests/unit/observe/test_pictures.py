"""The README's pictures: one for each row of the overview, small, and drawn of what the panels' JSON says and nothing else."""

import re
from typing import Any

import pytest

from deploy.observe.written import ROOT
from tests.pictures.__main__ import BOARD, PLACE, files
from tests.pictures.drawing import CAPTION, Times, drawn, duration
from tests.pictures.shown import Shown, rows
from tests.prometheus import Line

ROWS = rows(BOARD)
MOST_BYTES = 60 * 1024
TIMES = Times(0.0, 10.0, 1.0, [(0.0, "Fri 27 Mar"), (5.0, "Sat 28 Mar")], "ten seconds")
LABELS = (("alertname", "LeaversOverdue"), ("organisation", "westward"), ("service", "sla"), ("severity", "page"))


def test_each_row_has_a_picture_and_the_readme_shows_it() -> None:
    there = {path.name for path in PLACE.iterdir()}
    assert there == set(files(ROWS))
    shown = re.findall(r"!\[[^]]+\]\(deploy/grafana/pictures/([^)]+)\)", (ROOT / "README.md").read_text())
    assert sorted(shown) == sorted(there)


@pytest.mark.parametrize("name", files(ROWS))
def test_a_picture_is_small(name: str) -> None:
    content = (PLACE / name).read_bytes()
    assert content.startswith(b"\x89PNG")
    assert len(content) < MOST_BYTES


@pytest.mark.parametrize("row", ROWS)
def test_a_picture_has_each_panel_with_its_title_its_series_and_its_thresholds(row: str) -> None:
    found = {
        query: [Line(LABELS, tuple((float(at), float(at % 3)) for at in range(10)))]
        for panel in ROWS[row]
        for query in panel.queries
    }
    figure = drawn(row, ROWS[row], found, TIMES)
    assert CAPTION in figure.get_supxlabel()
    by_title = {axes.get_title(loc="left"): axes for axes in figure.axes}
    assert set(by_title) == {panel.title for panel in ROWS[row]}
    for panel in ROWS[row]:
        axes = by_title[panel.title]
        assert [label.get_text() for label in axes.get_xticklabels()] == ["Fri 27 Mar", "Sat 28 Mar"]
        if panel.kind in ("words", "alerts"):
            assert axes.patches, panel.title
            continue
        assert axes.get_ylabel()
        names = {line.get_label() for line in axes.lines}
        assert names >= {query.name(LABELS) for query in panel.queries}
        assert _lines_across(panel) <= {_begins_at(line) for line in axes.lines}


def _begins_at(line: Any) -> float:
    return float(line.get_ydata()[0])


def _lines_across(panel: Shown) -> set[float]:
    """The first threshold that is above nought."""
    return set([step.value for step in panel.steps if step.value is not None and step.value > 0][:1])


@pytest.mark.parametrize(
    ("seconds", "told"), [(0, "0"), (0.004, "4 ms"), (20, "20 s"), (5400, "1.5 h"), (172800, "2 d"), (90, "1.5 min")]
)
def test_a_time_is_told_in_the_unit_that_it_has(seconds: float, told: str) -> None:
    assert duration(seconds) == told
