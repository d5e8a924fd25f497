"""CloudEvents 1.0 over Kafka (protocol binding 1.0): written in binary mode, read in binary and structured mode.

Reading judges everything that the contract's envelope says of an event and names a fault by its code.
"""

import re
from collections.abc import Container, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, NamedTuple

import msgspec

from shared.bus.errors import Permanent, TooLarge
from shared.bus.topics import Topics
from shared.contracts import CONTRACTS, Invalid, Undecodable, decode_data, encode_data
from shared.contracts.event import Data, Event
from shared.contracts.keys import Key

__all__ = ["MAX_BODY", "Wire", "decode", "encode", "encode_structured", "read"]

MAX_BODY = 512 * 1024
MAX_ID = 255
MAX_ATTRIBUTE_BYTES = 1024
"""With the id and the organisation it must fit into one entry of the inbox's index."""

OURS = "/houserules/"
SERVICES = frozenset(f"{OURS}{service}" for service in ("intake", "sla", "access", "consent"))
FORWARDED = f"{OURS}intake/"
STRUCTURED = b"application/cloudevents"
SPECVERSION = ("ce_specversion", b"1.0")
JSON = b"application/json"
CONTENT_TYPE = ("content-type", JSON)

URI_REFERENCE = re.compile(r"(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+")
"""The characters that RFC 3986 knows."""

Instant = Annotated[datetime, msgspec.Meta(tz=True)]


class Wire(NamedTuple):
    """One Kafka record's content."""

    key: bytes | None
    headers: Sequence[tuple[str, bytes | None]]
    body: bytes | None


class _Structured(msgspec.Struct):
    """An event in the JSON format. A null attribute is an absent one."""

    specversion: str | None = None
    id: str | None = None
    type: str | None = None
    source: str | None = None
    time: str | None = None
    organisation: str | None = None
    clauses: str | None = None
    correlationid: str | None = None
    causationid: str | None = None
    mode: str | None = None
    traceparent: str | None = None
    data: msgspec.Raw = msgspec.Raw(b"")
    data_base64: bytes | None = None


_structured = msgspec.json.Decoder(_Structured)
_ATTRIBUTES = tuple(name for name in _Structured.__struct_fields__ if not name.startswith("data"))
_HEADERS = {f"ce_{name}": name for name in _ATTRIBUTES}
_TYPES = {known.type: known for known in CONTRACTS.values()}
_TYPE_OF = {name: ("ce_type", known.type.encode()) for name, known in CONTRACTS.items()}


def encode(event: Event) -> Wire:
    """An event as a Kafka record in binary mode. Raises TooLarge for a body over 512 KiB."""
    body = encode_data(event.data)
    if len(body) > MAX_BODY:
        raise TooLarge(f"{event.name} has {len(body)} bytes; the most is {MAX_BODY}")
    key = event.key.encode()
    headers = [
        SPECVERSION,
        ("ce_id", event.id.encode()),
        ("ce_source", event.source.encode()),
        _TYPE_OF[event.name],
        ("ce_time", _instant(event.time)),
        ("ce_subject", key),
        ("ce_partitionkey", key),
        ("ce_organisation", event.organisation.encode()),
    ]
    if event.clauses:
        headers.append(("ce_clauses", ",".join(event.clauses).encode()))
    for name, value in (
        ("ce_correlationid", event.correlation_id),
        ("ce_causationid", event.causation_id),
        ("ce_mode", event.mode),
        ("ce_traceparent", event.traceparent),
    ):
        if value:
            headers.append((name, value.encode()))
    headers.append(CONTENT_TYPE)
    return Wire(key, headers, body)


def encode_structured(event: Event) -> Wire:
    """An event as a Kafka record in structured mode: as an outside writer may send it."""
    binary = encode(event)
    document: dict[str, object] = {
        name.removeprefix("ce_"): value.decode() for name, value in binary.headers[:-1] if value is not None
    }
    document |= {"datacontenttype": "application/json", "data": msgspec.Raw(binary.body or b"null")}
    return Wire(binary.key, [("content-type", STRUCTURED + b"+json; charset=utf-8")], msgspec.json.encode(document))


@lru_cache(maxsize=16)
def _instant(time: datetime) -> bytes:
    """As RFC 3339 has it, in UTC. All that one transaction tells is of one instant."""
    return f"{time.astimezone(UTC).isoformat()[:-6]}Z".encode()


def decode(topic: str, wire: Wire, topics: Topics) -> Event:
    """The event of a record of `topic`. Raises Permanent with the code of the envelope's rule that it breaks."""
    event = read(topic, wire, topics, None)
    if event is None:
        raise Permanent("unknown-type", "ce_type is not an event of this topic")
    return event


def read(topic: str, wire: Wire, topics: Topics, names: Container[str] | None) -> Event | None:
    """As `decode`, for a reader that knows `names` (None: all); None for an event that it ignores.

    Ignored are known events that the reader does not name and, on a shared topic, unknown ones.
    """
    if wire.body is not None and len(wire.body) > MAX_BODY:
        raise Permanent("too-large", f"the body has {len(wire.body)} bytes; the most is {MAX_BODY}")
    attributes, raw = _parts(wire)
    logical, inbound = topics.logical(topic)
    event_id = _identity(attributes)
    source = _source(attributes, inbound)
    known = _TYPES.get(attributes["type"])
    if known is None or known.topic != logical:
        if inbound is not None:
            raise Permanent("unknown-type", "ce_type is not an event of this topic")
        return None
    organisation = _organisation(attributes, inbound, topics)
    time = _time(attributes.get("time"))
    name = known.name
    if names is not None and name not in names:
        return None
    data = _data(name, raw)
    ours = inbound is None
    clauses = attributes.get("clauses") if ours else None
    return Event(
        id=event_id,
        source=source,
        name=name,
        organisation=organisation,
        key=_key(known.key, data, organisation, wire.key, inbound),
        time=time,
        data=data,
        clauses=tuple(clauses.split(",")) if clauses else (),
        correlation_id=attributes.get("correlationid"),
        causation_id=attributes.get("causationid"),
        mode=attributes.get("mode") if ours else None,
        traceparent=attributes.get("traceparent"),
    )


