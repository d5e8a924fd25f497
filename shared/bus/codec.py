"""CloudEvents 1.0 over Kafka."""

from typing import NamedTuple

from shared.contracts.event import Event

__all__ = ["Wire", "encode"]


class Wire(NamedTuple):
    """One Kafka record's content."""

    key: bytes | None
    headers: list[tuple[str, bytes]]
    body: bytes | None


def encode(event: Event) -> Wire:
    """An event as a Kafka record."""
    raise NotImplementedError
