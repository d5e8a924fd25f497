"""`houserules publish`: an event as an outside system would send it."""

import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from shared.cli.failure import Failure, Misuse
from shared.cli.output import json_line, say
from shared.cli.running import run
from shared.cli.stack import Stack, stack_of

if TYPE_CHECKING:
    import msgspec

__all__ = ["HELP", "publish"]

HELP = """Send one event as the landlord's own systems would; prints its id.

\b
People and images events (staff-left, image-uploaded, …) are written to the organisation's own topic, as its HR
system or image library does. The generic names of a social inbox (message.received, message.replied, …, or
message-received) are signed and posted to its webhook.
\b
Values are read by the type of the field: a dot goes into an object, lists take commas, everything takes JSON.
An instant is 2026-03-27T16:30:00Z, "2026-03-27T16:30 Europe/London", now, -30m or +2h (of policy time).
\b
Examples:
  houserules publish staff-left --organisation westward person=p-104 leave_at=now
  houserules publish message.received --organisation westward conversation=c1 message=m1 site=facebook \\
      network=facebook visibility=public author.id=tenant-7 posted_at=-10m text="When is my repair?"
  houserules publish image-uploaded --organisation wheatley --file image.json
  houserules publish staff-left --fields
"""

SOURCES = {"people": "hr", "images": "images"}


@dataclass(frozen=True, slots=True)
class Draft:
    """An event that is valid but not sent."""

    name: str
    organisation: str
    data: dict[str, Any]
    time: datetime
    id: str


def publish(
    context: typer.Context,
    event: Annotated[str, typer.Argument(metavar="EVENT", help="staff-left, image-uploaded, message.received, …")],
    pairs: Annotated[list[str] | None, typer.Argument(metavar="KEY=VALUE", help="The event's data.")] = None,
    organisation: Annotated[str | None, typer.Option(help="Whose system sends it.")] = None,
    event_id: Annotated[str | None, typer.Option("--id", help="The event's id; a new one if not given.")] = None,
    at: Annotated[str | None, typer.Option("--time", help="When it happened; now if not given.")] = None,
    source: Annotated[str | None, typer.Option(help="The sender, like /westward/hr (people and images).")] = None,
    file: Annotated[Path | None, typer.Option(help="JSON object with the data; - reads stdin.")] = None,
    list_fields: Annotated[bool, typer.Option("--fields", help="Only say which fields the event has.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Say in JSON what was sent where.")] = False,
) -> None:
    """Send one event as the landlord's own systems would; `HELP` is what people read."""
    kind, name, struct = _named(event)
    if list_fields:
        from shared.cli.fields import listing

        print(f"{name}: {listing(struct)}")
        return
    if organisation is None:
        raise Misuse("Say whose system sends it, with --organisation.")
    stack = stack_of(context)
    stack.check_organisation(organisation)
    if kind == "webhook" and source is not None:
        raise Misuse("--source is for people and images events; a webhook's source is given by its address.")
    draft = _draft(stack, name, struct, organisation, pairs or [], event_id, at, file)
    if kind == "webhook":
        sent = _post(stack, draft)
    else:
        sent = run(_write(stack, draft, kind, source or f"/{organisation}/{SOURCES[kind]}"))
    if as_json:
        json_line({"id": draft.id, **sent})
    else:
        print(draft.id)


def _named(event: str) -> tuple[str, str, "type[msgspec.Struct]"]:
    """How an event is sent (`webhook`, or its inbound topic), its proper name, and the struct of its data."""
    from shared.bus.topics import INBOUND
    from shared.cli.generic import GENERIC, GENERIC_ALIASES
    from shared.contracts import CONTRACTS

    known = CONTRACTS.get(event)
    if known is not None and known.topic in INBOUND:
        return known.topic, event, known.data
    generic = GENERIC_ALIASES.get(event, event)
    if generic in GENERIC:
        return "webhook", generic, GENERIC[generic]
    names = sorted(name for name, contract in CONTRACTS.items() if contract.topic in INBOUND) + list(GENERIC)
    why = "is written by our own services only" if known is not None else "is no event"
    raise Misuse(f"{event!r} {why}; what can be published: {', '.join(names)}.")


