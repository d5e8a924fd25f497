"""What people do about an item, through the doors: its event, its audit entry, and the state that forbids it."""

from datetime import timedelta
from typing import Any

import httpx
import msgspec
import pytest

from tests.integration.intake.house import NOW, House, eventually

ROWS: list[tuple[str, dict[str, Any] | None, str, dict[str, Any]]] = [
    ("classify", {"kind": "complaint"}, "message-classified", {"by": "person"}),
    ("reassign", {"owner": "p-7"}, "conversation-reassigned", {"owner": "p-7"}),
    ("holding-update", None, "holding-update-sent", {}),
    ("take-private", {}, "conversation-moved-private", {}),
    ("refer-complaint", {"reference": "CMP-1"}, "complaint-referred", {"reference": "CMP-1"}),
    ("reply", {"text": "On Monday, Ann.", "visibility": "private"}, "message-replied", {"visibility": "private"}),
    ("hide", {"reason": "other"}, "message-moderated", {"action": "hidden", "reason": "other"}),
    ("remove", {"reason": "personal-data"}, "message-moderated", {"action": "removed", "reason": "personal-data"}),
    ("removal-notice", None, "removal-notice-posted", {}),
    ("explain-removal", None, "removal-explained", {}),
    ("resolve", None, "conversation-resolved", {}),
    ("restore", None, "message-moderated", {"action": "restored", "reason": "personal-data"}),
]
"""One item's story, in this order: the act, its body, and the event that follows. Again at once, each is refused."""

AGAIN = {
    "reassign": "owned",
    "take-private": "private",
    "refer-complaint": "referred",
    "reply": "answered",
    "hide": "hidden",
    "remove": "removed",
    "removal-notice": "notice-posted",
    "explain-removal": "explained",
    "resolve": "resolved",
    "restore": "open",
}


async def act(
    house: House, message: str, name: str, body: Any = None, organisation: str = "westward"
) -> httpx.Response:
    return await house.client.post(f"/items/{message}/{name}", json=body, headers=house.staff(organisation))


async def written(house: House, organisation: str = "westward", **changes: Any) -> str:
    """A customer's message, seen by the worker; its id."""
    await house.write(organisation, **changes)
    await house.settle()
    message: str = (await house.item(organisation, str(changes.get("message", "m-1"))))["message"]
    return message


async def test_each_act_is_told_kept_and_audited_and_again_it_is_refused(house: House) -> None:
    message = await written(house)
    house.set_clock(NOW + timedelta(minutes=1))
    for name, body, event, said in ROWS:
        before = await house.count("select count(*) from outbox")
        with_note = {"note": "for my colleagues"} | (body or {})
        done = await act(house, message, name, with_note if body is not None else None)
        assert done.status_code == 200, (name, done.text)
        told = (await house.told())[-1]
        assert (told.name, told.key) == (event, done.json()["conversation"])
        assert told.data | said == told.data
        assert str(told.data.get("at", told.data.get("posted_at"))).startswith("2026-03-27T16:31:00")
        assert "colleagues" not in str(told) and "Ann" not in str(told)
        assert await house.count("select count(*) from outbox") == before + 1
        if name in AGAIN:
            again = await act(house, message, name, body)
            assert (again.status_code, again.json()["state"]) == (409, AGAIN[name]), (name, again.text)
            assert await house.count("select count(*) from outbox") == before + 1
    entries = await house.rows.fetch("select action, actor, subject, reason, after from audit order by position")
    assert [entry["action"] for entry in entries] == [name for name, *_ in ROWS]
    assert {(entry["actor"], entry["subject"]) for entry in entries} == {("local-communications", message)}
    assert "colleagues" not in str([dict(entry) for entry in entries])
    assert msgspec.json.decode(entries[0]["after"])["told"][0]["event"] == "message-classified"
    assert {entry["reason"] for entry in entries if entry["action"] in ("hide", "remove")} == {"other", "personal-data"}


async def test_an_item_shows_what_was_done(house: House) -> None:
    message = await written(house)
    for name, body, _, _ in ROWS[:-1]:
        assert (await act(house, message, name, body)).status_code == 200
    shown = (await house.client.get(f"/items/{message}", headers=house.staff("westward"))).json()
    assert (shown["owner"], shown["reference"], shown["state"]) == ("p-7", "CMP-1", "removed")
    assert [reply["text"] for reply in shown["replies"]] == ["On Monday, Ann."]
    assert [(one["action"], one["reason"]) for one in shown["moderations"]] == [
        ("hidden", "other"), ("removed", "personal-data"),
    ]  # fmt: skip
    for moment in ("private_at", "resolved_at", "notice_at", "explained_at"):
        assert shown[moment] is not None


