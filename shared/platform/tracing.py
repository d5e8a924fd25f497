"""Spans, sent to a collector by OTLP over HTTP where one is named; without one nothing is made and nothing is sent.

The ids are the caller's: services that know the same event name the same span, so that a story needs no context handed
on in memory. Attributes come from a list, as the logs' fields do.
"""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from opentelemetry.trace import SpanContext, SpanKind, TraceFlags

if TYPE_CHECKING:
    from shared.platform.otlp import Sender

__all__ = ["ATTRIBUTES", "Span", "SpanKind", "Tracer", "context_of", "span_id", "spoken", "trace_id"]

SAMPLED = TraceFlags(TraceFlags.SAMPLED)
RANDOM = 1 << 32
"""The part of a trace's id that is random: before it a UUIDv7 may count within a millisecond (RFC 9562, 6.2)."""
CLOSE_S = 1.5
ATTRIBUTES = frozenset(
    {
        "cloudevents.event_id",
        "cloudevents.event_type",
        "houserules.organisation",
        "messaging.consumer.group.name",
        "messaging.destination.name",
        "messaging.destination.partition.id",
        "messaging.kafka.offset",
        "messaging.system",
    }
)
"""What a span may tell: ids, names of types and topics, numbers."""


def trace_id(story: str) -> int:
    """The trace of a story: its first event's id, as a number where that is a UUID, else a digest of it."""
    try:
        return UUID(story).int or 1
    except ValueError:
        return int.from_bytes(hashlib.blake2b(story.encode(), digest_size=16).digest(), "big") or 1


def span_id(*parts: str) -> int:
    """The span of what these parts name."""
    return int.from_bytes(hashlib.blake2b("\0".join(parts).encode(), digest_size=8).digest(), "big") or 1


def context_of(traceparent: str) -> SpanContext | None:
    """The span that a `traceparent` names (W3C Trace Context, 3.2); None for one that is none."""
    parts = traceparent.split("-")
    if len(parts) < 4 or (len(parts[1]), len(parts[2])) != (32, 16):
        return None
    try:
        found = SpanContext(int(parts[1], 16), int(parts[2], 16), is_remote=True, trace_flags=SAMPLED)
    except ValueError:
        return None
    return found if found.is_valid else None


def spoken(traceparent: str) -> str | None:
    """A `traceparent` as it is kept: its ids and nothing else of what a caller wrote; None for one that is none."""
    found = context_of(traceparent)
    return None if found is None else f"00-{found.trace_id:032x}-{found.span_id:016x}-01"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Something that took time: instants in seconds since 1970 by the machine's clock."""

    name: str
    trace: int
    id: int
    parent: int | None
    began: float
    ended: float
    kind: SpanKind = SpanKind.INTERNAL
    attributes: Mapping[str, str | int]
    link: SpanContext | None = None
    """A span of another system's trace."""


class Tracer:
    """Sends the spans of whole stories: whether a story is traced follows from its trace alone, in every service."""

    def __init__(self, service: str, endpoint: str = "", ratio: float = 1.0) -> None:
        """`endpoint` is the collector's URL for traces (OTLP over HTTP); without one nothing is traced."""
        self._below = int(ratio * RANDOM) if endpoint else 0
        self._sender = _sender(service, endpoint) if endpoint else None

    @property
    def on(self) -> bool:
        """Whether any story is traced."""
        return self._sender is not None

    def traces(self, trace: int) -> bool:
        """Whether this one is."""
        return trace % RANDOM < self._below

    def add(self, span: Span) -> None:
        """Have a span sent. Raises ValueError for an attribute that is not on the list."""
        if self._sender is None or not self.traces(span.trace):
            return
        if not span.attributes.keys() <= ATTRIBUTES:
            raise ValueError(f"not for spans: {', '.join(sorted(span.attributes.keys() - ATTRIBUTES))}")
        self._sender.send(span)

    async def close(self) -> None:
        """Send what waits; a collector that does not answer is not waited for."""
        if self._sender is not None:
            closing = asyncio.get_running_loop().run_in_executor(None, self._sender.close)
            await asyncio.wait([closing], timeout=CLOSE_S)


def _sender(service: str, endpoint: str) -> "Sender":
    """Its libraries are read only where there is a collector: they would be a tenth of every start."""
    from shared.platform.otlp import Sender

    return Sender(service, endpoint)
