"""`houserules policy`: is a pack sound, and what does it oblige."""

from pathlib import Path
from typing import Annotated, Any

import typer

from shared.cli.failure import Failure, Misuse
from shared.cli.output import json_value, say

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Policy packs: check them, read them in words.")


@app.command("check")
def check_packs(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="Packs, as TOML.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON value: what was found in each file.")] = False,
) -> None:
    """Check packs; ends with 1 when one is refused, and says the file, the key and the reason.

    \b
    Examples:
      houserules policy check our-pack.toml
      houserules policy check packs/*.toml --json
    """
    from shared.policy import PolicyError, check

    found: list[dict[str, Any]] = []
    for file in files:
        try:
            pack = check(file)
        except PolicyError as error:
            found.append({"file": str(file), "sound": False, "key": error.key, "reason": error.reason})
            say(str(error))
        else:
            found.append({"file": str(file), "sound": True, "policy": pack.policy, "clauses": len(pack.clauses)})
            if not as_json:
                print(f"{file}: sound ({pack.policy}, {len(pack.clauses)} clauses)")
    if as_json:
        json_value(found)
    refused = sum(not one["sound"] for one in found)
    if refused:
        raise Failure(f"Refused: {refused} of {len(found)}.")


@app.command("explain")
def explain_pack(
    context: typer.Context,
    pack: Annotated[str, typer.Argument(metavar="FILE|ORGANISATION", help="A pack's file, or whose pack is in force.")],
    at: Annotated[
        str | None, typer.Option(help="The instant that the worked deadlines begin at; now if not given.")
    ] = None,
) -> None:
    """Say in words what a pack obliges, with deadlines worked out for the coming week.

    \b
    Examples:
      houserules policy explain westward
      houserules policy explain our-pack.toml --at "2026-12-23T15:00 Europe/London"
    """
    from shared.cli.clock import policy_now
    from shared.cli.instants import parse_instant
    from shared.cli.stack import stack_of
    from shared.policy import PolicyError, check, explain, load_packs

    now = policy_now(stack_of(context))
    instant = parse_instant(at, now) if at else now
    try:
        if Path(pack).is_file() or pack.endswith(".toml"):
            print(explain(check(Path(pack)), instant))
            return
        packs = load_packs()
        if pack not in packs.organisations:
            known = ", ".join(sorted(packs.organisations))
            raise Misuse(f"{pack!r} is neither a file nor an organisation with a pack; there are: {known}.")
        print(explain(packs.at(pack, instant), instant))
    except PolicyError as error:
        raise Failure(str(error)) from error
