"""Spans of time in rules, which a drill can make shorter, all of them and nothing else."""

import re
from dataclasses import dataclass

__all__ = ["Windows"]

SPAN = re.compile(r"<(\d+)([smhd])>")
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True, slots=True)
class Windows:
    """Turns `<5m>` in a rule into a span of Prometheus: the same, or `shrink` times shorter.

    `least` is the shortest window of a rate, in seconds: it must hold two scrapes.
    """

    shrink: float = 1.0
    least: float = 0.0

    def __call__(self, text: str) -> str:
        """The text with its spans."""
        return SPAN.sub(self._span, text)

    def _span(self, found: re.Match[str]) -> str:
        if self.shrink == 1.0:
            return found[1] + found[2]
        seconds = max(self.least, int(found[1]) * SECONDS[found[2]] / self.shrink)
        return f"{max(1, round(seconds * 1000))}ms"
