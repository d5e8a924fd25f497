"""`houserules import`: the register from tables, through access's own doors."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from shared.cli.doors import Refused, role_door
from shared.cli.failure import Failure, Misuse
from shared.cli.output import json_value, say, table
from shared.cli.stack import stack_of

__all__ = ["HELP", "Kind", "import_table"]

HELP = """Bring a CSV table into the register: people, sites, accounts or grants. All of it or nothing.

\b
Line 1 names the columns; an empty cell is not known and changes nothing. What refers to something else comes after
it: sites and people, then accounts, then grants. Columns:
  people    person,name,work_email,manager,team,stint,starts_on,leave_on,roles    (roles are split at ;)
  sites     site,network,kind,name,url,owner,state,approved_on
  accounts  account,person,network,kind,email,mfa
  grants    grant,account,site,role,business_case,approved_by,approved_on,review_on
Where lines are wrong, each is shown with its column and what is expected, nothing is imported, and the exit code is 1.
\b
Examples:
  houserules import people staff.csv --organisation westward --dry-run
  houserules import people staff.csv --organisation westward --roster
  houserules import grants - --organisation wheatley --json < grants.csv
"""

FAULT = ("line", "column", "code", "detail")
COUNTS = ("lines", "created", "changed", "unchanged", "missing")


class Kind(StrEnum):
    """The tables there are."""

    people = "people"
    sites = "sites"
    accounts = "accounts"
    grants = "grants"


def import_table(
    context: typer.Context,
    kind: Annotated[Kind, typer.Argument(metavar="people|sites|accounts|grants", help="Which table it is.")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV in UTF-8; - reads stdin.")],
    organisation: Annotated[str, typer.Option(help="Whose register.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what it would do, and change nothing.")] = False,
    roster: Annotated[
        bool, typer.Option("--roster", help="It is everybody: who is missing becomes a case (people only).")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON value on stdout.")] = False,
) -> None:
    """Bring a table in; `HELP` is what people read."""
    if roster and kind is not Kind.people:
        raise Misuse(f"--roster is for people; a table of {kind} never says that it is all there is.")
    content = _read(file)
    door = role_door(stack_of(context), "access", organisation, "people-team")
    wanted = {"dry_run": dry_run} | ({"roster": True} if roster else {})
    try:
        counts = door.post(f"/imports/{kind}", content=content, kind="text/csv", **wanted)
    except Refused as refused:
        if not all("line" in error for error in refused.errors) or not refused.errors:
            raise
        if as_json:
            json_value({"errors": refused.errors})
        else:
            table(refused.errors, FAULT)
        raise Failure(f"{file}: {_places(refused.errors)} wrong; nothing was imported.") from refused
    if as_json:
        json_value(counts)
    else:
        table([counts], COUNTS)
    say(_summary(kind, counts, dry_run))


def _read(file: Path) -> bytes:
    try:
        return sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise Misuse(f"{file} cannot be read: {error.strerror}.") from error


def _places(errors: list[dict[str, Any]]) -> str:
    lines = len({error["line"] for error in errors})
    return f"{lines} line is" if lines == 1 else f"{lines} lines are"


def _summary(kind: Kind, counts: dict[str, int], dry_run: bool) -> str:
    missing = counts["missing"]
    if dry_run:
        return "Nothing was changed: it was a dry run."
    cases = f" {missing} of the register are not in it: `houserules person` shows each one's case." if missing else ""
    return f"{kind}: {counts['created'] + counts['changed']} of {counts['lines']} lines brought something new.{cases}"
