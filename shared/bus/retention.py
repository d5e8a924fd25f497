"""What the bus forgets: events in the inbox beyond the horizon."""

from datetime import timedelta

from shared.bus import inbox
from shared.bus.tx import Bus

__all__ = ["forget_old_events"]


async def forget_old_events(bus: Bus, horizon: timedelta = inbox.HORIZON, batch: int = inbox.BATCH) -> int:
    """Age out the inbox in transactions of up to `batch` rows; how many rows went. A service's job, once an hour."""
    gone = 0
    while True:
        async with bus.transaction() as tx:
            count = await inbox.age_out(tx, horizon=horizon, batch=batch)
        gone += count
        if count < batch:
            return gone
