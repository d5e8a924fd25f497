"""The outbox: records that wait in the database to be sent. Deleted when Kafka has acknowledged them."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.platform.db import column, sql

__all__ = ["Headers", "Outbox", "OutboxRow", "pack", "unpack"]

Headers = Sequence[tuple[str, bytes | None]]


class OutboxRow(NamedTuple):
    """One record to be sent. Without a `partition` its key decides."""

    organisation: str
    topic: str
    key: bytes | None
    headers: Headers
    body: bytes | None
    partition: int | None = None


class Executes(Protocol):
    """A transaction."""

    async def execute(self, sql: str, **params: Any) -> int:
        """Run one statement."""


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[tuple[str, bytes | None]])


def pack(headers: Headers) -> bytes:
    """Kafka headers as one value, byte for byte: they are a list, in which a name may come twice."""
    return _encoder.encode(headers)


def unpack(packed: bytes) -> list[tuple[str, bytes | None]]:
    """The inverse of `pack`."""
    return _decoder.decode(packed)


class Outbox:
    """SQL of the outbox that transactions run; the relay's is in `relay`."""

    INSERT = """
        insert into outbox (organisation, topic, partition, key, headers, body)
        select organisation, topic, cast(partition as int), decode(key, 'base64'), decode(headers, 'base64'),
               decode(body, 'base64')
        from rows from (
            json_array_elements_text(cast(:organisations as json)), json_array_elements_text(cast(:topics as json)),
            json_array_elements_text(cast(:partitions as json)), json_array_elements_text(cast(:keys as json)),
            json_array_elements_text(cast(:headers as json)), json_array_elements_text(cast(:bodies as json))
        ) with ordinality as o(organisation, topic, partition, key, headers, body, n)
        order by n
    """
    SPAN = "select coalesce(max(id) - min(id) + 1, 0) from outbox"
    ROWS = "select count(*) from (select from outbox limit :rows + 1) as o"
    AGE = """
        select extract(epoch from clock_timestamp() - created_at) from outbox order by id limit 1
    """

    @classmethod
    async def insert(cls, tx: Executes, rows: Sequence[OutboxRow]) -> None:
        """Add rows; their numbers follow their order here."""
        await tx.execute(cls.INSERT, **cls.parameters(rows))

    @classmethod
    def parameters(cls, rows: Sequence[OutboxRow]) -> dict[str, str]:
        """What INSERT takes, in the order of these rows."""
        organisations, topics, keys, headers, bodies, partitions = zip(*rows, strict=True)
        return {
            "organisations": column(organisations),
            "topics": column(topics),
            "partitions": column(partitions),
            "keys": column(keys),
            "headers": column(map(pack, headers)),
            "bodies": column(bodies),
        }

    @classmethod
    async def beyond(cls, connection: AsyncConnection, rows: int, age_s: float) -> bool:
        """More than `rows` wait, or the oldest longer than `age_s`. Counts only where the numbers' span allows it."""
        age = (await connection.execute(sql(cls.AGE))).scalar()
        if age is None or age > age_s:
            return age is not None
        span: int = (await connection.execute(sql(cls.SPAN))).scalar_one()
        if span <= rows:
            return False
        count: int = (await connection.execute(sql(cls.ROWS), {"rows": rows})).scalar_one()
        return count > rows
