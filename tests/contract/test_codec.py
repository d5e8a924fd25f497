"""CloudEvents on Kafka, judged by the CloudEvents project's own library."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from cloudevents.core.bindings import kafka as oracle
from cloudevents.core.v1.event import CloudEvent

from shared.bus.codec import MAX_ATTRIBUTE_BYTES, MAX_BODY, Wire, decode, encode, encode_structured, read
from shared.bus.errors import Permanent
from shared.bus.topics import Topics
from shared.contracts.event import Event, event_of
from shared.contracts.messages import ConversationResolved
from shared.contracts.people import StaffLeft

TOPICS = Topics(frozenset({"westward", "wheatley"}))
AT = datetime(2026, 4, 1, 9, 30, 0, 123456, tzinfo=UTC)
MESSAGES = "houserules.messages"
INBOUND = "houserules.in.westward.people"


def _resolved(**more: Any) -> Event:
    arguments: dict[str, Any] = {"id": "e-1", "source": "/houserules/intake", "organisation": "westward", "time": AT}
    return event_of(ConversationResolved(conversation="ç-1", at=AT, actor="p-1"), **(arguments | more))


FULL = Event(
    id="0199b2c0-0000-7000-8000-000000000001",
    source="/houserules/intake",
    name="conversation-resolved",
    organisation="westward",
    key="ç-1",
    time=AT,
    data=ConversationResolved(conversation="ç-1", at=AT, actor="p-1"),
    clauses=("westward:3.6", "westward:7.9"),
    correlation_id="c-1",
    causation_id="c-2",
    mode="observe",
    traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
)


def _oracle_reads(wire: Wire) -> CloudEvent:
    headers = {name: value for name, value in wire.headers if value is not None}
    event = oracle.from_kafka_event(oracle.KafkaMessage(headers=headers, key=wire.key, value=wire.body or b""))
    assert isinstance(event, CloudEvent)
    return event


def _oracle_writes(structured: bool, **attributes: Any) -> Wire:
    data = {"person": "p-1", "leave_at": "2026-04-30T16:00:00Z", "unknown_field": [1]}
    given = {
        "id": "hr-1",
        "source": "/westward/hr",
        "type": "houserules.staff-left.v1",
        "time": AT.astimezone(timezone(timedelta(hours=1))),
        "datacontenttype": "application/json",
        "partitionkey": "p-1",
    }
    event = CloudEvent(attributes=given | attributes, data=data)
    message = oracle.to_structured_event(event) if structured else oracle.to_binary_event(event)
    key = message.key.encode() if isinstance(message.key, str) else message.key
    return Wire(key, list(message.headers.items()), message.value)


@pytest.mark.parametrize("write", [encode, encode_structured], ids=["binary", "structured"])
def test_the_oracle_reads_what_we_write(write: Any) -> None:
    event = _oracle_reads(write(FULL))
    attributes = event.get_attributes()
    expected = {
        "specversion": "1.0",
        "id": FULL.id,
        "source": FULL.source,
        "type": "houserules.conversation-resolved.v1",
        "time": AT,
        "subject": "ç-1",
        "partitionkey": "ç-1",
        "organisation": "westward",
        "clauses": "westward:3.6,westward:7.9",
        "correlationid": "c-1",
        "causationid": "c-2",
        "mode": "observe",
        "traceparent": FULL.traceparent,
        "datacontenttype": "application/json",
    }
    assert attributes == expected
    data = event.get_data()
    document = data if isinstance(data, dict) else json.loads(data)  # type: ignore[arg-type] # bytes or text then
    assert document == {"conversation": "ç-1", "at": "2026-04-01T09:30:00.123456Z", "actor": "p-1"}


@pytest.mark.parametrize("structured", [False, True], ids=["binary", "structured"])
def test_we_read_what_the_oracle_writes(structured: bool) -> None:
    event = decode(INBOUND, _oracle_writes(structured), TOPICS)
    assert (event.id, event.source, event.name, event.organisation) == (
        "hr-1",
        "/westward/hr",
        "staff-left",
        "westward",
    )
    assert (event.key, event.time, event.clauses) == ("p-1", AT, ())
    assert event.data == StaffLeft(person="p-1", leave_at=datetime(2026, 4, 30, 16, tzinfo=UTC))


@pytest.mark.parametrize("write", [encode, encode_structured], ids=["binary", "structured"])
@pytest.mark.parametrize("event", [FULL, _resolved()], ids=["every attribute", "the least"])
def test_what_is_written_is_read_back(write: Any, event: Event) -> None:
    assert decode(MESSAGES, write(event), TOPICS) == event


def test_headers_are_binary_mode_in_a_fixed_order() -> None:
    names = [name for name, _ in encode(FULL).headers]
    assert names[:8] == ["ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time", "ce_subject", "ce_partitionkey",
                         "ce_organisation"]  # fmt: skip
    assert encode(FULL).headers[-1] == ("content-type", b"application/json")
    assert encode(FULL).key == "ç-1".encode()


def _changed(wire: Wire, **headers: bytes | None) -> Wire:
    kept = [(name, value) for name, value in wire.headers if name not in headers]
    return wire._replace(headers=kept + [(name, value) for name, value in headers.items() if value is not None])


OURS, HR = encode(_resolved()), _oracle_writes(False)
FAULTS: dict[str, tuple[str, Wire, str]] = {
    "no id": (MESSAGES, _changed(OURS, ce_id=None), "undecodable: ce_id"),
    "no type": (MESSAGES, _changed(OURS, ce_type=None), "undecodable: ce_type"),
    "bad UTF-8 in an attribute": (MESSAGES, _changed(OURS, ce_source=b"\xff"), "undecodable"),
    "bad JSON": (MESSAGES, OURS._replace(body=b"{"), "undecodable"),
    "structured: no JSON": (MESSAGES, Wire(b"k", [("content-type", b"application/cloudevents+json")], b'{"id"'), "undecodable"),
    "structured: a number for an id": (
        MESSAGES, Wire(b"k", [("content-type", b"application/cloudevents+json")], b'{"id": 5}'), "invalid"),
    "a batch": (MESSAGES, Wire(b"k", [("content-type", b"application/cloudevents-batch+json")], b"[]"), "invalid"),
    "no specversion": (MESSAGES, _changed(OURS, ce_specversion=None), "invalid: ce_specversion"),
    "id of 256 characters": (MESSAGES, _changed(OURS, ce_id=b"x" * 256), "invalid: ce_id"),
    "source too long": (INBOUND, _changed(HR, ce_source=b"/" + b"x" * MAX_ATTRIBUTE_BYTES), "invalid: ce_source"),
    "NUL in an attribute": (INBOUND, _changed(HR, ce_source=b"/a\0"), "invalid: NUL in ce_source"),
    "a source with a space": (INBOUND, _changed(HR, ce_source=b"/westward hr"), "invalid: ce_source is not a URI"),
    "a source with a line break": (INBOUND, _changed(HR, ce_source=b"/westward\nhr"), "invalid: ce_source is not a URI"),
    "a source with a bad escape": (INBOUND, _changed(HR, ce_source=b"/westward%hr"), "invalid: ce_source is not a URI"),
    "an attribute twice": (MESSAGES, OURS._replace(headers=[*OURS.headers, ("ce_id", b"e-2")]), "invalid: an attribute"),
    "no source": (MESSAGES, _changed(OURS, ce_source=None), "invalid: ce_source"),
    "no time": (MESSAGES, _changed(OURS, ce_time=None), "invalid: ce_time"),
    "time without an offset": (MESSAGES, _changed(OURS, ce_time=b"2026-04-01T09:30:00"), "invalid: ce_time"),
    "a date for a time": (MESSAGES, _changed(OURS, ce_time=b"2026-04-01"), "invalid: ce_time"),
    "time beyond the calendar": (MESSAGES, _changed(OURS, ce_time=b"9999-12-31T23:59:59-10:00"), "invalid: ce_time"),
    "no key on a shared topic": (MESSAGES, OURS._replace(key=None), "invalid: the record has no key"),
    "the key of another": (INBOUND, HR._replace(key=b"p-2"), "invalid: the record's key"),
    "a key that is not UTF-8": (INBOUND, HR._replace(key=b"\xff"), "invalid: the record's key"),
    "one byte too many": (MESSAGES, OURS._replace(body=b" " * (MAX_BODY + 1)), "too-large"),
    "no organisation on a shared topic": (MESSAGES, _changed(OURS, ce_organisation=None), "unknown-organisation"),
    "an organisation without a pack": (MESSAGES, _changed(OURS, ce_organisation=b"elsewhere"), "unknown-organisation"),
    "foreign source on a shared topic": (MESSAGES, _changed(OURS, ce_source=b"/westward/hr"), "forged-source"),
    "almost ours on a shared topic": (MESSAGES, _changed(OURS, ce_source=b"/houserules/intakes"), "forged-source"),
    "ours on an in. topic": (INBOUND, _changed(HR, ce_source=b"/houserules/access"), "forged-source"),
    "another organisation on an in. topic": (INBOUND, _changed(HR, ce_organisation=b"wheatley"), "forged-source"),
    "unknown type on an in. topic": (INBOUND, _changed(HR, ce_type=b"houserules.staff-left.v2"), "unknown-type"),
    "another topic's type on an in. topic": (INBOUND, _changed(HR, ce_type=b"houserules.sla-met.v1"), "unknown-type"),
}  # fmt: skip


@pytest.mark.parametrize(("topic", "wire", "says"), FAULTS.values(), ids=FAULTS.keys())
def test_what_breaks_a_rule_of_the_envelope_is_named(topic: str, wire: Wire, says: str) -> None:
    with pytest.raises(Permanent) as fault:
        decode(topic, wire, TOPICS)
    assert str(fault.value).startswith(says)


@pytest.mark.parametrize("topic", [MESSAGES, INBOUND])
def test_a_fault_never_repeats_what_was_sent(topic: str) -> None:
    for body in (b'{"conversation": "Secret Name", "at": "Secret Name"}', b'{"person": "Secret Name", "immediate": "Secret"}',
                 b'{"conversation": 5, "secret": "Secret Name"}'):  # fmt: skip
        wire = OURS if topic == MESSAGES else HR
        with pytest.raises(Permanent) as fault:
            decode(topic, wire._replace(body=body, key=None), TOPICS)
        assert "Secret" not in str(fault.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("content-type", b"Application/CloudEvents+JSON; charset=utf-8"),
        ("Content-Type", b"application/cloudevents+json"),
        ("CONTENT-TYPE", b" application/cloudevents+json"),
    ],
)
def test_structured_mode_is_known_however_its_media_type_is_written(name: str, value: bytes) -> None:
    assert decode(MESSAGES, encode_structured(FULL)._replace(headers=[(name, value)]), TOPICS) == FULL


@pytest.mark.parametrize("source", ["/westward/hr", "https://hr.example/a?b=c#d", "urn:uuid:1", "hr%20system"])
def test_a_source_is_any_uri_reference(source: str) -> None:
    assert decode(INBOUND, _changed(HR, ce_source=source.encode()), TOPICS).source == source


def test_what_came_through_the_event_door_is_ours() -> None:
    data = StaffLeft(person="p-1")
    event = event_of(data, id="hr-1", source="/houserules/intake/westward/hr", organisation="westward", time=AT)
    assert decode("houserules.people", encode(event), TOPICS) == event


def test_an_outside_writer_may_leave_key_and_organisation_out_and_cannot_speak_as_us() -> None:
    wire = _changed(HR, ce_clauses=b"westward:3.6", ce_mode=b"observe", ce_organisation=None)._replace(key=None)
    event = decode(INBOUND, wire, TOPICS)
    assert (event.organisation, event.key, event.clauses, event.mode) == ("westward", "p-1", (), None)


def test_a_reader_ignores_what_it_does_not_name_and_on_shared_topics_what_it_does_not_know() -> None:
    assert read(MESSAGES, OURS, TOPICS, frozenset({"message-received"})) is None
    assert read(MESSAGES, _changed(OURS, ce_type=b"houserules.brand-new.v1"), TOPICS, frozenset()) is None
    assert read(INBOUND, HR, TOPICS, frozenset({"staff-joined"})) is None
