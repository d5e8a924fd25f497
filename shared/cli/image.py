"""`houserules image`: what may be done with an image, in words."""

from typing import Annotated, Any

import typer

from shared.cli.doors import NotFound, role_door
from shared.cli.failure import Failure, Misuse
from shared.cli.output import heading, json_value, plain, table
from shared.cli.stack import Stack, stack_of
from shared.cli.telling import moment
from shared.cli.zones import zone_of

__all__ = ["image"]

ROLE = "communications"
ANSWERS = {
    "permit": "may be used",
    "review": "has to be looked at by somebody first",
    "block": "may not be used",
}


def image(
    context: typer.Context,
    image: Annotated[str, typer.Argument(metavar="ID", help="The image's id in the library.")],
    organisation: Annotated[str, typer.Option(help="Whose image.")],
    channel: Annotated[
        str | None,
        typer.Option(help="internal, website, social:<network>, press, print, partner or archive; with --purpose."),
    ] = None,
    purpose: Annotated[str | None, typer.Option(help="What for, word for word as consents say it.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON value on stdout.")] = False,
) -> None:
    """Say whether an image may be used, and why not: in all its uses, or in one that is meant.

    \b
    It is worked out now, on what is known now. The exit code is 0 whatever the answer, 1 for an id that nobody knows.
    Examples:
      houserules image img-7 --organisation westward
      houserules image img-7 --organisation westward --channel social:facebook --purpose news
      houserules image img-7 --organisation wheatley --json | jq -r '.findings[].code'
    """
    if (channel is None) is not (purpose is None):
        raise Misuse("Give --channel and --purpose together, or neither for all its uses.")
    meant = {"channel": channel, "purpose": purpose} if channel and purpose else {}
    found = _found(stack_of(context), image, organisation, meant)
    if as_json:
        json_value(found)
    else:
        _show(found, organisation)


def _found(stack: Stack, image: str, organisation: str, meant: dict[str, str]) -> dict[str, Any]:
    door = role_door(stack, "consent", organisation, ROLE)
    try:
        decision: dict[str, Any] = door.get_at("/images/{}/decision", image, **meant)
    except NotFound as error:
        raise Failure(f"No image of {organisation}'s is {image!r}: its library never told of one.") from error
    return decision | {"takedowns": list(door.items("/takedowns", image=image))}


def _show(found: dict[str, Any], organisation: str) -> None:
    zone = zone_of(organisation)
    print(f"{plain(found['image'])}  {found['decision']}: it {ANSWERS[found['decision']]}.")
    for sentence in found["reasons"]:
        print(f"  {plain(sentence)}")
    heading("Findings", found["findings"])
    table(found["findings"], ("person", "use", "channel", "decision", "code"))
    uses = [one | {"live": moment(one["live_since"], zone)} for one in found["uses"] if one["use"]]
    heading("Uses", uses)
    table(uses, ("use", "channel", "purpose", "live"))
    takedowns = [one | {"deadline": moment(one["deadline"], zone)} for one in found["takedowns"]]
    heading("Takedowns", takedowns)
    table(takedowns, ("takedown", "use", "channel", "state", "deadline", "reason"))
