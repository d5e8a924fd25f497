"""An event of ours in memory: CloudEvents' attributes, our extensions, and data of a known contract."""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from shared.contracts.data import Data, Part
from shared.contracts.registry import CONTRACTS, contract_of

__all__ = ["Data", "Event", "Part", "event_of"]


class Event(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """CloudEvents 1.0 with our extensions.

    `name` has neither prefix nor version: `message-received` is `houserules.message-received.v1` on the wire. `key` is
    the entity: `subject`, `partitionkey` and Kafka key. `time` is when it happened; `clauses` are what it enforces.
    """

    id: str
    source: str
    name: str
    organisation: str
    key: str
    time: datetime
    data: Data
    clauses: tuple[str, ...] = ()
    correlation_id: str | None = None
    causation_id: str | None = None
    mode: str | None = None
    traceparent: str | None = None

    @property
    def topic(self) -> str:
        """The logical topic, `messages`."""
        return CONTRACTS[self.name].topic

    @property
    def type(self) -> str:
        """The type on the wire, `houserules.message-received.v1`."""
        return CONTRACTS[self.name].type


def event_of(
    data: Data,
    *,
    id: str,
    source: str,
    organisation: str,
    time: datetime,
    clauses: Iterable[str] = (),
    cause: Event | None = None,
    mode: str | None = None,
    traceparent: str | None = None,
) -> Event:
    """An event whose name and key follow from its data. With a `cause`, the story goes on from there.

    Raises KeyError for data of no contract, ValueError for data that names no entity to be keyed by.
    """
    contract = contract_of(type(data))
    return Event(
        id=id,
        source=source,
        name=contract.name,
        organisation=organisation,
        key=contract.key(data, organisation),
        time=time,
        data=data,
        clauses=tuple(clauses),
        correlation_id=(cause.correlation_id or cause.id) if cause else None,
        causation_id=cause.id if cause else None,
        mode=mode,
        traceparent=traceparent,
    )
