"""A story is one trace: every service names the same spans from the ids that events carry."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from msgspec.structs import replace
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor

from shared.bus.codec import decode, encode
from shared.bus.hand import Row
from shared.bus.outbox import pack
from shared.bus.records import Record
from shared.bus.stories import Begun, begun, carried, handled, sent
from shared.bus.topics import Topics
from shared.contracts import Event, event_of
from shared.contracts.messages import ConversationResolved
from shared.platform.ids import uuid7
from shared.platform.tracing import Span, SpanKind, Tracer, context_of, span_id, spoken, trace_id

COLLECTOR = "http://127.0.0.1:9/v1/traces"


class Heard(SpanProcessor):
    """In place of the sender: keeps what it is given."""

    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []

    def on_end(self, span: ReadableSpan) -> None:
        """Keep it."""
        self.spans.append(span)

    def shutdown(self) -> None:
        """Nothing to close."""


def tracer(ratio: float = 1.0) -> tuple[Tracer, Heard]:
    """A tracer that is on, and what it sends."""
    made, heard = Tracer("sla", COLLECTOR, ratio), Heard()
    assert made._sender is not None
    made._sender.close()
    made._sender.processor = heard
    return made, heard


def event(cause: Event | None = None, **more: object) -> Event:
    """One of sla's own making."""
    at = datetime(2026, 3, 23, 9, tzinfo=UTC)
    made = event_of(
        ConversationResolved(conversation="c", at=at),
        id=uuid7(), source="/houserules/sla", organisation="westward", time=at, cause=cause,
    )  # fmt: skip
    return replace(made, **more) if more else made


def row(told: Event) -> Row:
    """The event as it waits in the outbox."""
    wire = encode(told)
    return Row(1, "houserules.messages", None, wire.key, pack(wire.headers), wire.body, 1000.0, 0)


def record(told: Event) -> Record:
    """The event as it was read."""
    return Record(told, "houserules.messages", 2, 7, 0)


def test_off_nothing_is_added_to_an_event_and_nothing_is_sent() -> None:
    off, one = Tracer("sla"), event()
    assert not off.on
    assert carried(off, one) is one
    off.add(Span(name="x", trace=1, id=1, parent=None, began=0, ended=1, attributes={}))


def test_the_trace_of_a_story_is_the_id_of_its_first_event_and_goes_over_the_wire() -> None:
    on, _ = tracer()
    first = carried(on, event())
    second = carried(on, event(first))
    for each in (first, second):
        told = decode("houserules.messages", encode(each), Topics(frozenset({"westward"})))
        context = context_of(told.traceparent or "")
        assert context is not None
        assert context.trace_id == UUID(first.id).int
        assert context.span_id == span_id(each.id)


def test_spans_hang_together_over_services_that_tell_each_other_nothing() -> None:
    on, heard = tracer()
    first = carried(on, event())
    verdict = carried(on, event(first))
    begun(on, "sla", [Begun(first, datetime.fromtimestamp(998, UTC))], 999.0, 1000.0)
    sent(on, "sla", [row(first)], 1001.0)
    handled(on, "sla", "houserules-sla", [record(first)], 1002.0, 1003.0)
    sent(on, "sla", [row(verdict)], 1004.0)
    taken, begin, handling, end = heard.spans
    assert [span.name for span in heard.spans] == [
        "receive conversation-resolved",
        "send conversation-resolved",
        "process conversation-resolved",
        "send conversation-resolved",
    ]
    assert len({span.context.trace_id for span in heard.spans if span.context}) == 1
    assert taken.parent is None
    assert taken.start_time == 998 * 10**9
    assert begin.parent is not None and taken.context is not None
    assert begin.parent.span_id == taken.context.span_id
    assert handling.parent is not None and begin.context is not None
    assert handling.parent.span_id == begin.context.span_id
    assert end.parent is not None and handling.context is not None
    assert end.parent.span_id == handling.context.span_id
    assert (begin.start_time, begin.end_time) == (1000 * 10**9, 1001 * 10**9)


