"""How long to wait before the next attempt at what is away."""

import random

__all__ = ["LONGEST_S", "jitter"]

FIRST_S, LONGEST_S = 0.1, 30.0
DOUBLINGS = 20
"""Beyond these the pause is the longest anyhow, and a day's outage has thousands of attempts: no float holds 2 to that."""


def jitter(attempt: int, least: float = 0.0) -> float:
    """Seconds, by full jitter: from `least` to 0.1 s, doubled with each attempt, 30 s at the most."""
    return random.uniform(least, min(LONGEST_S, FIRST_S * 2.0 ** min(attempt, DOUBLINGS)))
