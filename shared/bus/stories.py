"""A story is one trace: from the delivery that began it to a verdict that comes weeks later, by a timer.

Trace and spans follow from ids that every event carries (`correlationid`, `causationid` and its own), so nothing is
stored for a trace, and no service has to be told the others' spans. A trace that an outside writer's system began is
linked to, not continued: at the boundary of trust it begins anew (W3C Trace Context, 4.4).
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from msgspec.structs import replace

from shared.bus.hand import Row
from shared.bus.outbox import unpack
from shared.bus.records import Record
from shared.contracts.event import Event
from shared.platform.tracing import Span, SpanKind, Tracer, context_of, span_id, trace_id

__all__ = ["Begun", "begun", "carried", "handled", "sent", "story_of"]

SYSTEM = {"messaging.system": "kafka"}
BEGUN = "begun"
SPOKEN = {"ce_traceparent", "ce_source", "ce_id", "ce_type", "ce_organisation"}
"""What an event of ours has."""


def story_of(event: Event) -> str:
    """The id of the event that began the story."""
    return event.correlation_id or event.id


def carried(tracer: Tracer, event: Event) -> Event:
    """The event with the `traceparent` of its story, where that is traced."""
    if not tracer.on or event.traceparent is not None:
        return event
    trace = trace_id(story_of(event))
    return replace(event, traceparent=f"00-{trace:032x}-{span_id(event.id):016x}-01") if tracer.traces(trace) else event


class Begun(NamedTuple):
    """An event that no other caused: when what it tells of came in, and the `traceparent` that it came with, if any."""

    event: Event
    since: datetime | None = None
    link: str | None = None


def begun(tracer: Tracer, service: str, events: Iterable[Begun], began: float, ended: float) -> None:
    """A span for what nobody's event caused: a delivery from when it was taken in, else a door's or a job's work.

    It is linked to the span of whoever sent what it tells of, where they said one.
    """
    for event, since, link in events:
        theirs = link or event.traceparent
        tracer.add(
            Span(
                name=f"{'receive' if since else 'decide'} {event.name}",
                trace=trace_id(story_of(event)),
                id=span_id(event.id, BEGUN),
                parent=None,
                link=context_of(theirs) if theirs else None,
                began=since.timestamp() if since else began,
                ended=ended,
                kind=SpanKind.SERVER if since else SpanKind.INTERNAL,
                attributes={
                    "cloudevents.event_id": event.id,
                    "cloudevents.event_type": event.type,
                    "houserules.organisation": event.organisation,
                },
            )
        )


def handled(tracer: Tracer, service: str, group: str, records: Iterable[Record], began: float, ended: float) -> None:
    """A span for the handling of each record, below the one of its event."""
    for record in records:
        event = record.event
        trace, own = trace_id(story_of(event)), span_id(event.id)
        theirs = context_of(event.traceparent) if event.traceparent else None
        foreign = theirs if theirs is not None and (theirs.trace_id, theirs.span_id) != (trace, own) else None
        tracer.add(
            Span(
                name=f"process {event.name}",
                trace=trace,
                id=span_id(event.id, service),
                parent=own if foreign is None else None,
                link=foreign,
                began=began,
                ended=ended,
                kind=SpanKind.CONSUMER,
                attributes=SYSTEM
                | {
                    "messaging.consumer.group.name": group,
                    "messaging.destination.name": record.topic,
                    "messaging.destination.partition.id": str(record.partition),
                    "messaging.kafka.offset": record.offset,
                    "cloudevents.event_id": event.id,
                    "cloudevents.event_type": event.type,
                    "houserules.organisation": event.organisation,
                },
            )
        )


def sent(tracer: Tracer, service: str, rows: Sequence[Row], ended: float) -> None:
    """A span for each of our events that Kafka has acknowledged: from its commit, below the handling that caused it.

    Dead letters and redrives go with whatever headers an outsider gave them: they may be no text, or half of an event's.
    """
    for row in rows:
        headers = {name: value.decode(errors="replace") for name, value in unpack(row.headers) if value is not None}
        if not headers.keys() >= SPOKEN or headers["ce_source"] != f"/houserules/{service}":
            continue
        if not headers["ce_type"].startswith("houserules."):
            continue
        event, cause = headers["ce_id"], headers.get("ce_causationid")
        tracer.add(
            Span(
                name=f"send {headers['ce_type'].split('.')[1]}",
                trace=trace_id(headers.get("ce_correlationid") or event),
                id=span_id(event),
                parent=span_id(cause, service) if cause else span_id(event, BEGUN),
                began=row.at,
                ended=ended,
                kind=SpanKind.PRODUCER,
                attributes=SYSTEM
                | {
                    "messaging.destination.name": row.topic,
                    "cloudevents.event_id": event,
                    "cloudevents.event_type": headers["ce_type"],
                    "houserules.organisation": headers["ce_organisation"],
                },
            )
        )