THEIRS = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_the_trace_of_a_deliverys_sender_is_linked_to_where_the_story_begins() -> None:
    on, heard = tracer()
    first = event()
    begun(on, "intake", [Begun(first, link=THEIRS), Begun(event(traceparent=THEIRS)), Begun(event())], 0, 1)
    assert [[link.context.trace_id for link in span.links] for span in heard.spans] == [
        [0x0AF7651916CD43DD8448EB211C80319C],
        [0x0AF7651916CD43DD8448EB211C80319C],
        [],
    ]
    span = heard.spans[0]
    assert span.parent is None
    assert span.context is not None and span.context.trace_id == trace_id(first.id)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (THEIRS, THEIRS),
        (THEIRS.replace("-01", "-00"), THEIRS),
        (f"cc-{THEIRS[3:]}-what-the-future-holds", THEIRS),
        ("", None),
        ("00-ada.lovelace@example.org", None),
        (f"00-{'0' * 32}-{'1' * 16}-01", None),
    ],
    ids=["as it is", "not sampled", "of a later version", "none", "no traceparent", "no trace"],
)
def test_of_a_traceparent_its_ids_are_kept_and_nothing_else(said: str, kept: str | None) -> None:
    assert spoken(said) == kept


def test_the_trace_of_an_outside_writer_is_linked_and_not_continued() -> None:
    on, heard = tracer()
    handled(on, "access", "g", [record(event(traceparent=THEIRS, source="/westward/hr"))], 0, 1)
    (span,) = heard.spans
    assert span.parent is None
    assert [link.context.span_id for link in span.links] == [0xB7AD6B7169203331]


def test_another_services_event_that_goes_on_from_here_is_not_claimed() -> None:
    on, heard = tracer()
    sent(on, "access", [row(carried(on, event()))], 1001.0)
    assert not heard.spans


@pytest.mark.parametrize(
    "headers",
    [
        [("ce_traceparent", b"00-1-1-01"), ("ce_source", b"/houserules/sla"), ("x-anything", b"\xff\x00")],
        [("ce_traceparent", b"\xff"), ("ce_source", b"/houserules/sla"), ("ce_id", b"1"), ("ce_type", b"")],
        [(f"ce_{name}", b"\xff") for name in ("traceparent", "source", "id", "type", "organisation")],
    ],
    ids=["no text", "half of an event", "an event of bytes"],
)
def test_a_dead_letter_with_an_outsiders_headers_is_sent_without_a_span(headers: list[tuple[str, bytes]]) -> None:
    on, heard = tracer()
    sent(
        on, "sla", [Row(1, "houserules.messages.houserules-sla.dlt", None, b"k", pack(headers), b"", 1000.0, 0)], 1001.0
    )
    assert not heard.spans


def test_a_story_is_traced_whole_or_not_at_all() -> None:
    half, _ = tracer(0.5)
    stories = [event() for _ in range(400)]
    traced = [one for one in stories if carried(half, one).traceparent]
    assert 100 < len(traced) < 300
    assert all(carried(half, event(one)).traceparent for one in traced)


@pytest.mark.parametrize(
    "text", ["", "00-1-2-01", "00-" + "0" * 32 + "-" + "0" * 16 + "-01", "00-" + "g" * 32 + "-" + "1" * 16 + "-01"]
)
def test_what_is_no_traceparent_is_none(text: str) -> None:
    assert context_of(text) is None


def test_ids_of_others_that_are_no_uuid_have_a_trace_too() -> None:
    assert trace_id("hr-4711") == trace_id("hr-4711") != trace_id("hr-4712")
    assert 0 < trace_id("hr-4711") < 1 << 128


def test_an_attribute_that_is_not_on_the_list_is_refused() -> None:
    on, _ = tracer()
    with pytest.raises(ValueError, match=r"not for spans: text"):
        on.add(
            Span(
                name="x",
                trace=1,
                id=1,
                parent=None,
                began=0,
                ended=1,
                kind=SpanKind.INTERNAL,
                attributes={"text": "boiler"},
            )
        )
