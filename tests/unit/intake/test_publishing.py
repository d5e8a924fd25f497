"""The event door reads CloudEvents in every mode, and takes all of a request or nothing."""

import base64
from typing import Any

import msgspec
import pytest

from services.intake.domain.publishing import NotAllowed, Refused, Unsupported, events_of, said_in

DATA = {"person": "p-1", "leave_at": "2026-03-27T16:30:00Z", "surname": "Example"}
ATTRIBUTES = {
    "specversion": "1.0",
    "id": "1",
    "source": "/westward/hr",
    "type": "houserules.staff-left.v1",
    "time": "2026-03-27T16:30:00+01:00",
}


def structured(**changes: Any) -> bytes:
    return msgspec.json.encode(ATTRIBUTES | {"data": DATA} | changes)


def read(kind: str, body: bytes, allowed: Any = None, **headers: str) -> Any:
    pairs = [("content-type", kind), *((name.replace("_", "-"), value) for name, value in headers.items())]
    return events_of(said_in(pairs, body), "westward", allowed)


def binary(**changes: str) -> dict[str, str]:
    return {f"ce_{name}": value for name, value in (ATTRIBUTES | changes).items()}


STRUCTURED, BATCH = "application/cloudevents+json", "application/cloudevents-batch+json"


@pytest.mark.parametrize("mode", ["binary", "structured", "batch", "base64"])
def test_every_mode_gives_the_same_event(mode: str) -> None:
    body = msgspec.json.encode(DATA)
    if mode == "binary":
        (event,) = read("application/json; charset=utf-8", body, **binary())
    elif mode == "batch":
        (event,) = read(BATCH, b"[" + structured() + b"]")
    elif mode == "base64":
        (event,) = read(STRUCTURED, structured(data=None, data_base64=base64.b64encode(body).decode()))
    else:
        (event,) = read(STRUCTURED, structured())
    assert (event.id, event.source, event.name) == ("1", "/houserules/intake/westward/hr", "staff-left")
    assert (event.organisation, event.key, event.topic) == ("westward", "p-1", "people")
    assert event.time.isoformat() == "2026-03-27T15:30:00+00:00"
    assert not hasattr(event.data, "surname")


def test_a_percent_encoded_header_is_decoded() -> None:
    (event,) = read("application/json", msgspec.json.encode(DATA), **binary(id="caf%C3%A9"))
    assert event.id == "café"


@pytest.mark.parametrize("source", ["hr", "/hr", "//hr", "https://hr.example.org/x"])
def test_a_source_goes_on_behind_ours(source: str) -> None:
    (event,) = read(STRUCTURED, structured(source=source))
    assert event.source == f"/houserules/intake/{source.lstrip('/')}"


REFUSED = [
    ("no id", {"id": None}, "/id"),
    ("an id over 255", {"id": "x" * 256}, "/id"),
    ("an id with NUL", {"id": "x\x00"}, "/id"),
    ("a number as id", {"id": 1}, "/id"),
    ("no source", {"source": None}, "/source"),
    ("our own source", {"source": "/houserules/access"}, "/source"),
    ("a source of slashes", {"source": "//"}, "/source"),
    ("another version", {"specversion": "0.3"}, "/specversion"),
    ("no time", {"time": None}, "/time"),
    ("a local time", {"time": "2026-03-27T16:30:00"}, "/time"),
    ("a time outside the calendar", {"time": "0001-01-01T00:00:00+14:00"}, "/time"),
    ("both dates", {"data": DATA | {"leave_on": "2026-03-27"}}, "/data"),
    ("no person", {"data": {}}, "/data"),
    ("no data", {"data": None}, "/data"),
    ("bad base64", {"data": None, "data_base64": "%"}, "/data_base64"),
]


@pytest.mark.parametrize(("change", "pointer"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_is_wrong_is_named_by_its_place(change: dict[str, Any], pointer: str) -> None:
    with pytest.raises(Refused) as fault:
        read(STRUCTURED, structured(**change))
    assert [place for place, _ in fault.value.faults] == [pointer]


def test_one_bad_event_of_a_batch_refuses_all_and_each_is_named() -> None:
    with pytest.raises(Refused) as fault:
        read(BATCH, b"[" + b",".join([structured(), structured(id=None), structured(data={})]) + b"]")
    assert [place for place, _ in fault.value.faults] == ["/1/id", "/2/data"]


@pytest.mark.parametrize("body", [b"", b"[", b"5", b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_event_is_refused(body: bytes) -> None:
    with pytest.raises(Refused):
        read(STRUCTURED, body)


def test_an_attribute_given_twice_is_refused() -> None:
    with pytest.raises(Refused):
        said_in([("content-type", "application/json"), ("ce-id", "1"), ("ce-id", "2")], b"{}")


@pytest.mark.parametrize(
    ("change", "allowed", "code"),
    [
        ({"organisation": "wheatley"}, None, "forged-source"),
        ({"type": "houserules.message-received.v1"}, None, "type-not-allowed"),
        ({"type": "houserules.staff-left.v2"}, None, "type-not-allowed"),
        ({"type": "staff-left"}, None, "type-not-allowed"),
        ({"type": "houserules.nothing.v1"}, None, "type-not-allowed"),
        ({}, frozenset({"image-uploaded"}), "type-not-allowed"),
        ({}, frozenset(), "type-not-allowed"),
    ],
)
def test_the_credential_decides_what_may_be_said(change: dict[str, Any], allowed: Any, code: str) -> None:
    with pytest.raises(NotAllowed) as refusal:
        read(STRUCTURED, structured(**change), allowed)
    assert refusal.value.code == code


@pytest.mark.parametrize("allowed", [{"staff-left"}, {"houserules.staff-left.v1"}, None])
def test_a_publisher_sends_what_it_may(allowed: Any) -> None:
    assert len(read(STRUCTURED, structured(organisation="westward"), allowed)) == 1


@pytest.mark.parametrize("kind", ["text/plain", "", "multipart/form-data"])
def test_another_content_type_is_unsupported(kind: str) -> None:
    with pytest.raises(Unsupported):
        read(kind, b"")
