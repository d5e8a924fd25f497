"""What intake hears of sla: each target at its highest revision, beside the text it is about."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.intake import handlers
from services.intake.domain.deadlines import STATES
from shared.bus import Batch, Record
from shared.contracts import CONTRACTS, Event, event_of, sla
from shared.platform.ids import uuid7
from tests.integration.intake.house import NOW, House

AT = NOW + timedelta(hours=1)
MORE: dict[str, dict[str, Any]] = {
    "sla-started": {"warn_at": ()},
    "sla-warning": {"at": AT, "remaining_s": 60},
    "sla-breach": {"noticed_at": AT},
    "sla-met": {"settled_at": AT, "working_s": 1, "elapsed_s": 1},
    "sla-late-answer": {"settled_at": AT, "working_s": 1, "elapsed_s": 1},
    "sla-breach-retracted": {"breach": "e-1", "reason": "answered-in-time"},
    "sla-exempted": {"at": AT, "reason": "offensive"},
    "sla-waived": {"at": AT, "reason": "no-reply-needed"},
    "sla-voided": {"at": AT, "reason": "deleted-by-author"},
    "sla-withdrawn": {"at": AT, "reason": "edited"},
    "sla-recalculated": {"previous_due_at": AT, "reason": "calendar-changed"},
}
RUNNING = {"sla-started", "sla-warning", "sla-recalculated", "sla-breach", "sla-breach-retracted"}


def told(
    item: dict[str, Any],
    name: str = "sla-started",
    revision: int = 1,
    *,
    hours: float = 4,
    target: str = "t-1",
    organisation: str = "westward",
    **more: Any,
) -> Event:
    """An event of sla about an item, due some hours after now."""
    data = CONTRACTS[name].data(
        conversation=item["conversation"],
        target=target,
        revision=revision,
        cycle=1,
        kind="response",
        message=item["message"],
        message_kind="query",
        site="facebook",
        started_at=NOW,
        due_at=NOW + timedelta(hours=hours),
        policy="westward/2023-26",
        **(MORE[name] | more),
    )
    return event_of(data, id=uuid7(), source="/houserules/sla", organisation=organisation, time=NOW)


async def hear(house: House, *events: Event) -> None:
    """One batch, as the consumer hands it over."""
    records = [Record(event, "houserules.sla", 0, number, 0) for number, event in enumerate(events)]
    async with house.service.app.state.bus.transaction() as tx:
        await handlers.sla(Batch("sla", records), tx)


async def written(house: House, organisation: str = "westward", **changes: Any) -> dict[str, Any]:
    await house.write(organisation, **changes)
    await house.settle()
    return await house.item(organisation, str(changes.get("message", "m-1")))


def due(hours: float) -> str:
    return f"{NOW + timedelta(hours=hours):%Y-%m-%dT%H:%M:%SZ}"


async def test_an_open_item_shows_when_it_is_due(house: House) -> None:
    item = await written(house)
    assert item["due_at"] is None
    await hear(house, told(item))
    assert (await house.item())["due_at"] == due(4)
    whole = (await house.client.get(f"/items/{item['message']}", headers=house.staff("westward"))).json()
    assert (whole["due_at"], whole["targets"]) == (
        due(4),
        [{"target": "t-1", "message": item["message"], "kind": "response", "revision": 1, "state": "open",
          "started_at": due(0), "due_at": due(4)}],
    )  # fmt: skip


@pytest.mark.parametrize("name", MORE)
async def test_each_event_says_whether_something_is_still_owed(house: House, name: str) -> None:
    item = await written(house)
    await hear(house, told(item), told(item, name, 2, hours=5))
    assert (await house.item())["due_at"] == (due(5) if name in RUNNING else None)


def test_every_event_about_a_target_is_heard() -> None:
    assert set(MORE) == set(STATES) == {name for name, (data, _) in sla.EVENTS.items() if issubclass(data, sla.Target)}


async def test_a_retraction_for_an_older_message_ends_the_target(house: House) -> None:
    item = await written(house)
    await hear(house, told(item, "sla-breach", 2), told(item, "sla-breach-retracted", 3, reason="opened-earlier"))
    assert (await house.item())["due_at"] is None


ORDERS: list[tuple[str, Sequence[Sequence[int]]]] = [
    ("in order", [[0], [1], [2]]),
    ("in one batch", [[0, 1, 2]]),
    ("backwards", [[2], [1], [0]]),
    ("backwards in one batch", [[2, 1, 0]]),
    ("the first again", [[0], [1], [2], [0]]),
    ("all twice", [[0, 1], [0, 1, 2], [2, 1]]),
]


@pytest.mark.parametrize(("name", "order"), ORDERS, ids=[name for name, _ in ORDERS])
async def test_the_highest_revision_holds_however_often_and_in_what_order_it_is_told(
    house: House, name: str, order: Sequence[Sequence[int]]
) -> None:
    item = await written(house)
    story = [told(item), told(item, "sla-recalculated", 2, hours=6), told(item, "sla-breach", 3, hours=6)]
    for batch in order:
        await hear(house, *(story[number] for number in batch))
    row = await house.rows.fetchrow("select state, revision, due_at from targets")
    assert (row["state"], row["revision"], row["due_at"]) == ("breached", 3, NOW + timedelta(hours=6))


async def test_an_open_item_has_its_conversations_deadline_and_a_hidden_one_its_own(house: House) -> None:
    first = await written(house)
    await written(house, message="m-2", text="When then?")
    await hear(house, told(first))
    assert (await house.item(external="m-2"))["due_at"] == due(4)
    second = await house.item(external="m-2")
    await house.client.post(
        f"/items/{second['message']}/hide", json={"reason": "other"}, headers=house.staff("westward")
    )
    assert (await house.item(external="m-2"))["due_at"] is None
    await hear(house, told(second, target="t-2", hours=9))
    assert (await house.item(external="m-2"))["due_at"] == due(9)


async def test_two_organisations_targets_are_two(house: House) -> None:
    ours, theirs = await written(house), await written(house, "wheatley")
    await hear(house, told(ours, hours=1), told(theirs, hours=2, organisation="wheatley"))
    assert (await house.item())["due_at"] == due(1)
    assert (await house.item("wheatley"))["due_at"] == due(2)
    listed = await house.client.get("/items", params={"order": "due"}, headers=house.staff("wheatley"))
    assert [item["message"] for item in listed.json()["items"]] == [theirs["message"]]
    await hear(house, told(ours, "sla-met", 2))
    assert (await house.item("wheatley"))["due_at"] == due(2)


async def listed(house: House, **params: Any) -> list[str]:
    """The senders' ids of what is listed by time left, page by page."""
    found: list[str] = []
    while True:
        wish: dict[str, Any] = {"order": "due", "limit": 2} | params
        answer = await house.client.get("/items", params=wish, headers=house.staff("westward"))
        assert answer.status_code == 200, answer.text
        found += [item["external"] for item in answer.json()["items"]]
        if answer.json()["next"] is None:
            return found
        params["cursor"] = answer.json()["next"]


