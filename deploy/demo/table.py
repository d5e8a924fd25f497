"""The table at the end: promise, clause, expected, seen."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from deploy.demo.evidence import Row

__all__ = ["show"]

NARROWEST = 132


def show(rows: Sequence[Row]) -> None:
    """Print it; a row that differs is marked."""
    console = Console()
    if console.width < NARROWEST:
        console = Console(width=NARROWEST)
    table = Table(show_lines=True)
    table.add_column("promise")
    table.add_column("clause", no_wrap=True)
    table.add_column("expected", min_width=27)
    table.add_column("seen", min_width=27)
    table.add_column("", no_wrap=True)
    for row in rows:
        story = row.story
        verdict = "[green]kept[/]" if row.kept else "[bold red]DIFFERS[/]"
        cells = (story.promise, story.clause, _lines(story.expected), _lines(row.seen))
        table.add_row(*map(Text, cells), verdict)
    console.print(table)


def _lines(found: Sequence[str]) -> str:
    return "\n".join(found) or "nothing"
