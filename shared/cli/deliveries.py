"""`houserules deliveries`: webhooks that were signed but could not be read, and their second chance."""

from typing import Annotated

import typer

from shared.cli.doors import door
from shared.cli.failure import Misuse
from shared.cli.output import json_value, say, table
from shared.cli.stack import stack_of

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Webhook deliveries that failed.")

COLUMNS = ("id", "organisation", "source", "received_at", "state", "error")
Json = Annotated[bool, typer.Option("--json", help="One JSON value on stdout.")]


@app.command("list")
def show_all(context: typer.Context, as_json: Json = False) -> None:
    """List the failed deliveries, of all organisations.

    \b
    Examples:
      houserules deliveries list
      houserules deliveries list --json | jq length
    """
    failed = list(door(stack_of(context), "intake").items("/deliveries", failed=True))
    if as_json:
        json_value(failed)
        return
    table(failed, COLUMNS)
    say(f"{len(failed)} failed deliveries." if failed else "No failed deliveries.")


@app.command()
def show(context: typer.Context, delivery: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """Show one as JSON: when it came, from which source, and what is wrong with it.

    \b
    Example:
      houserules deliveries show 42
    """
    json_value(door(stack_of(context), "intake").get(f"/deliveries/{delivery}"))


@app.command()
def retry(
    context: typer.Context,
    deliveries: Annotated[list[str] | None, typer.Argument(metavar="ID", help="As `list` shows them.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All that failed.")] = False,
    as_json: Json = False,
) -> None:
    """Read them again, after what was wrong is mended.

    \b
    Examples:
      houserules deliveries retry 42 43
      houserules deliveries retry --all
    """
    if bool(deliveries) == every:
        raise Misuse("Say which: ids as `houserules deliveries list` shows them, or --all.")
    intake = door(stack_of(context), "intake")
    if every:
        answer = intake.post("/deliveries/retry")
        say(f"Deliveries to be read again: {answer['retried']}.")
        answers = [answer]
    else:
        answers = []
        for delivery in deliveries or ():
            answers.append(intake.post(f"/deliveries/{delivery}/retry"))
            say(f"{delivery}: to be read again.")
    if as_json:
        json_value(answers[0] if every else answers)
