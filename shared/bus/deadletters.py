"""Dead letters: records that could not be applied, kept byte for byte, listed, and sent again once the cause is mended.

One that can never be read is closed by somebody, who says why.

A dead-lettered event is not in the inbox, so its redrive (same bytes, same id) is applied.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import Row

from shared.bus.outbox import Headers, OutboxRow, pack, unpack
from shared.bus.positions import Partition, Position
from shared.platform.audit import audit
from shared.platform.ids import uuid7

if TYPE_CHECKING:
    from shared.bus.tx import Tx

__all__ = ["DeadLetter", "Raw", "attributes_of", "bury", "close", "find", "listed", "recent_bugs", "redrive"]


MIB = 1024 * 1024
SLACK = 16 * 1024
"""More than Kafka adds to a record and its batch."""

LARGEST_LETTER = 5 * MIB - SLACK
LARGEST_REDRIVE = 4 * MIB - SLACK
"""What a dead letter topic takes, and the topic that the record came from. A record that came compressed may be more."""


class Raw(Protocol):
    """A record as it was read from Kafka; timestamp in milliseconds."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Headers


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A record and why it could not be applied. Neither `detail` nor `error_class` holds anything of the payload."""

    raw: Raw
    code: str
    detail: str
    error_class: str
    organisation: str | None = None

    @property
    def message(self) -> str:
        """One line that begins with the code."""
        return f"{self.code}: {self.detail}".replace("\0", "")[:500]

    def row(self, topic: str, group: str) -> OutboxRow:
        """The record for the dead letter topic: as it came, with our notes behind its headers.

        One that the topic could not take goes without its body, whose size and digest are noted; the table has it.
        """
        raw, notes = self.raw, self._notes(group)
        organisation = self.organisation or ""
        headers = [*raw.headers, *notes]
        if _size(raw.key, headers) + len(raw.value or b"") <= LARGEST_LETTER:
            return OutboxRow(organisation, topic, raw.key, headers, raw.value)
        body = raw.value or b""
        notes += [
            ("dlt-body-bytes", str(len(body)).encode()),
            ("dlt-body-sha256", hashlib.sha256(body).hexdigest().encode()),
        ]
        headers = [*raw.headers, *notes]
        if _size(raw.key, headers) <= LARGEST_LETTER:
            return OutboxRow(organisation, topic, raw.key, headers, None)
        return OutboxRow(organisation, topic, None, notes, None)

    def _notes(self, group: str) -> list[tuple[str, bytes | None]]:
        notes = {
            "dlt-original-topic": self.raw.topic,
            "dlt-original-partition": self.raw.partition,
            "dlt-original-offset": self.raw.offset,
            "dlt-original-timestamp": self.raw.timestamp,
            "dlt-original-consumer-group": group,
            "dlt-error-class": self.error_class,
            "dlt-error-message": self.message,
        }
        return [(name, str(value).encode()) for name, value in notes.items()]


def _size(key: bytes | None, headers: Headers) -> int:
    return len(key or b"") + sum(len(name.encode()) + len(value or b"") + 10 for name, value in headers)


INSERT = """
    insert into dead_letters (id, consumer_group, topic, partition, log_offset, log_timestamp, organisation, code,
                              error_class, message, key, headers, body)
    select id, :group, topic, partition, log_offset, log_timestamp, organisation, code, error_class, message, key,
           headers, body
    from unnest(cast(:ids as text[]), cast(:topics as text[]), cast(:partitions as int[]), cast(:offsets as bigint[]),
                cast(:timestamps as timestamptz[]), cast(:organisations as text[]), cast(:codes as text[]),
                cast(:classes as text[]), cast(:messages as text[]), cast(:keys as bytea[]),
                cast(:headers as bytea[]), cast(:bodies as bytea[]))
         as d(id, topic, partition, log_offset, log_timestamp, organisation, code, error_class, message, key, headers,
              body)
    order by topic, partition, log_offset
    on conflict (consumer_group, topic, partition, log_offset, digest) do update
    set code = excluded.code, error_class = excluded.error_class, message = excluded.message, at = excluded.at,
        state = 'open', redriven_at = null, redriven_by = null, closed_at = null, closed_by = null, closed_reason = null,
        log_timestamp = excluded.log_timestamp,
        organisation = excluded.organisation
"""

RECENT_BUGS = """
    select distinct d.topic, d.partition, d.log_offset
    from dead_letters d
    join unnest(cast(:topics as text[]), cast(:partitions as int[]), cast(:nexts as bigint[]))
         as p(topic, partition, next_offset)
         on d.topic = p.topic and d.partition = p.partition
            and d.log_offset < p.next_offset and d.log_offset >= p.next_offset - :window
    where d.consumer_group = :group and d.code = 'bug' and d.state = 'open'
"""

COLUMNS = """
    id, consumer_group, topic, partition, log_offset, log_timestamp, organisation, code, error_class, message, at,
    state, redriven_at, redriven_by, closed_at, closed_by, closed_reason
"""

LIST = f"""
    select {COLUMNS}
    from dead_letters
    where (cast(:state as text) is null or state = :state)
      and (cast(:topic as text) is null or topic = :topic)
      and (cast(:after as text) is null or id > :after)
    order by id
    limit :limit
