"""Where this process stands in one partition."""

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from shared.bus.deadletters import Raw

__all__ = ["Track"]


@dataclass(slots=True)
class Track:
    """One partition: what is applied, how far records were taken from the client, and why it is held, if it is."""

    topic_id: UUID | None
    applied: int
    polled: int
    held: str | None = None
    until: float | None = None
    since: float = 0.0
    """When the position last moved, or nothing was last seen to wait behind it; Unix time."""
    stamps: deque[tuple[int, int]] = field(default_factory=deque)
    """Offset and Kafka timestamp, in milliseconds, of the records that were taken and are not applied."""

    def took(self, start: int, raws: Sequence[Raw]) -> None:
        """Records from `start` on were taken; those that were taken before and dropped come again."""
        while self.stamps and self.stamps[-1][0] >= start:
            self.stamps.pop()
        self.stamps.extend((raw.offset, raw.timestamp) for raw in raws)

    def moved(self, offset: int) -> None:
        """All before `offset` is applied."""
        self.applied, self.since = offset, time.time()
        while self.stamps and self.stamps[0][0] < offset:
            self.stamps.popleft()

    def applied_until(self, end: int, now: float) -> float:
        """The instant, in Unix time, before which everything that was written is applied, where the log ends at `end`.

        It is the Kafka timestamp of the record at the position, so that a process that is started again says the same as
        the one before it. Of a record that could not be taken, or that is stamped ahead of `now`, it is when the position
        last moved: a lower bound, with which the record seems to have waited for longer than it has.
        """
        if end <= self.applied:
            self.since = now
            return now
        stamp = self.stamps[0][1] / 1000 if self.stamps else now + 1
        return stamp if stamp <= now else self.since
