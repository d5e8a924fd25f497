"""`houserules person`: one person, as the register and the consents have them."""

from typing import Annotated, Any

import typer

from shared.cli.doors import NotFound, role_door
from shared.cli.failure import Failure
from shared.cli.output import heading, json_value, plain, say, table
from shared.cli.stack import Stack, stack_of
from shared.cli.telling import moment
from shared.cli.zones import zone_of

__all__ = ["person"]

DONE = ("confirmed", "cancelled")
ROLE = "communications"


def person(
    context: typer.Context,
    person: Annotated[str, typer.Argument(metavar="ID", help="The person's id: HR's number.")],
    organisation: Annotated[str, typer.Option(help="Whose person.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON value on stdout.")] = False,
) -> None:
    """Show a person: employment, what they hold, what is being taken away, open cases, consents.

    \b
    Exit code 1 when nobody here knows the id.
    Examples:
      houserules person 1001 --organisation westward
      houserules person 1001 --organisation westward --json | jq -r '.revocations[].state'
    """
    found = _found(stack_of(context), person, organisation)
    if as_json:
        json_value(found)
    else:
        _show(found, organisation)


def _found(stack: Stack, person: str, organisation: str) -> dict[str, Any]:
    """All that the doors show of them. Raises Failure where that is nothing."""
    access = role_door(stack, "access", organisation, ROLE)
    known = list(access.items("/people", person=person))
    try:
        held = access.get_at("/people/{}/access", person)["items"]
    except NotFound:
        held = []
    revocations = list(access.items("/revocations", person=person))
    cases = [case for case in access.items("/cases", state="open") if case["person"] == person]
    consents = list(role_door(stack, "consent", organisation, ROLE).items("/consents", subject=person))
    if not (known or revocations or cases or consents):
        raise Failure(f"Nobody at {organisation} is {person!r}: neither the register nor any consent names them.")
    about = known[0] if known else {"person": person, "state": None, "stints": []}
    return {**about, "access": held, "revocations": revocations, "cases": cases, "consents": consents}


def _show(found: dict[str, Any], organisation: str) -> None:
    zone = zone_of(organisation)
    state = found["state"] or "not in the register"
    named = [found.get("name"), found.get("team") and f"team {found['team']}"]
    manager = found.get("manager") and f"manager {found['manager']}"
    roles = found.get("roles") and f"roles {', '.join(found['roles'])}"
    about = [found["person"], state, *named, manager, roles]
    print("  ".join(plain(part) for part in about if part))
    stints = [one | {"leaves": moment(one["leave_at"], zone), "held": _yes(one["held"])} for one in found["stints"]]
    heading("Employment", stints)
    table(stints, ("stint", "starts_on", "state", "leaves", "held"))
    heading("Access", found["access"])
    held = [one | {"revocation": one["revocation_state"]} for one in found["access"]]
    table(held, ("kind", "id", "site", "network", "role", "action", "revocation"))
    if found["state"] is not None and not found["access"]:
        print("\nHolds no access.")
    taken = sorted(found["revocations"], key=lambda one: one["state"] in DONE)
    rows = [_revocation(one) | {"deadline": moment(one["deadline"], zone)} for one in taken]
    heading("Revocations", rows)
    table(rows, ("revocation", "what", "site", "state", "deadline", "overdue", "owner", "confirmed_by"))
    cases = [one | {"opened": moment(one["opened_at"], zone)} for one in found["cases"]]
    heading("Open cases", cases)
    table(cases, ("case", "kind", "opened"))
    consents = [one | {"covers": ", ".join(one["channels"] or ["everything"])} for one in found["consents"]]
    heading("Consents", consents)
    table(consents, ("consent", "state", "method", "covers", "taken_on", "valid_until"))
    still = sum(one["state"] not in DONE for one in taken)
    say(f"Revocations: {still} of {len(taken)} not done." if taken else "Nothing is being taken away.")


def _revocation(one: dict[str, Any]) -> dict[str, Any]:
    return one | {"what": f"{one['action']} {one['item']['id']}", "overdue": _yes(one["overdue"])}


def _yes(value: bool) -> str:
    return "yes" if value else ""