"""

FIND = f"select {COLUMNS}, key, headers, coalesce(octet_length(body), 0) as size from dead_letters where id = :id"

CLAIM = """
    update dead_letters
    set state = 'redriven', redriven_at = clock_timestamp(), redriven_by = :actor
    where state = 'open'
      and octet_length(headers) + coalesce(octet_length(key), 0) + coalesce(octet_length(body), 0) <= :largest
      and id = any(array(
        select id from dead_letters where id = any(cast(:ids as text[])) order by topic, partition, log_offset
        for update))
    returning id, organisation, topic, partition, log_offset, code, key, headers, body
"""

CLOSE = """
    update dead_letters
    set state = 'closed', closed_at = clock_timestamp(), closed_by = :actor, closed_reason = :reason
    where id = :id and state = 'open'
    returning id, organisation, topic, partition, log_offset, code
"""


async def bury(tx: "Tx", group: str, letters: Sequence[DeadLetter]) -> None:
    """List dead letters and send them to their topics, in the transaction that moves the position past them.

    The row of a record that was buried before (the topic was read again from there) is renewed. Another record at its
    offset, of a topic made anew, has a row of its own.
    """
    if not letters:
        return
    raws = [letter.raw for letter in letters]
    await tx.execute(
        INSERT,
        group=group,
        ids=[uuid7() for _ in letters],
        topics=[raw.topic for raw in raws],
        partitions=[raw.partition for raw in raws],
        offsets=[raw.offset for raw in raws],
        timestamps=[datetime.fromtimestamp(max(raw.timestamp, 0) / 1000, UTC) for raw in raws],
        organisations=[letter.organisation for letter in letters],
        codes=[letter.code for letter in letters],
        classes=[letter.error_class for letter in letters],
        messages=[letter.message for letter in letters],
        keys=[raw.key for raw in raws],
        headers=[pack(raw.headers) for raw in raws],
        bodies=[raw.value for raw in raws],
    )
    for letter in letters:
        tx.publish(letter.row(tx.topics.dead(letter.raw.topic, group), group))


async def recent_bugs(
    tx: "Tx", group: str, stored: Mapping[Partition, Position], window: int
) -> dict[Partition, list[int]]:
    """The offsets of open dead letters that were bugs, among each partition's last `window` before its position."""
    rows = await tx.fetch(
        RECENT_BUGS,
        group=group,
        window=window,
        topics=[p.topic for p in stored],
        partitions=[p.partition for p in stored],
        nexts=[position.next_offset for position in stored.values()],
    )
    found: dict[Partition, list[int]] = {}
    for row in rows:
        found.setdefault(Partition(row.topic, row.partition), []).append(row.log_offset)
    return found


async def listed(
    tx: "Tx", *, state: str | None = None, topic: str | None = None, after: str | None = None, limit: int = 100
) -> Sequence[Row[Any]]:
    """Dead letters in the order in which they came, behind the one with id `after`."""
    return await tx.fetch(LIST, state=state, topic=topic, after=after, limit=limit)


async def find(tx: "Tx", letter_id: str) -> Row[Any] | None:
    """One dead letter, with its headers packed and the size of its body."""
    rows = await tx.fetch(FIND, id=letter_id)
    return rows[0] if rows else None


async def redrive(tx: "Tx", ids: Sequence[str], actor: str) -> list[str]:
    """Send open dead letters again to the topic and partition that they came from, as they came; those it sent.

    One that its topic would refuse, uncompressed as we write, stays open.
    """
    rows = await tx.fetch(CLAIM, ids=list(ids), actor=actor, largest=LARGEST_REDRIVE)
    for row in sorted(rows, key=lambda r: (r.topic, r.partition, r.log_offset)):
        organisation = row.organisation or ""
        tx.publish(OutboxRow(organisation, row.topic, row.key, unpack(row.headers), row.body, row.partition))
        await _note(tx, "redrive dead letter", row, actor)
    return [row.id for row in rows]


async def close(tx: "Tx", letter_id: str, actor: str, reason: str) -> bool:
    """Say that nothing more is to be done about an open dead letter, and why; False where it is not open. It is kept."""
    rows = await tx.fetch(CLOSE, id=letter_id, actor=actor, reason=reason)
    for row in rows:
        await _note(tx, "close dead letter", row, actor, reason)
    return bool(rows)


async def _note(tx: "Tx", action: str, row: Row[Any], actor: str, reason: str | None = None) -> None:
    """The audit's entry of what somebody did about a letter."""
    await audit(
        tx,
        organisation=row.organisation or "",
        actor=actor,
        action=action,
        subject=row.id,
        at=tx.now,
        reason=reason,
        after={"topic": row.topic, "partition": row.partition, "offset": row.log_offset, "code": row.code},
    )


def attributes_of(packed: bytes) -> dict[str, str]:
    """The CloudEvents attributes of a dead letter's headers, for people; whatever is not text is left out."""
    shown = {}
    for name, value in unpack(packed):
        if value is not None and (name.startswith("ce_") or name == "content-type"):
            shown[name] = value.decode(errors="replace")[:200]
    return shown
