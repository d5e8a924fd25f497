"""What Communications do in the inbox, and what sla then says of the deadline: through the doors and over the bus."""

from typing import Any

import pytest

from tests.e2e.conversation import COMPLAINT, OFFENSIVE, Conversation
from tests.e2e.world import World, words

CLAUSE = "westward:3.6"
STARTED = "started: due 2026-03-23 13:00"
ROWS: list[tuple[str, str, dict[str, Any], list[str], bool]] = [
    ("an answer settles it", "reply", {}, ["met: 2026-03-23 10:00 after 60 working minutes"], False),
    ("an answer in private, too", "reply", {"visibility": "private"},
     ["met: 2026-03-23 10:00 after 60 working minutes"], False),
    ("an answer given earlier settles it then", "reply", {"at": "2026-03-23T09:30:00Z"},
     ["met: 2026-03-23 09:30 after 30 working minutes"], False),
    ("hidden as offensive nothing is owed", "hide", {"reason": "offensive"}, ["exempted: offensive"], False),
    ("removed as offensive nothing is owed", "remove", {"reason": "offensive"}, ["exempted: offensive"], False),
    ("removed as something else it is still owed", "remove", {"reason": "other"}, [], True),
    ("no answer is due", "waive", {"reason": "no-reply-needed"}, ["waived: no-reply-needed"], False),
    ("resolved without an answer it is still owed", "resolve", {}, [], True),
    ("taken into private it is still owed", "take-private", {}, [], True),
    ("told that it takes longer it is still owed", "holding-update", {}, [], True),
    ("with another person it is still owed", "reassign", {"owner": "p-7"}, [], True),
    ("referred to complaints it is still owed", "refer-complaint", {"reference": "CMP-1"}, [], True),
    ("called thanks nothing is owed", "classify", {"kind": "thanks"}, ["withdrawn: reclassified"], False),
]  # fmt: skip


@pytest.mark.parametrize(("act", "body", "told", "owed"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
async def test_an_act_and_the_deadline(
    world: World, act: str, body: dict[str, Any], told: list[str], owed: bool
) -> None:
    talk = Conversation(world, "westward")
    await talk.wrote("2026-03-23 09:00", COMPLAINT)
    (started,) = await talk.told(CLAUSE)
    assert started.startswith(STARTED)
    assert words((await talk.item())["due_at"]) == "2026-03-23 13:00"
    world.stand_at("2026-03-23 10:00")
    done = await talk.decided(act, **body)
    assert done.status_code == 200, done.text
    said = [line.partition(" (clauses")[0] for line in await talk.told(CLAUSE)]
    assert said == told
    assert ((await talk.item())["due_at"] is not None) == owed


async def test_an_answer_recorded_too_late_but_given_in_time_takes_the_breach_back(world: World) -> None:
    talk = Conversation(world, "westward")
    await talk.wrote("2026-03-23 09:00")
    assert len(await talk.told(CLAUSE)) == 1
    assert (await talk.later("2026-03-23 14:00", CLAUSE))[-1].startswith("breach: due 2026-03-23 13:00")
    assert words((await talk.item())["due_at"]) == "2026-03-23 13:00"
    assert (await talk.decided("reply", at="2026-03-23T12:00:00Z")).status_code == 200
    assert await talk.told(CLAUSE) == [
        "retracted: answered-in-time",
        "met: 2026-03-23 12:00 after 180 working minutes",
    ]
    assert (await talk.item())["due_at"] is None


async def test_a_hiding_by_hand_and_the_networks_report_of_it_end_one_target_once(world: World) -> None:
    talk = Conversation(world, "westward")
    await talk.wrote("2026-03-23 09:00", OFFENSIVE)
    assert (await talk.decided("classify", kind="query")).status_code == 200
    await talk.told(CLAUSE)
    world.stand_at("2026-03-23 10:00")
    assert (await talk.decided("hide", reason="other")).status_code == 200
    assert await talk.told(CLAUSE) == []
    await world.post(
        "westward", "message.hidden", conversation=talk.external, message=talk.message("m1"),
        at="2026-03-23T09:59:40+00:00",
    )  # fmt: skip
    assert await talk.told(CLAUSE) == [], "the network gives no reason of its own: the person's holds"
    assert words((await talk.item())["due_at"]) == "2026-03-23 13:00"


async def test_what_is_restored_after_its_answer_is_owed_another(world: World) -> None:
    talk = Conversation(world, "westward")
    await talk.wrote("2026-03-23 09:00")
    world.stand_at("2026-03-23 10:00")
    for act, body in (("reply", {}), ("hide", {"reason": "other"}), ("restore", {})):
        assert (await talk.decided(act, **body)).status_code == 200
    assert (await talk.told(CLAUSE))[-1].startswith("started: due 2026-03-23 14:00")
    assert (await talk.item())["state"] == "open"


async def test_the_list_begins_with_what_has_least_time_left(world: World) -> None:
    site = "least-time-first"
    for name, posted in (("later", "2026-03-23 11:00"), ("sooner", "2026-03-23 10:00"), ("late", "2026-03-23 09:00")):
        await Conversation(world, "westward", name, site).wrote(posted)
    await world.at("2026-03-23 13:30")
    answer = await world.ask("intake", "/items", order="due", site=site)
    assert [item["external"] for item in answer.json()["items"]] == ["late-m1", "sooner-m1", "later-m1"]
