"""What a transaction of access holds while it decides."""

import asyncio

from services.access.store.locks import lock_organisations
from tests.integration.access.landlord import Landlord
from tests.unit.access.said import left

BLOCKED = "select count(*) > 0 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"


async def _waits(house: Landlord, organisation: str) -> bool:
    """Whether a leaver of Westward waits as long as another transaction holds an organisation's register."""
    async with house.bus.transaction() as tx:
        await lock_organisations(tx, [organisation])
        hearing = asyncio.create_task(house.hear(left("p1")))
        while not (waits := await house.rows(BLOCKED) == [(True,)]) and not hearing.done():
            await asyncio.sleep(0.01)
    await hearing
    return waits


async def test_a_register_in_other_hands_is_waited_for(staffed: Landlord) -> None:
    """Two leavers at once are two in a row: neither counts on the other as an administrator."""
    assert await _waits(staffed, "westward")
    assert not await _waits(staffed, "wheatley")
