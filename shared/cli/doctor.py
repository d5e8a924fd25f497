"""`houserules doctor`: what a newcomer or an operator gets wrong, looked at one by one, and what to do about each."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from shared.cli.output import json_value, say
from shared.cli.stack import stack_of

if TYPE_CHECKING:
    from shared.cli.doctor_finding import Finding

__all__ = ["doctor"]


def doctor(
    context: typer.Context,
    user: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=KAFKA-NAME", help="Who is known to Kafka by another name, as for `topics acls`."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON value on stdout.")] = False,
) -> None:
    """Look at everything that often goes wrong, and say what to do about each. Changes nothing.

    \b
    It works with the stack down too. Exit code 1 when something is bad.
    Examples:
      houserules doctor
      houserules doctor --json | jq '.[] | select(.verdict == "bad")'
    """
    from shared.cli.doctor_examination import examine

    findings = examine(stack_of(context), user or [])
    if as_json:
        json_value(
            [
                {"check": f.check, "subject": f.subject, "verdict": f.verdict, "says": f.says, "do": f.do}
                for f in findings
            ]
        )
    else:
        _show(findings)
    wrong = sum(f.verdict == "bad" for f in findings)
    if wrong:
        raise typer.Exit(1)
    if not as_json:
        say("Nothing is bad.")


def _show(findings: Sequence["Finding"]) -> None:
    """What is well in one line a check; everything else by itself, with what to do."""
    shown: list[tuple[str, str, str, str]] = []
    told = set()
    for finding in findings:
        if finding.verdict != "ok":
            what = f"{finding.check} {finding.subject}".strip()
            shown.append((finding.verdict, what, finding.says, finding.do))
        elif finding.check not in told:
            told.add(finding.check)
            good = [f for f in findings if f.check == finding.check and f.verdict == "ok"]
            subjects = ", ".join(f.subject for f in good if f.subject)
            said = "; ".join(dict.fromkeys(f.says for f in good))
            shown.append(("ok", finding.check, ": ".join(filter(None, [subjects, said])), ""))
    width = max(len(what) for _, what, _, _ in shown)
    for verdict, what, says, do in shown:
        print(f"{verdict:<11}  {what:<{width}}  {says}")
        if do:
            print(f"{'':<11}  {'':<{width}}  → {do}")
