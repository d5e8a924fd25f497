"""`houserules watch`: what goes over the bus, as it happens."""

import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from shared.cli.failure import Misuse
from shared.cli.output import json_line, say
from shared.cli.running import run
from shared.cli.stack import Stack, stack_of

if TYPE_CHECKING:
    import asyncio

__all__ = ["watch"]

POLL_MS = 200


@dataclass(frozen=True, slots=True)
class Wish:
    """What to show and when to end."""

    organisation: str | None
    names: frozenset[str]
    as_json: bool
    count: int | None
    quiet_s: float | None


def watch(
    context: typer.Context,
    topics: Annotated[
        list[str] | None,
        typer.Argument(metavar="TOPIC", help="messages, people, images, sla, access, consent; all if none is named."),
    ] = None,
    organisation: Annotated[str | None, typer.Option(help="Only this organisation's events.")] = None,
    name: Annotated[list[str] | None, typer.Option(help="Only events of this name; may be given again.")] = None,
    from_beginning: Annotated[bool, typer.Option("--from-beginning", help="Begin with what there is.")] = False,
    count: Annotated[int | None, typer.Option(min=1, help="End after so many events.")] = None,
    until_quiet: Annotated[
        float | None, typer.Option(min=0.1, metavar="SECONDS", help="End when nothing came for so long.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One CloudEvent in JSON a line.")] = False,
) -> None:
    """Show events as they happen, one line each: when, whose, what, whom, due, clause. Ctrl-C ends it.

    \b
    `people` and `images` show what the organisations' own systems write, too.
    Examples:
      houserules watch
      houserules watch sla --organisation westward --name sla-breach
      houserules watch sla --json --from-beginning --until-quiet 2 | jq -r .data.due_at
    """
    from shared.bus.topics import SHARED

    unknown = [topic for topic in topics or () if topic not in SHARED]
    if unknown:
        raise Misuse(f"There is no topic {unknown[0]!r}; there are: {', '.join(SHARED)}.")
    stack = stack_of(context)
    if organisation is not None:
        stack.check_organisation(organisation)
    names = [source for topic in topics or SHARED for source in stack.topics().sources(topic)]
    wish = Wish(organisation, frozenset(name or ()), as_json, count, until_quiet)
    run(_watch(stack, names, from_beginning, wish))


async def _watch(stack: Stack, topics: Sequence[str], from_beginning: bool, wish: Wish) -> None:
    import asyncio

    from shared.cli.kafka import onlooker

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with onlooker(stack.file.kafka, topics, from_beginning=from_beginning) as consumer:
        say(f"Watching {', '.join(topics)}; Ctrl-C ends it.")
        await _tell(consumer, stop, wish)


async def _tell(consumer: Any, stop: "asyncio.Event", wish: Wish) -> None:
    from shared.cli.records import describe

    shown, heard_at = 0, time.monotonic()
    while not stop.is_set():
        batches = await consumer.getmany(timeout_ms=POLL_MS)
        records = [record for records in batches.values() for record in records]
        for record in sorted(records, key=lambda r: (r.timestamp, r.topic, r.partition, r.offset)):
            heard_at = time.monotonic()
            event = describe(record)
            if not _wanted(event, wish):
                continue
            _show(event, wish.as_json)
            shown += 1
            if shown == wish.count:
                return
        if wish.quiet_s is not None and time.monotonic() - heard_at > wish.quiet_s:
            return


def _wanted(event: dict[str, Any], wish: Wish) -> bool:
    from shared.cli.records import name_of, organisation_of

    if wish.organisation is not None and organisation_of(event) != wish.organisation:
        return False
    return not wish.names or name_of(event) in wish.names


def _show(event: dict[str, Any], as_json: bool) -> None:
    if as_json:
        json_line(event)
        return
    from shared.cli.telling import line
    from shared.cli.zones import zone_of

    print(line(event, zone_of), flush=True)
