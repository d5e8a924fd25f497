"""`python -m tests.pictures`: plays the demo's week before a real Prometheus and draws the overview of it, a picture a row."""

import argparse
import io
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from PIL import Image

from deploy.demo.week import BEGIN, END, LONDON
from deploy.observe.written import ROOT
from tests.e2e.week import SPANS, Pace, Week, watched
from tests.pictures.drawing import Times, drawn
from tests.pictures.shown import Query, Shown, rows
from tests.prometheus import NO_PROMETHEUS, Line, asked, found

__all__ = ["PLACE", "files", "pictures"]

BOARD = "houserules-overview"
PLACE = ROOT / "deploy/grafana/pictures"
HOUR_S = 1.5
"""How long an hour of policy time takes: the week at least four minutes, in which figures are read fifty times."""
COLOURS = 96
STEP_S = 1.0


def files(board: Mapping[str, Sequence[Shown]]) -> dict[str, str]:
    """The rows of the overview, by the file that shows each: `Answered in time` → `answered-in-time.png`."""
    return {row.partition(":")[0].strip("?").lower().replace(" ", "-") + ".png": row for row in board}


def unhurried(hour_s: float) -> Pace:
    """Lets an hour of policy time last, so that what the services read every few seconds follows the week."""
    return lambda over, coming: time.sleep((coming - over) / timedelta(hours=1) * hour_s)


def times(week: Week, note: str) -> Times:
    """The week's time, and the seconds at which the clock came to each day of London."""
    days: dict[str, float] = {}
    for at, instant in [(week.began, BEGIN), *week.instants]:
        days.setdefault(f"{instant.astimezone(LONDON):%a}", at)
    return Times(week.began, week.ended, STEP_S, [(at, day) for day, at in days.items()], note)


def pictures(week: Week, note: str) -> dict[str, bytes]:
    """A PNG of each row of the overview, by its file's name."""
    board = rows(BOARD)
    shown = times(week, note)
    span = f"{round(week.ended - week.began)}s"
    made = {}
    for name, row in files(board).items():
        answers: dict[Query, Sequence[Line]] = {
            query: week.server.lines(asked(query.expr, span), week.began, week.ended, STEP_S)
            for panel in board[row]
            for query in panel.queries
        }
        made[name] = _png(row, board[row], answers, shown)
    return made


def _png(row: str, panels: Sequence[Shown], answers: Mapping[Query, Sequence[Line]], shown: Times) -> bytes:
    """Small: drawn in full, then with as few colours as it needs."""
    drawing, packed = io.BytesIO(), io.BytesIO()
    drawn(row, panels, answers, shown).savefig(drawing, format="png")
    drawing.seek(0)
    Image.open(drawing).convert("RGB").quantize(COLOURS).save(packed, format="png", optimize=True)
    return packed.getvalue()


def main() -> int:
    """0 when all are drawn; 1 without a Prometheus, or when the week did not go as it must."""
    parser = argparse.ArgumentParser(prog="python -m tests.pictures", description=__doc__)
    parser.add_argument("--to", type=Path, default=PLACE, metavar="FOLDER", help="where the pictures go (%(default)s)")
    parser.add_argument(
        "--hour", type=float, default=HOUR_S, metavar="SECONDS", help="how long an hour of the week takes (%(default)s)"
    )
    given = parser.parse_args()
    if not found():
        print(f"error: {NO_PROMETHEUS}", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder, watched(Path(folder), unhurried(given.hour)) as week:
        differ = [row.story.promise for row in week.rows if not row.kept]
        if differ:
            print(f"error: the week did not go as it must: {', '.join(differ)}", file=sys.stderr)
            return 1
        minutes = (week.ended - week.began) / 60
        note = (
            f"The demo's week, {BEGIN:%-d %B} to {END:%-d %B %Y}, played in {minutes:.0f} minutes; spans in the rules are "
            f"{SPANS.shrink:.0f} times shorter."
        )
        given.to.mkdir(parents=True, exist_ok=True)
        for name, png in pictures(week, note).items():
            (given.to / name).write_bytes(png)
            print(f"{given.to / name}: {len(png) / 1024:.0f} KiB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
