"""The promises of the two policies, row by row, as a landlord's outside world meets them.

Each test is named by its row of the list of promises: what is posted to the webhook door, what Communications decide
through the API, and what is then on Kafka, to the second. Times are London's.
"""

import pytest

from tests.e2e.conversation import COMPLAINT, OFFENSIVE, QUERY, Conversation
from tests.e2e.world import World, eventually

WESTWARD, WHEATLEY = "westward", "wheatley"
HALF_A_DAY = "westward:3.6"
RESPONDING = "wheatley:responding-to-customers"
CLAUSE = {WESTWARD: HALF_A_DAY, WHEATLEY: RESPONDING}

DEADLINES = [
    ("S1", WESTWARD, COMPLAINT, "2026-03-23 13:00", "2026-03-23 17:00"),
    ("S1", WESTWARD, QUERY, "2026-03-20 16:30", "2026-03-23 12:30"),
    ("S1", WESTWARD, QUERY, "2026-03-21 11:00", "2026-03-23 13:00"),
    ("S1", WESTWARD, QUERY, "2026-03-27 16:00", "2026-03-30 12:00"),
    ("S1", WESTWARD, COMPLAINT, "2026-04-02 15:00", "2026-04-07 11:00"),
    ("S3", WHEATLEY, COMPLAINT, "2026-03-20 16:30", "2026-03-23 16:30"),
    ("S3", WHEATLEY, COMPLAINT, "2026-04-02 15:00", "2026-04-06 15:00"),
    ("S3", WHEATLEY, COMPLAINT, "2026-06-12 10:00", "2026-06-16 10:00"),
    ("S4", WHEATLEY, QUERY, "2026-03-22 23:59", "2026-03-24 00:00"),
]


@pytest.mark.parametrize(
    ("row", "organisation", "text", "posted", "due"), DEADLINES, ids=[f"{d[0]} {d[1]} {d[3]}" for d in DEADLINES]
)
async def test_due_times_of_the_rows_examples_are_kept_to_the_second(
    world: World, row: str, organisation: str, text: str, posted: str, due: str
) -> None:
    conversation, clause = Conversation(world, organisation), CLAUSE[organisation]
    await conversation.wrote(posted, text)
    until_due = await conversation.later(due, clause)
    assert until_due[0].startswith(f"started: due {due},")
    assert not any("breach" in said for said in until_due)
    assert await conversation.later(f"{due}:01", clause) == [f"breach: due {due}, noticed {due}:01"]


async def test_S1_a_query_is_warned_twice_and_breaches_once_exactly_later_than_due(world: World) -> None:
    query = Conversation(world, WESTWARD)
    await query.wrote("2026-03-23 09:00")
    due, half, last = "2026-03-23 13:00", "2026-03-23 11:00", "2026-03-23 12:30"
    assert await query.told(HALF_A_DAY) == [f"started: due {due}, warn {[half, last]}"]
    assert await query.later("2026-03-23 10:59:59", HALF_A_DAY) == []
    assert await query.later("2026-03-23 11:00", HALF_A_DAY) == [f"warning: 120 minutes from {half}"]
    assert await query.later("2026-03-23 12:30", HALF_A_DAY) == [f"warning: 30 minutes from {last}"]
    assert await query.later("2026-03-23 13:00", HALF_A_DAY) == []
    assert await query.later("2026-03-23 13:00:01", HALF_A_DAY) == [f"breach: due {due}, noticed {due}:01"]
    await query.answered("2026-03-23 14:00")
    assert await query.told(HALF_A_DAY) == ["late answer: 2026-03-23 14:00 after 300 working minutes"]
    assert await query.later("2026-03-25 17:00", HALF_A_DAY) == []
    shown = await query.shown()
    assert [(target["kind"], target["state"]) for target in shown["targets"]] == [("response", "breached")]
    assert shown["state"] == "answered"


async def test_S1_an_answer_at_the_due_time_is_in_time_and_opens_no_second_verdict(world: World) -> None:
    complaint = Conversation(world, WESTWARD)
    await complaint.wrote("2026-03-27 16:30", COMPLAINT)
    assert len(await complaint.told(HALF_A_DAY)) == 1
    await complaint.answered("2026-03-30 12:30")
    assert await complaint.told(HALF_A_DAY) == ["met: 2026-03-30 12:30 after 240 working minutes"]
    assert await complaint.later("2026-03-31 17:00", HALF_A_DAY) == []


async def test_S1_an_answer_that_is_late_but_heard_before_the_timer_looked_breaches_all_the_same(world: World) -> None:
    """Whether the answer or the timer is first once the row is free is for the database to say: until the answer was."""
    told: list[str] = []
    for _ in range(3):
        query = Conversation(world, WESTWARD)
        await query.wrote("2026-03-23 09:00")
        assert len(await query.told(HALF_A_DAY)) == 1
        row = f"select from conversations where conversation = '{(await query.item())['conversation']}' for update"
        async with world.held("sla", row):  # the timer leaves a row that another holds; the answer waits
            await query.answered("2026-03-23 13:00:01", heard="2026-03-23 13:05")
            await eventually(lambda: world.waits("sla", "insert into conversations"), "sla has heard the answer")
        told = await query.told(HALF_A_DAY)
        assert told[0].startswith("breach: due 2026-03-23 13:00, noticed 2026-03-23 13:05")
        if told[0].endswith("settled 2026-03-23 13:00:01"):
            break
    assert told == [
        "breach: due 2026-03-23 13:00, noticed 2026-03-23 13:05, settled 2026-03-23 13:00:01",
        "late answer: 2026-03-23 13:00:01 after 240.017 working minutes",
    ]


