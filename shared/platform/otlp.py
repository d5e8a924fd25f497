"""Spans to a collector, in batches from a thread of their own, by OTLP over HTTP."""

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Link, SpanContext

from shared.platform.tracing import SAMPLED, Span

__all__ = ["Sender"]

TIMEOUT_S = 5


class Sender:
    """What a service hands its spans to."""

    def __init__(self, service: str, endpoint: str) -> None:
        """`endpoint` is the collector's URL for traces."""
        self._resource = Resource({"service.name": f"houserules-{service}"})
        self.processor: SpanProcessor = BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint, timeout=TIMEOUT_S))

    def send(self, span: Span) -> None:
        """Have it sent with the next batch."""
        began = int(span.began * 1e9)
        self.processor.on_end(
            ReadableSpan(
                span.name,
                context=_context(span.trace, span.id),
                parent=None if span.parent is None else _context(span.trace, span.parent),
                resource=self._resource,
                attributes=dict(span.attributes),
                links=[] if span.link is None else [Link(span.link)],
                kind=span.kind,
                start_time=began,
                end_time=max(began, int(span.ended * 1e9)),
            )
        )

    def close(self) -> None:
        """Send what waits, and end."""
        self.processor.shutdown()


def _context(trace: int, span: int) -> SpanContext:
    return SpanContext(trace, span, is_remote=False, trace_flags=SAMPLED)