async def test_an_act_tells_the_clauses_of_the_policy_that_it_keeps_to(house: House) -> None:
    message = await written(house)
    await act(house, message, "hide", {"reason": "offensive"})
    await act(house, message, "reply", {})
    hidden, replied = (await house.told())[-2:]
    assert hidden.attributes["clauses"] == "westward:6.13"
    assert replied.attributes["clauses"] == "westward:3.6,westward:7.9"
    assert "mode" not in hidden.attributes


@pytest.mark.parametrize("body", [None, {}], ids=["no body", "no reason"])
@pytest.mark.parametrize("name", ["hide", "remove"])
async def test_without_a_reason_it_follows_from_the_message(house: House, name: str, body: Any) -> None:
    message = await written(house, text="You are all idiots and a disgrace, you useless bastards")
    assert (await act(house, message, name, body)).status_code == 200
    (event,) = await house.told("message-moderated")
    assert event.data["reason"] == "offensive"


@pytest.mark.parametrize(
    ("name", "body", "pointer"),
    [
        ("hide", {"reason": "rude"}, "/body/reason"),
        ("reply", {"at": "2026-03-27T16:31:00Z"}, "/body/at"),
        ("reply", {"at": "2026-03-27T16:29:00Z"}, "/body/at"),
        ("reply", {"at": "2026-03-27T16:29:00"}, "/body/at"),
        ("reassign", {"owner": ""}, "/body/owner"),
        ("refer-complaint", {"reference": "a\0b"}, "/body/reference"),
        ("resolve", {"note": "x" * 10_001}, "/body/note"),
    ],
)
async def test_a_field_that_is_wrong_is_named(house: House, name: str, body: Any, pointer: str) -> None:
    message = await written(house)
    refused = await act(house, message, name, body)
    assert refused.status_code == 422
    assert [fault["pointer"] for fault in refused.json()["errors"]] == [pointer]
    assert await house.count("select count(*) from audit") == 0


async def test_the_networks_report_of_a_hiding_by_hand_says_the_same(house: House) -> None:
    """Told again for its time, with the person's reason: of an offensive message it would be another one."""
    message = await written(house, text="You morons")
    await act(house, message, "hide", {"reason": "other"})
    await house.post("message.hidden", conversation="c-1", message="m-1", at=NOW - timedelta(seconds=20))
    await house.settle()
    assert [event.data["reason"] for event in await house.told("message-moderated")] == ["other", "other"]
    assert (await house.item())["state"] == "hidden"


async def test_an_answer_by_hand_answers_what_waits_in_the_conversation(house: House) -> None:
    first = await written(house)
    await written(house, message="m-2", text="And the other one?", posted_at=NOW + timedelta(minutes=1))
    house.set_clock(NOW + timedelta(minutes=2))
    answered = await act(house, first, "reply", {"at": "2026-03-27T17:30:30+01:00"})
    assert answered.json()["state"] == "answered"
    assert (await house.item(external="m-2"))["state"] == "open"
    (told,) = await house.told("message-replied")
    assert (told.data["posted_at"], told.data["automatic"]) == ("2026-03-27T16:30:30Z", False)
    assert told.data["reply"] == answered.json()["replies"][0]["reply"]


async def test_an_act_on_another_organisations_item_is_404(house: House) -> None:
    message = await written(house)
    for name, body, _, _ in ROWS:
        assert (await act(house, message, name, body, "wheatley")).status_code == 404
    assert [event.name for event in await house.told()] == ["message-received"]


async def test_the_same_act_with_one_key_is_one_act(house: House) -> None:
    message = await written(house)
    headers = house.staff("westward") | {"Idempotency-Key": "k-1"}
    answers = [await house.client.post(f"/items/{message}/resolve", headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert len(await house.told("conversation-resolved")) == 1


async def test_over_the_outboxs_budget_an_act_is_503_and_nothing_is_done(house: House) -> None:
    message = await written(house)
    await house.rows.execute("update outbox set created_at = created_at - interval '2 hours'")

    async def refused() -> bool:
        answer = await act(house, message, "holding-update", {})  # may be repeated, until the service has asked again
        return answer.status_code == 503 and "retry-after" in answer.headers

    await eventually(refused, "the door refuses")
    kept = await house.count("select count(*) from audit")
    assert (await act(house, message, "resolve", {})).status_code == 503
    assert await house.count("select count(*) from audit") == kept