async def test_S3_a_complaint_has_24_hours_of_working_dates_and_is_warned_at_half_and_an_hour_before(
    world: World,
) -> None:
    complaint = Conversation(world, WHEATLEY)
    await complaint.wrote("2026-03-23 10:00", COMPLAINT)
    due, half, last = "2026-03-24 10:00", "2026-03-23 22:00", "2026-03-24 09:00"
    assert await complaint.told(RESPONDING) == [f"started: due {due}, warn {[half, last]}"]
    assert await complaint.later(half, RESPONDING) == [f"warning: 720 minutes from {half}"]
    assert await complaint.later(last, RESPONDING) == [f"warning: 60 minutes from {last}"]
    assert await complaint.later(due, RESPONDING) == []
    assert await complaint.later(f"{due}:01", RESPONDING) == [f"breach: due {due}, noticed {due}:01"]


async def test_S4_a_weekend_comment_is_due_at_the_end_of_monday_and_warned_at_close_of_business(world: World) -> None:
    comment = Conversation(world, WHEATLEY)
    await comment.wrote("2026-03-21 11:00", "Thanks so much")
    due, warning = "2026-03-24 00:00", "2026-03-23 17:00"
    assert await comment.told(RESPONDING) == [f"started: due {due}, warn {[warning]}"]
    assert await comment.later("2026-03-23 16:59:59", RESPONDING) == []
    assert await comment.later(warning, RESPONDING) == [f"warning: 420 minutes from {warning}"]
    assert await comment.later(due, RESPONDING) == []
    assert await comment.later(f"{due}:01", RESPONDING) == [f"breach: due {due}, noticed {due}:01"]


@pytest.mark.parametrize("organisation", [WESTWARD, WHEATLEY])
@pytest.mark.parametrize("action", ["hidden", "removed"])
async def test_S6_what_is_hidden_or_removed_as_offensive_need_not_be_answered(
    world: World, organisation: str, action: str
) -> None:
    insult, clause = Conversation(world, organisation), CLAUSE[organisation]
    await insult.wrote("2026-03-23 09:00")
    assert len(await insult.told(clause)) == 1
    await insult.moderated(action, "2026-03-23 09:00", "offensive")
    assert await insult.told(clause) == ["exempted: offensive"]
    assert await insult.later("2026-03-25 17:00", clause) == []
    (event,) = [heard for heard in await insult.events() if heard.name == "message-moderated"]
    assert (event.data["action"], event.data["reason"], event.data["actor"]) == (action, "offensive", "p-moderator")


async def test_S6_what_triage_calls_offensive_has_no_clock_to_answer(world: World) -> None:
    insult = Conversation(world, WHEATLEY)
    await insult.wrote("2026-03-23 09:00", OFFENSIVE)
    assert await insult.later("2026-03-25 17:00", RESPONDING) == []
    assert (await insult.item())["kind"] == "offensive"


async def test_S7_wheatley_may_leave_a_post_uncommented_and_the_next_message_opens_a_new_cycle(world: World) -> None:
    rant = Conversation(world, WHEATLEY)
    await rant.wrote("2026-03-23 10:00")
    assert len(await rant.told(RESPONDING)) == 1
    waived = await rant.decided("waive", reason="not-appropriate")
    assert waived.status_code == 200
    assert await rant.told(RESPONDING) == ["waived: not-appropriate"]
    assert (await rant.shown())["state"] == "monitoring"
    await rant.wrote("2026-03-24 12:00", message="m2")
    (again,) = await rant.told(RESPONDING)
    assert again.startswith("started: due 2026-03-25 12:00,")
    shown = await rant.shown()
    assert (shown["state"], [(t["cycle"], t["state"]) for t in shown["targets"]]) == (
        "open",
        [(1, "waived"), (2, "open")],
    )


async def test_S7_westward_may_not_and_its_clock_goes_on(world: World) -> None:
    rant = Conversation(world, WESTWARD)
    await rant.wrote("2026-03-23 09:00")
    assert len(await rant.told(HALF_A_DAY)) == 1
    refused = await rant.decided("waive", reason="not-appropriate")
    assert (refused.status_code, refused.json()["type"]) == (422, "urn:houserules:problem:waiver-not-allowed")
    assert await rant.told(HALF_A_DAY) == []
    assert (await rant.later("2026-03-23 13:00:01", HALF_A_DAY))[-1].startswith("breach:")


@pytest.mark.parametrize(
    ("organisation", "due"), [(WESTWARD, "2026-03-23 13:00"), (WHEATLEY, "2026-03-24 09:00")], ids=[WESTWARD, WHEATLEY]
)
async def test_S13_a_private_message_has_the_same_clock_and_a_private_answer_meets_it(
    world: World, organisation: str, due: str
) -> None:
    direct, clause = Conversation(world, organisation), CLAUSE[organisation]
    await direct.wrote("2026-03-23 09:00", visibility="private")
    (started,) = await direct.told(clause)
    assert started.startswith(f"started: due {due},")
    await direct.answered("2026-03-23 10:00", visibility="private")
    assert await direct.told(clause) == ["met: 2026-03-23 10:00 after 60 working minutes"]
    assert (await direct.item())["visibility"] == "private"
