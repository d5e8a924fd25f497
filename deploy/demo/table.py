"""The table at the end, a part for each promise: what exactly, under which clause, expected, seen."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from deploy.demo.acts import Promise
from deploy.demo.evidence import Row

__all__ = ["show"]

NARROWEST = 132


def show(rows: Sequence[Row]) -> None:
    """Print it; a row that differs is marked."""
    console = Console()
    if console.width < NARROWEST:
        console = Console(width=NARROWEST)
    for part in Promise:
        ours = [row for row in rows if row.story.part is part]
        if ours:
            console.print(_table(part, ours))


def _table(part: Promise, rows: Sequence[Row]) -> Table:
    table = Table(
        title=f"{part}: {sum(row.kept for row in rows)} of {len(rows)}", title_justify="left", show_lines=True
    )
    table.add_column("promise", ratio=2)
    table.add_column("clause", no_wrap=True)
    table.add_column("expected", min_width=27, ratio=3)
    table.add_column("seen", min_width=27, ratio=3)
    table.add_column("", no_wrap=True)
    for row in rows:
        story = row.story
        verdict = "[green]kept[/]" if row.kept else "[bold red]DIFFERS[/]"
        cells = (story.promise, story.clause, _lines(story.expected), _lines(row.seen))
        table.add_row(*map(Text, cells), verdict)
    return table


def _lines(found: Sequence[str]) -> str:
    return "\n".join(found) or "nothing"
