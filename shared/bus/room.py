"""Whether a door may take more on (P6)."""

from shared.bus.tx import Bus
from shared.platform.problem import unavailable

__all__ = ["room"]

AGAIN_S = 5


async def room(bus: Bus) -> None:
    """Raises a 503 problem with Retry-After while more waits to be sent than the outbox's budget allows."""
    if await bus.outbox_full():
        raise unavailable("Too much waits for Kafka already; nothing was stored. Send it again.", AGAIN_S)
