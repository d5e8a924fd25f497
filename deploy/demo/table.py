"""The table at the end: promise, clause, expected, seen."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from deploy.demo.evidence import Row

__all__ = ["show"]

NARROWEST = 118


def show(rows: Sequence[Row]) -> None:
    """Print it; a row that differs is marked."""
    console = Console()
    if console.width < NARROWEST:
        console = Console(width=NARROWEST)
    table = Table(show_lines=True)
    for heading, share in (("promise", 4), ("clause", 3), ("expected", 3), ("seen", 3)):
        table.add_column(heading, ratio=share, overflow="fold")
    table.add_column("", width=7)
    for row in rows:
        story = row.story
        verdict = "[green]kept[/]" if row.kept else "[bold red]DIFFERS[/]"
        cells = (f"{story.organisation}: {story.promise}", story.clause, _lines(story.expected), _lines(row.seen))
        table.add_row(*map(Text, cells), verdict)
    console.print(table)


def _lines(found: Sequence[str]) -> str:
    return "\n".join(found) or "nothing"