def _draft(
    stack: Stack,
    name: str,
    struct: "type[msgspec.Struct]",
    organisation: str,
    pairs: list[str],
    event_id: str | None,
    at: str | None,
    file: Path | None,
) -> Draft:
    from shared.cli.clock import policy_now
    from shared.cli.fields import assign, check_names
    from shared.cli.instants import parse_instant
    from shared.platform.ids import uuid7

    now = policy_now(stack)
    data = _read(file) if file is not None else {}
    check_names(name, struct, data)
    assign(name, struct, data, pairs, now)
    _validate(name, struct, data)
    if event_id is not None and not 0 < len(event_id) <= 255:
        raise Misuse("--id is 1 to 255 characters.")
    return Draft(name, organisation, data, parse_instant(at, now) if at else now, event_id or uuid7())


def _read(file: Path) -> dict[str, Any]:
    import msgspec

    try:
        raw = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
        return msgspec.json.decode(raw, type=dict[str, Any])
    except OSError as error:
        raise Misuse(f"{file} cannot be read: {error.strerror}.") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Misuse(f"{'stdin' if str(file) == '-' else file} holds no JSON object: {error}.") from error


def _validate(name: str, struct: "type[msgspec.Struct]", data: dict[str, Any]) -> None:
    """Raise Misuse, naming the field and the fields there are, for what the reader would refuse."""
    import msgspec

    from shared.cli.fields import listing
    from shared.contracts import CONTRACTS, Invalid, Undecodable, decode_data

    raw = msgspec.json.encode(data)
    try:
        if name in CONTRACTS:
            decode_data(name, raw)
        else:
            msgspec.json.decode(raw, type=struct)
    except (Invalid, Undecodable, msgspec.ValidationError) as error:
        raise Misuse(f"{name}: {error}. It has: {listing(struct)}.") from error


async def _write(stack: Stack, draft: Draft, topic: str, source: str) -> dict[str, Any]:
    """To the organisation's own topic, as a CloudEvent in binary mode."""
    from shared.bus.codec import encode
    from shared.bus.errors import TooLarge
    from shared.cli.kafka import send
    from shared.contracts import CONTRACTS, decode_data
    from shared.contracts.event import Event

    if source.startswith("/houserules/"):
        raise Misuse("/houserules/… are our own sources; an outside system has one of its own, like /westward/hr.")
    data = decode_data(draft.name, _json(draft.data))
    event = Event(
        id=draft.id,
        source=source,
        name=draft.name,
        organisation=draft.organisation,
        key=CONTRACTS[draft.name].key(data, draft.organisation),
        time=draft.time,
        data=data,
    )
    name = stack.topics().inbound(draft.organisation, topic)
    try:
        wire = encode(event)
    except TooLarge as error:
        raise Misuse(f"{error}.") from error
    written = await send(stack.file.kafka, name, wire)
    say(f"{draft.name} written to {name}.")
    return {"topic": name, "partition": written.partition, "offset": written.offset}


def _post(stack: Stack, draft: Draft) -> dict[str, Any]:
    """To the webhook door, signed by the standard's own library with machine time."""
    import httpx
    from standardwebhooks import Webhook

    from shared.cli.doors import problem_text
    from shared.cli.instants import rfc3339
    from shared.platform.clock import Clock

    webhook = stack.file.webhooks.get(draft.organisation)
    if webhook is None:
        raise Failure(f"{draft.organisation} has no webhook in this stack: the service intake makes it.")
    body = _json({"type": draft.name, "timestamp": rfc3339(draft.time), "data": draft.data})
    machine = Clock().machine()
    headers = {
        "content-type": "application/json",
        "webhook-id": draft.id,
        "webhook-timestamp": str(int(machine.timestamp())),
        "webhook-signature": Webhook(webhook.secret).sign(draft.id, machine, body.decode()),
    }
    try:
        answer = httpx.post(webhook.url, content=body, headers=headers, timeout=30, trust_env=False)
    except httpx.HTTPError as error:
        raise Failure(
            f"The webhook door {webhook.url} does not answer ({type(error).__name__}): is the stack up? `make run`."
        ) from error
    if answer.is_error:
        raise Failure(f"The webhook door refuses: {problem_text(answer)}")
    say(f"{draft.name} accepted by {webhook.url}.")
    return {"url": webhook.url, "status": answer.status_code}


def _json(value: Any) -> bytes:
    import msgspec

    return msgspec.json.encode(value)
