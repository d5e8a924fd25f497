"""The event door's reading of CloudEvents 1.0 over HTTP (HTTP protocol binding 1.0.2): binary, structured, batch."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any
from urllib.parse import unquote

import msgspec

from services.intake.domain.telling import SOURCE
from shared.contracts import INBOUND, Event, Invalid, Undecodable, contract, decode_data, event_of
from shared.contracts.fields import Instant

__all__ = ["NotAllowed", "Refused", "Said", "Unsupported", "events_of", "said_in"]

TYPE_PREFIX, TYPE_SUFFIX = "houserules.", ".v1"
OURS = "/houserules/"
MAX_ID = 255
MAX_SOURCE_BYTES = 900
MAX_EVENTS = 10_000

BATCH = "application/cloudevents-batch+json"
STRUCTURED = "application/cloudevents+json"
JSON = "application/json"


class Refused(Exception):
    """Fields that are wrong: (JSON pointer, what is wrong) for each; no value is repeated."""

    def __init__(self, *faults: tuple[str, str]) -> None:
        super().__init__(str(faults))
        self.faults = faults


class NotAllowed(Exception):
    """The credential does not cover what the event says of itself: `code` and `detail`."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class Unsupported(Exception):
    """A content type that this door does not read."""


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """One event as it was sent. A null attribute is an absent one; unknown ones are dropped."""

    specversion: Any = None
    id: Any = None
    source: Any = None
    type: Any = None
    time: Any = None
    organisation: Any = None
    data: msgspec.Raw = msgspec.Raw(b"")
    data_base64: Any = None


ATTRIBUTES = ("specversion", "id", "source", "type", "time", "organisation")


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an event stands in the request, for pointers."""

    prefix: str

    def at(self, field: str) -> str:
        return f"{self.prefix}/{field}"


def said_in(headers: Iterable[tuple[str, str]], body: bytes) -> Sequence[tuple[Said, str]]:
    """The events of a request, each with its pointer's prefix. `headers` have lower-case names.

    Raises Refused and Unsupported.
    """
    pairs = [(name, value) for name, value in headers if name == "content-type" or name.startswith("ce-")]
    named = dict(pairs)
    if len(named) != len(pairs):
        raise Refused(("", "an attribute is given twice"))
    kind = named.get("content-type", "").partition(";")[0].strip().lower()
    if kind == BATCH:
        batch = _decode(body, list[Said])
        if len(batch) > MAX_EVENTS:
            raise Refused(("", f"over {MAX_EVENTS} events"))
        return [(said, f"/{place}") for place, said in enumerate(batch)]
    if kind == STRUCTURED:
        return [(_decode(body, Said), "")]
    if kind == JSON or kind.endswith("+json"):
        return [(_binary(named, body), "")]
    raise Unsupported(kind)


def _decode(body: bytes, shape: Any) -> Any:
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise Refused(("", "the body is not a CloudEvent in JSON")) from error


def _binary(headers: Mapping[str, str], body: bytes) -> Said:
    values = {name: unquote(headers[f"ce-{name}"]) for name in ATTRIBUTES if f"ce-{name}" in headers}
    return Said(**values, data=msgspec.Raw(body))


def events_of(said: Sequence[tuple[Said, str]], organisation: str, allowed: Collection[str] | None) -> list[Event]:
    """The events to publish for a publisher of `organisation` who may send `allowed` types (None: all of both tables).

    Raises Refused with every fault of every event, and NotAllowed: then none of them is published.
    """
    events: list[Event] = []
    faults: list[tuple[str, str]] = []
    for one, prefix in said:
        try:
            events.append(_event(one, _Place(prefix), organisation, allowed))
        except Refused as refused:
            faults.extend(refused.faults)
    if faults:
        raise Refused(*faults)
    return events


def _event(said: Said, place: _Place, organisation: str, allowed: Collection[str] | None) -> Event:
    if said.organisation is not None and said.organisation != organisation:
        raise NotAllowed("forged-source", "An event names another organisation than the credential's.")
    faults = [(place.at(field), detail) for field, detail in _envelope_faults(said)]
    if faults:
        raise Refused(*faults)
    name = _name(said.type, allowed)
    try:
        data = decode_data(name, _payload(said, place))
    except (Invalid, Undecodable) as error:
        raise Refused((place.at("data"), str(error))) from error
    return event_of(
        data,
        id=said.id,
        source=f"{SOURCE}/{said.source.lstrip('/')}",
        organisation=organisation,
        time=msgspec.convert(said.time, Instant).astimezone(UTC),
    )


def _envelope_faults(said: Said) -> Iterable[tuple[str, str]]:
    if said.specversion != "1.0":
        yield "specversion", "is not 1.0"
    for name in ("id", "source", "type"):
        value = getattr(said, name)
        if not isinstance(value, str) or not value:
            yield name, "is missing or no text"
        elif len(value) > MAX_ID or "\x00" in value:
            yield name, f"has over {MAX_ID} characters or holds NUL"
    if isinstance(said.source, str) and (said.source.startswith(OURS) or not said.source.strip("/")):
        yield "source", "is one of ours, or none"
    elif isinstance(said.source, str) and len(said.source.encode(errors="replace")) > MAX_SOURCE_BYTES:
        yield "source", f"has over {MAX_SOURCE_BYTES} bytes"
    try:
        msgspec.convert(said.time, Instant).astimezone(UTC)
    except (msgspec.ValidationError, OverflowError):
        yield "time", "is not an instant of RFC 3339 with an offset"


def _name(event_type: str, allowed: Collection[str] | None) -> str:
    """The event's name; only what a publisher may send has one."""
    name = event_type.removeprefix(TYPE_PREFIX).removesuffix(TYPE_SUFFIX)
    known = contract(name)
    versioned = f"{TYPE_PREFIX}{name}{TYPE_SUFFIX}" == event_type
    if not versioned or known is None or known.topic not in INBOUND:
        raise NotAllowed("type-not-allowed", "This door takes the events of the people and images tables.")
    if allowed is not None and name not in allowed and event_type not in allowed:
        raise NotAllowed("type-not-allowed", f"This publisher may not send {name}.")
    return name


def _payload(said: Said, place: _Place) -> bytes:
    if said.data_base64 is None:
        return bytes(said.data)
    try:
        return msgspec.convert(said.data_base64, bytes)
    except msgspec.ValidationError as error:
        raise Refused((place.at("data_base64"), "is not base64")) from error