def _parts(wire: Wire) -> tuple[dict[str, str], bytes]:
    """The attributes that we know and the data, of either mode."""
    headers = dict(wire.headers)
    if headers.get("content-type") != JSON and _media_type(headers).startswith(STRUCTURED):
        return _from_document(wire.body)
    if len(headers) != len(wire.headers):
        names = [name for name, _ in wire.headers if name.startswith("ce_")]
        if len(set(names)) != len(names):
            raise Permanent("invalid", "an attribute is given twice")
    try:
        attributes = {_HEADERS[name]: value.decode() for name, value in headers.items() if name in _HEADERS and value}
    except UnicodeDecodeError as error:
        raise Permanent("undecodable", "an attribute is not UTF-8") from error
    return attributes, wire.body or b""


def _media_type(headers: Mapping[str, bytes | None]) -> bytes:
    """The content type in lower case: neither its name nor its value is case-sensitive."""
    given = headers.get("content-type")
    if given is None:
        given = next((value for name, value in headers.items() if name.lower() == "content-type"), None)
    return (given or b"").strip().lower()


def _from_document(body: bytes | None) -> tuple[dict[str, str], bytes]:
    try:
        document = _structured.decode(body or b"")
    except msgspec.ValidationError as error:
        raise Permanent("invalid", _plain(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Permanent("undecodable", "the body is no JSON object") from error
    attributes = {name: value for name in _ATTRIBUTES if (value := getattr(document, name))}
    return attributes, document.data_base64 if document.data_base64 is not None else bytes(document.data)


def _identity(attributes: Mapping[str, str]) -> str:
    """The id, after the checks that hold for every attribute."""
    event_id = attributes.get("id")
    if not event_id or "type" not in attributes:
        raise Permanent("undecodable", f"ce_{'type' if event_id else 'id'} is missing")
    if attributes.get("specversion") != "1.0":
        raise Permanent("invalid", "ce_specversion is not 1.0")
    if len(event_id) > MAX_ID:
        raise Permanent("invalid", f"ce_id has over {MAX_ID} characters")
    everything = "".join(attributes.values())
    if "\0" in everything or len(everything) * 4 > MAX_ATTRIBUTE_BYTES:
        for name, value in attributes.items():
            if "\0" in value:
                raise Permanent("invalid", f"NUL in ce_{name}")
            if len(value.encode()) > MAX_ATTRIBUTE_BYTES:
                raise Permanent("invalid", f"ce_{name} has over {MAX_ATTRIBUTE_BYTES} bytes")
    return event_id


def _source(attributes: Mapping[str, str], inbound: str | None) -> str:
    source = attributes.get("source")
    if source is None:
        raise Permanent("invalid", "ce_source is missing")
    if inbound is not None and URI_REFERENCE.fullmatch(source) is None:
        raise Permanent("invalid", "ce_source is not a URI reference")
    if inbound is not None and source.startswith(OURS):
        raise Permanent("forged-source", "one of our sources on an outside writer's topic")
    if inbound is None and not (source in SERVICES or source.startswith(FORWARDED)):
        raise Permanent("forged-source", "a source that is not ours on a shared topic")
    return source


def _organisation(attributes: Mapping[str, str], inbound: str | None, topics: Topics) -> str:
    given = attributes.get("organisation")
    if inbound is not None and given is not None and given != inbound:
        raise Permanent("forged-source", "ce_organisation contradicts the topic")
    organisation = inbound or given
    if organisation is None or organisation not in topics.organisations:
        raise Permanent("unknown-organisation", "no policy pack for the event's organisation")
    return organisation


def _data(name: str, raw: bytes) -> Data:
    try:
        return decode_data(name, raw)
    except Undecodable as error:
        raise Permanent("undecodable", _plain(error)) from error
    except Invalid as error:
        raise Permanent("invalid", _plain(error)) from error


def _time(text: str | None) -> datetime:
    if text is None:
        raise Permanent("invalid", "ce_time is missing")
    try:
        return msgspec.convert(text, Instant).astimezone(UTC)
    except (msgspec.ValidationError, OverflowError) as error:
        raise Permanent("invalid", "ce_time is not an instant of RFC 3339 with an offset") from error


def _key(entity: Key, data: Data, organisation: str, given: bytes | None, inbound: str | None) -> str:
    """The entity, which the record's key must be; an outside writer may leave the record's key out."""
    try:
        key = entity(data, organisation)
    except ValueError as error:
        raise Permanent("invalid", "the data names no entity") from error
    if given is None and inbound is None:
        raise Permanent("invalid", "the record has no key")
    if given is not None and given != key.encode():
        raise Permanent("invalid", "the record's key is not the event's entity")
    return key


def _plain(error: Exception) -> str:
    """A decoder's message without the value that it may quote."""
    text = str(error)
    head, quote, rest = text.partition("'")
    return f"{head}…{rest.rpartition(quote)[2]}" if quote else text
