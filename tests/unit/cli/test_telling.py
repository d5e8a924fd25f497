"""One readable line an event, whatever is on the topic."""

from datetime import UTC, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest

from shared.bus.codec import encode, encode_structured
from shared.cli.records import describe, organisation_of
from shared.cli.telling import line
from shared.contracts import decode_data, event_of

LONDON = ZoneInfo("Europe/London")


class Read(NamedTuple):
    """As a Kafka client gives it."""

    key: bytes | None
    headers: Any
    value: bytes | None
    topic: str = "houserules.sla"
    partition: int = 2
    offset: int = 7


BREACH = event_of(
    decode_data(
        "sla-breach",
        b"""{"conversation": "0b6c1b9c-6d9a-5f7e-9c4c-2f6e0d1f7a11", "target": "t-1", "revision": 3, "cycle": 1,
        "kind": "response", "message": "m-1", "message_kind": "query", "site": "facebook",
        "started_at": "2026-03-27T16:30:00Z", "due_at": "2026-03-30T11:30:00Z", "policy": "westward/2023-26",
        "noticed_at": "2026-03-30T11:30:01Z"}""",
    ),
    id="e-1",
    source="/houserules/sla",
    organisation="westward",
    time=datetime(2026, 3, 30, 11, 30, 1, tzinfo=UTC),
    clauses=("westward:3.6", "westward:7.9"),
)


@pytest.mark.parametrize("mode", [encode, encode_structured])
def test_a_breach_in_one_line(mode: Any) -> None:
    wire = mode(BREACH)
    event = describe(Read(wire.key, wire.headers, wire.body))
    text = line(event, lambda organisation: LONDON)
    assert text.split("  ", 1)[0] == "Mon 30 Mar 12:30:01 BST"
    for part in ("westward", "sla-breach response query", "conversation …2f6e0d1f7a11", "message m-1"):
        assert part in text
    assert "due Mon 30 Mar 12:30  noticed Mon 30 Mar 12:30:01" in text
    assert text.endswith("[westward:3.6, westward:7.9]")


def test_what_is_missing_is_said_of_each() -> None:
    findings = [
        {"person": "t-3", "use": "u-1", "channel": "website", "decision": "block", "code": "no-consent"},
        {"person": "t-3", "use": "u-2", "channel": "press", "decision": "block", "code": "no-consent"},
        {"use": "u-1", "channel": "website", "decision": "block", "code": "background"},
    ]
    data = {"image": "i-1", "decision": "block", "findings": findings}
    event = {"topic": "houserules.consent", "type": "houserules.consent-missing.v1", "key": "i-1", "data": data}
    text = line(event | {"organisation": "westward"}, lambda organisation: LONDON)
    assert text.endswith("image i-1  t-3 no-consent, background")
    odds: list[Any] = ["x", ["x"], [{"person": {}}], {}]
    for odd in odds:
        assert "i-1" in line(event | {"data": {"image": "i-1", "findings": odd}}, lambda organisation: LONDON)


@pytest.mark.parametrize("mode", [encode, encode_structured])
def test_the_json_form_is_the_cloudevent_with_its_place(mode: Any) -> None:
    wire = mode(BREACH)
    event = describe(Read(wire.key, wire.headers, wire.body))
    assert (event["id"], event["type"], event["specversion"]) == ("e-1", "houserules.sla-breach.v1", "1.0")
    assert (event["topic"], event["partition"], event["offset"]) == ("houserules.sla", 2, 7)
    assert event["data"]["due_at"] == "2026-03-30T11:30:00Z"
    assert "undecodable" not in event


@pytest.mark.parametrize(
    ("headers", "value"),
    [
        ([], None),
        ([], b"{"),
        ([], b"\xff\xfe"),
        ([("ce_type", b"\xff"), ("ce_id", None)], b"[]"),
        ([("content-type", b"application/cloudevents+json")], b"[]"),
        ([("content-type", b"application/cloudevents+json")], b'{"data": 1, "time": 5, "type": null, "clauses": 3}'),
        ([("ce_type", b"houserules.x.v1"), ("ce_time", b"2026-03-30T11:30:01")], b'{"kind": {"a": 1}, "person": 5}'),
        ([("ce_type", b"\x1b[2Jboo")], b'{"person": "\\u001b[31mred\\n"}'),
    ],
)
def test_whatever_is_on_a_topic_makes_one_line_without_control_characters(headers: Any, value: bytes | None) -> None:
    event = describe(Read(b"\x00k", headers, value, "houserules.in.westward.people"))
    text = line(event, lambda organisation: LONDON)
    assert "westward" in text
    assert text.isprintable()


def test_on_an_inbound_topic_the_topic_says_whose_it_is() -> None:
    event = describe(Read(None, [("ce_organisation", b"wheatley")], b"{}", "houserules.in.westward.people"))
    assert organisation_of(event) == "westward"
