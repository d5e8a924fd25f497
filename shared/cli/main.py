"""`houserules`: the command line. One sentence for every mistake, data on stdout, progress on stderr.

Exit codes: 0 done, 1 refused or something found, 2 called wrongly. Commands import what they need when they run, so that
`--help` is quick.
"""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from shared.cli import clock, dead_letters, deliveries, imports, policy, positions, publish, topics
from shared.cli.doctor import doctor
from shared.cli.failure import Failure
from shared.cli.image import image
from shared.cli.migrate import migrate
from shared.cli.person import person
from shared.cli.stack import Stack, default_path
from shared.cli.token import token
from shared.cli.watch import watch
from shared.cli.where import where

__all__ = ["app", "main"]


class Commands(TyperGroup):
    """Turns a Failure into its sentence and its exit code."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except Failure as failure:
            print(f"houserules: {failure}", file=sys.stderr)
            raise typer.Exit(failure.exit_code) from failure


app = typer.Typer(
    name="houserules",
    cls=Commands,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)


@app.callback()
def houserules(
    context: typer.Context,
    stack: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH", help="The stack's file; $HOUSERULES_LOCAL/stack.json or .local/stack.json if not given."
        ),
    ] = None,
) -> None:
    """House Rules: a landlord's social media policy, kept event by event.

    \b
    Start with:
      houserules policy explain westward
      houserules watch sla
      houserules publish message.received --fields
      houserules import people staff.csv --organisation westward --dry-run
    """
    context.obj = Stack(stack or default_path())


app.add_typer(policy.app, name="policy")
app.command("publish", help=publish.HELP)(publish.publish)
app.command("watch")(watch)
app.command("import", help=imports.HELP)(imports.import_table)
app.command("person")(person)
app.command("image")(image)
app.add_typer(dead_letters.app, name="dead-letters")
app.add_typer(deliveries.app, name="deliveries")
app.add_typer(clock.app, name="clock")
app.command("stack")(where)
app.command("token")(token)
app.add_typer(positions.app, name="positions")
app.command("migrate")(migrate)
app.add_typer(topics.app, name="topics")
app.command("doctor")(doctor)


def main() -> None:
    """The entry point."""
    app(prog_name="houserules")


if __name__ == "__main__":
    main()