async def test_the_list_by_time_left_begins_with_the_least(house: House) -> None:
    dues: dict[str, float | None] = {"m-1": 4, "m-2": 2, "m-3": None, "m-4": -1, "m-5": 2, "m-6": None}
    items: dict[str, dict[str, Any]] = {}
    for number, (message, hours) in enumerate(dues.items()):
        posted: datetime = NOW - timedelta(minutes=number)
        items[message] = await written(house, message=message, conversation=message, posted_at=posted)
        if hours is not None:
            await hear(house, told(items[message], target=message, hours=hours))
    assert await listed(house) == ["m-4", "m-5", "m-2", "m-1", "m-6", "m-3"]
    assert await listed(house, limit=50) == await listed(house, limit=1) == await listed(house)
    answered = await house.client.post(f"/items/{items['m-4']['message']}/reply", headers=house.staff("westward"))
    assert answered.status_code == 200
    assert (await listed(house))[0] == "m-4", "its target is not settled before sla says so"
    await hear(house, told(items["m-4"], "sla-met", 2, target="m-4"))
    assert await listed(house) == ["m-5", "m-2", "m-1", "m-6", "m-3"]
    assert await listed(house, state="answered") == ["m-4"]
    assert await listed(house, kind="thanks") == await listed(house, site="x") == []
    assert await listed(house, external="m-1") == ["m-1"]


async def test_a_cursor_of_the_other_order_is_400(house: House) -> None:
    for number in range(3):
        await written(house, message=f"m-{number}")
    staff = house.staff("westward")
    for order, other in (("due", "newest"), ("newest", "due")):
        page = (await house.client.get("/items", params={"order": order, "limit": 1}, headers=staff)).json()
        crossed = await house.client.get("/items", params={"order": other, "cursor": page["next"]}, headers=staff)
        assert crossed.status_code == 400
