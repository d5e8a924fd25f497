"""What the bus forgets: events in the inbox beyond the horizon, and dead letters that were sent again or closed long ago."""

from datetime import timedelta

from shared.bus import inbox
from shared.bus.tx import Bus

__all__ = ["forget_old_events"]


KEPT = timedelta(days=30)
"""As long as the dead letter topics keep them. An open one stays until somebody has decided."""

DEALT_WITH = """
    delete from dead_letters
    where state <> 'open' and coalesce(closed_at, redriven_at) < clock_timestamp() - cast(:kept as interval)
"""


async def forget_old_events(bus: Bus, horizon: timedelta = inbox.HORIZON, batch: int = inbox.BATCH) -> int:
    """Age out the inbox in transactions of up to `batch` rows; how many events went. A service's job, once an hour."""
    gone = 0
    while True:
        async with bus.transaction() as tx:
            count = await inbox.age_out(tx, horizon=horizon, batch=batch)
        gone += count
        if count < batch:
            break
    async with bus.transaction() as tx:
        await tx.execute(DEALT_WITH, kept=KEPT)
    return gone
