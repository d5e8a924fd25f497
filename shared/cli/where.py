"""`houserules stack`: where the running stack is reached, and with what."""

from typing import Annotated, Any

import typer

from shared.cli.failure import Failure, Misuse
from shared.cli.output import json_value, say, table
from shared.cli.stack import stack_of

__all__ = ["where"]


def where(
    context: typer.Context,
    field: Annotated[
        str | None,
        typer.Argument(metavar="FIELD", help="A field of stack.json, a dot goes into it; all addresses if none."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on stdout, also for a text.")] = False,
) -> None:
    """Show where the stack is reached; or one field of its file, which also holds tokens and secrets.

    \b
    Examples:
      houserules stack
      houserules stack services.access
      curl -H "Authorization: Bearer $(houserules stack tokens.westward.dpo)" …
    """
    import msgspec

    stack = stack_of(context)
    file = stack.file
    if field is None:
        addresses = {name: f"{url}/" for name, url in file.services.items()} | {"kafka": file.kafka}
        if as_json:
            json_value(addresses)
            return
        table([{"part": name, "address": address} for name, address in addresses.items()], ("part", "address"))
        say("Each service's address is its page; /docs there describes its doors.")
        return
    try:
        found = _within(msgspec.json.decode(stack.path.read_bytes()), field)
    except OSError as error:
        raise Failure(f"{stack.path} cannot be read: {error.strerror}.") from error
    if as_json or not isinstance(found, str):
        json_value(found)
    else:
        print(found)


def _within(found: Any, field: str) -> Any:
    path: list[str] = []
    for name in field.split("."):
        if not isinstance(found, dict) or name not in found:
            there = f"; there are: {', '.join(found)}" if isinstance(found, dict) else ""
            raise Misuse(f"stack.json has no {'.'.join([*path, name])}{there}.")
        found = found[name]
        path.append(name)
    return found
