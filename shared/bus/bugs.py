"""How many of a partition's last records failed in our own code: too many stop it instead of draining its topic."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

__all__ = ["WINDOW", "Bugs"]

WINDOW = 1_000
LEAST = 20
SHARE = 0.01


@dataclass(slots=True)
class Bugs:
    """The count of one partition."""

    seen: int = 0
    failed: deque[int] = field(default_factory=deque)

    @classmethod
    def of(cls, next_offset: int, failed: Iterable[int]) -> "Bugs":
        """As it stands at an offset, by the offsets that failed before it: a stopped partition stays at its limit."""
        return cls(next_offset, deque(offset + 1 for offset in sorted(failed)))

    def count(self, records: int) -> None:
        """Records that went well."""
        self.seen += records

    def fail(self) -> bool:
        """One that did not; whether it is one too many."""
        self.seen += 1
        self.failed.append(self.seen)
        while self.failed and self.failed[0] <= self.seen - WINDOW:
            self.failed.popleft()
        return len(self.failed) >= LEAST and len(self.failed) > SHARE * min(self.seen, WINDOW)
