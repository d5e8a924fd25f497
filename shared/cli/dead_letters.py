"""`houserules dead-letters`: what a service could not read, and its second chance."""

import json
from typing import Annotated, Any

import typer

from shared.cli.doors import Door, NotFound, ops_doors
from shared.cli.failure import Failure
from shared.cli.output import json_value, say, table
from shared.cli.stack import Stack, stack_of

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Records that a service could not read.")

COLUMNS = ("id", "group", "topic", "partition", "offset", "code", "at", "state")
Json = Annotated[bool, typer.Option("--json", help="One JSON value on stdout.")]


@app.command("list")
def show_all(
    context: typer.Context,
    state: Annotated[str | None, typer.Option(help="Only these: open, redriven or closed.")] = None,
    topic: Annotated[str | None, typer.Option(help="Only those of this topic, by its whole name.")] = None,
    as_json: Json = False,
) -> None:
    """List them, of all services, oldest first.

    \b
    Examples:
      houserules dead-letters list
      houserules dead-letters list --state open --json | jq -r '.[].code'
    """
    wanted = {name: value for name, value in (("state", state), ("topic", topic)) if value is not None}
    doors = ops_doors(stack_of(context))
    letters = [letter for door in doors for letter in door.items("/dead-letters", **wanted)]
    letters.sort(key=lambda letter: letter["id"])
    if as_json:
        json_value(letters)
        return
    table(letters, COLUMNS)
    say(f"Dead letters: {len(letters)}." if letters else "No dead letters.")


@app.command()
def show(context: typer.Context, letter: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """Show one as JSON: where it was read, which event it was, what is wrong with it. Its body is never shown.

    \b
    Example:
      houserules dead-letters show 019a9f7c-5a0e-7c3e-9e55-2f4f0f6d9a11
    """
    json_value(_find(stack_of(context), letter)[1])


@app.command()
def redrive(
    context: typer.Context,
    letters: Annotated[list[str], typer.Argument(metavar="ID", help="As `list` shows them.")],
    as_json: Json = False,
) -> None:
    """Send them again as they were: same bytes, same id, to the topic that they came from.

    \b
    Do it when what was wrong is mended; what still cannot be read comes back as a new dead letter.
    Examples:
      houserules dead-letters redrive 019a9f7c-5a0e-7c3e-9e55-2f4f0f6d9a11
      houserules dead-letters list --state open --json | jq -r '.[].id' | xargs houserules dead-letters redrive
    """
    stack = stack_of(context)
    found = [_find(stack, letter) for letter in dict.fromkeys(letters)]
    answers = []
    for door, letter in found:
        answers.append(door.post(f"/dead-letters/{letter['id']}/redrive"))
        say(f"{letter['id']}: on its way to {letter['topic']} again, for {letter['group']}.")
    if as_json:
        json_value(answers)


@app.command()
def close(
    context: typer.Context,
    letters: Annotated[list[str], typer.Argument(metavar="ID", help="As `list` shows them.")],
    reason: Annotated[str, typer.Option(help="Why nothing more is to be done: 1 to 500 characters, for the audit.")],
    as_json: Json = False,
) -> None:
    """Close what can never be read, and say why. It is kept as it is, and no longer waits for anybody.

    \b
    Example:
      houserules dead-letters close 019a9f7c-5a0e-7c3e-9e55-2f4f0f6d9a11 --reason "HR sent it again, right"
    """
    stack = stack_of(context)
    found = [_find(stack, letter) for letter in dict.fromkeys(letters)]
    content = json.dumps({"reason": reason}).encode()
    answers = []
    for door, letter in found:
        answers.append(door.post(f"/dead-letters/{letter['id']}/close", content=content, kind="application/json"))
        say(f"{letter['id']}: closed.")
    if as_json:
        json_value(answers)


def _find(stack: Stack, letter: str) -> tuple[Door, dict[str, Any]]:
    """The letter of that id, and the door of the service that could not read it. Raises Failure."""
    for door in ops_doors(stack):
        try:
            return door, door.get(f"/dead-letters/{letter}")
        except NotFound:
            continue
    raise Failure(f"There is no dead letter {letter}; `houserules dead-letters list` shows them.")
