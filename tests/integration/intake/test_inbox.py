"""Signed deliveries become items and events; people act on items; nobody sees another organisation's."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from services.intake.domain.reading import READERS
from tests.integration.intake.house import NOW, House

OF: dict[str, Any] = {"conversation": "c-1", "message": "m-1"}

EVENTS: list[tuple[str, dict[str, Any], str, str, dict[str, Any]]] = [
    ("message.replied",
     {"conversation": "c-1", "reply": "r-1", "site": "facebook", "visibility": "public", "posted_at": NOW,
      "account": "acc-1", "holding": True, "text": "Soon."},
     "message-replied", "conversation",
     {"site": "facebook", "visibility": "public", "posted_at": "2026-03-27T16:30:00Z", "account": "acc-1",
      "automatic": False, "holding": True}),
    ("message.edited",
     OF | {"site": "facebook", "network": "facebook", "visibility": "public", "posted_at": NOW, "text": "Late edit?",
           "edited_at": NOW},
     "message-edited", "conversation",
     {"edited_at": "2026-03-27T16:30:00Z", "time_basis": "platform", "kind": "query"}),
    ("message.hidden", OF | {"reason": "offensive", "actor": "p-9"}, "message-moderated", "conversation",
     {"action": "hidden", "reason": "offensive", "actor": "p-9", "at": "2026-03-27T16:30:00Z"}),
    ("message.removed", OF, "message-moderated", "conversation", {"action": "removed", "reason": "other"}),
    ("message.restored", OF, "message-moderated", "conversation", {"action": "restored", "reason": "other"}),
    ("message.deleted_by_author", OF, "message-deleted", "conversation", {"at": "2026-03-27T16:30:00Z"}),
    ("conversation.moved_private", {"conversation": "c-1", "actor": "p-9"}, "conversation-moved-private",
     "conversation", {"actor": "p-9"}),
    ("author.blocked", {"author": "tenant-7", "site": "facebook", "reason": "abuse", "actor": "p-9"}, "author-blocked",
     "author", {"site": "facebook", "reason": "abuse", "actor": "p-9"}),
    ("author.unblocked", {"author": "tenant-7", "site": "facebook"}, "author-unblocked", "author",
     {"reason": "other", "actor": "westward-inbox"}),
    ("post.published", {"post": 9, "site": "facebook", "category": "corporate", "text": "Ann", "images": ["i-1"],
                        "closure": "xmas"},
     "post-published", "site", {"category": "corporate", "images": ["i-1"], "closure": "xmas"}),
    ("reach.reported", {"site": "facebook", "followers": 5}, "reach-reported", "site", {"followers": 5}),
    ("site.heartbeat", {"site": "facebook"}, "site-monitored", "site",
     {"by": "connector", "at": "2026-03-27T16:30:00Z"}),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "data", "name", "keyed_by", "said"), EVENTS, ids=[row[0] for row in EVENTS])
async def test_each_type_of_the_body_becomes_its_event(
    one_house: House, kind: str, data: dict[str, Any], name: str, keyed_by: str, said: dict[str, Any]
) -> None:
    house = one_house
    await house.rows.execute("truncate outbox, deliveries")
    await house.post(
        kind,
        **{
            field: f"{kind} {value}" if field in ("conversation", "message") else value for field, value in data.items()
        },
    )
    await house.settle()
    (event,) = await house.told(name)
    assert (event.organisation, event.attributes["source"]) == ("westward", "/houserules/intake")
    assert event.key == event.data[keyed_by] == event.attributes["subject"] == event.attributes["partitionkey"]
    assert event.data | said == event.data
    assert await house.count("select state from deliveries") == "done"


def test_every_type_is_in_the_table() -> None:
    assert {row[0] for row in EVENTS} | {"message.received"} == set(READERS)


async def test_a_message_becomes_an_item_and_an_event(house: House) -> None:
    await house.write(
        in_reply_to="m-0", media=[{"url": "https://example.org/a.jpg"}], permalink="https://example.org/1"
    )
    await house.settle()
    item = await house.item()
    (event,) = await house.told()
    assert (event.name, event.key, event.organisation) == ("message-received", item["conversation"], "westward")
    assert event.data["message"] == item["message"]
    assert (item["state"], item["kind"], item["external"], item["site"]) == ("open", "query", "m-1", "facebook")
    assert item["why"] and item["text"] == "When will my repair be done?"
    assert item["posted_at"] == "2026-03-27T16:30:00Z"
    assert await house.count("select count(*) from deliveries where state = 'done' and raw is null") == 1
    whole = (await house.client.get(f"/items/{item['message']}", headers=house.staff("westward"))).json()
    assert whole["author"] == {
        "author": event.data["author"], "id": "tenant-7", "name": "Ann Example", "handle": "@ann"
    }  # fmt: skip
    assert (whole["in_reply_to"], whole["media"]) == ("m-0", [{"url": "https://example.org/a.jpg"}])
    assert [one["text"] for one in whole["revisions"]] == [item["text"]]


async def test_a_delivery_counts_as_a_look_at_its_site_once_a_minute(house: House) -> None:
    for number in range(3):
        await house.write(message=f"m-{number}")
    await house.settle()
    (look,) = await house.told("site-monitored")
    assert look.data == {"site": "facebook", "at": "2026-03-27T16:30:00Z", "by": "connector"}


async def test_received_at_is_policy_time_at_the_door(house: House) -> None:
    await house.write()
    house.set_clock(NOW + timedelta(days=3))
    await house.settle()
    (event,) = await house.told()
    assert event.data["received_at"] == "2026-03-27T16:30:00Z"


async def test_facts_of_one_conversation_in_one_batch_stay_in_order(house: House) -> None:
    await house.write()
    await house.post(
        "message.replied", conversation="c-1", reply="r-1", site="facebook", visibility="public", posted_at=NOW
    )
    await house.write(message="m-2", posted_at=NOW + timedelta(minutes=1), text="And the other one?")
    assert await house.worker.step() == 3
    assert [event.name for event in await house.told()] == ["message-received", "message-replied", "message-received"]
    assert (await house.item(external="m-1"))["state"] == "answered"
    assert (await house.item(external="m-2"))["state"] == "open"


async def test_what_is_told_in_two_batches_is_known_in_the_second(house: House) -> None:
    await house.write()
    await house.settle()
    await house.write()
    await house.write(text="When will my boiler be mended?")
    await house.post("message.removed", reason="spam", **OF)
    await house.post("message.removed", reason="spam", **OF)
    await house.post("post.published", post="p", site="facebook", category="corporate")
    await house.settle()
    await house.post("message.removed", reason="spam", **OF)
    await house.post("post.published", post="p", site="facebook", category="corporate")
    await house.settle()
    names = [event.name for event in await house.told()]
    assert names == ["message-received", "message-edited", "message-moderated", "post-published"]
    whole = await house.client.get(f"/items/{(await house.item())['message']}", headers=house.staff("westward"))
    assert [one["revision"] for one in whole.json()["revisions"]] == [1, 2]


async def test_a_deletion_or_an_edit_before_its_message_opens_nothing_later(house: House) -> None:
    await house.post("message.deleted_by_author", **OF)
    await house.settle()
    assert (await house.client.get("/items", headers=house.staff("westward"))).json()["items"] == []
    await house.write()
    await house.settle()
    assert [event.name for event in await house.told()] == ["message-deleted"]
    assert (await house.item())["state"] == "deleted"
    edited: dict[str, Any] = {
        "site": "facebook",
        "network": "facebook",
        "visibility": "public",
        "posted_at": NOW,
        "text": "Second?",
    }
    await house.post("message.edited", conversation="c-2", message="m-2", **edited)
    await house.settle()
    await house.write(conversation="c-2", message="m-2", text="First?")
    await house.settle()
    assert [event.name for event in await house.told()] == ["message-deleted", "message-edited"]
    assert (await house.item(external="m-2"))["text"] == "Second?"


async def test_a_message_stays_in_its_conversation_whatever_a_later_delivery_says(house: House) -> None:
    await house.write()
    await house.post("message.hidden", conversation="c-9", message="m-1", reason="spam")
    await house.settle()
    await house.post("message.deleted_by_author", conversation="c-8", message="m-1")
    await house.settle()
    assert len({event.key for event in await house.told()}) == 1


async def test_a_person_classifies_an_item(house: House) -> None:
    await house.write()
    await house.settle()
    message = (await house.item())["message"]
    answer = await house.client.post(
        f"/items/{message}/classify",
        json={"kind": "complaint", "flags": ["negative"], "note": "He is angry"},
        headers=house.staff("westward"),
    )
    assert answer.status_code == 200, answer.text
    shown = answer.json()
    assert (shown["kind"], shown["flags"], shown["classified_by"]) == ("complaint", ["negative"], "person")
    assert shown["notes"][0]["note"] == "He is angry"
    received, event = await house.told()
    assert event.data | {"kind": "complaint", "flags": ["negative"], "by": "person"} == event.data
    assert (event.name, event.attributes["correlationid"]) == ("message-classified", received.attributes["id"])
    audit = await house.rows.fetchrow("select * from audit where action = 'classify'")
    assert (audit["actor"], audit["subject"], audit["organisation"]) == ("local-communications", message, "westward")
    assert msgspec.json.decode(audit["before"])["kind"] == "query"
    assert "angry" not in str(dict(audit))


async def test_a_waiver_follows_the_policy(house: House) -> None:
    for organisation in ("westward", "wheatley"):
        await house.write(organisation)
    await house.settle()
    theirs = (await house.item("wheatley"))["message"]
    ours = (await house.item("westward"))["message"]

    async def waive(organisation: str, message: str, reason: str | None) -> Any:
        return await house.client.post(
            f"/items/{message}/waive", json={"reason": reason}, headers=house.staff(organisation)
        )

    refused = await waive("westward", ours, "not-appropriate")
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/body/reason")
    assert (await waive("westward", ours, None)).status_code == 422
    assert (await waive("westward", ours, "no-reply-needed")).json()["state"] == "waived"
    allowed = await waive("wheatley", theirs, "not-appropriate")
    assert (allowed.status_code, allowed.json()["state"]) == (200, "waived")
    again = await waive("wheatley", theirs, "not-appropriate")
    assert (again.status_code, again.json()["state"]) == (409, "waived")
    mine, other = await house.told("conversation-waived")
    assert (mine.data["reason"], mine.data["actor"]) == ("no-reply-needed", "local-communications")
    assert other.attributes["clauses"].startswith("wheatley:")
    assert await house.count("select count(*) from audit where action = 'waive'") == 2


async def test_an_act_sent_again_with_its_key_is_one_act(house: House) -> None:
    await house.write("wheatley")
    await house.settle()
    message = (await house.item("wheatley"))["message"]
    headers = house.staff("wheatley") | {"Idempotency-Key": "k-1"}
    answers = [
        await house.client.post(f"/items/{message}/waive", json={"reason": "not-appropriate"}, headers=headers)
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    assert len(await house.told("conversation-waived")) == 1
    other = await house.client.post(f"/items/{message}/waive", json={"reason": "no-reply-needed"}, headers=headers)
    assert other.status_code == 422


async def test_the_list_is_filtered_and_paged(house: House) -> None:
    texts = {"m-0": "You are idiots", "m-1": "When?", "m-2": "When else?", "m-3": "When then?", "m-4": "When now?"}
    for number, (message, text) in enumerate(texts.items()):
        site = "x" if message == "m-4" else "facebook"
        await house.write(message=message, text=text, site=site, posted_at=NOW - timedelta(minutes=number // 2))
    await house.settle()
    staff = house.staff("westward")

    async def ids(**params: Any) -> list[str]:
        found: list[str] = []
        while True:
            page = (await house.client.get("/items", params={"limit": 2} | params, headers=staff)).json()
            found += [item["external"] for item in page["items"]]
            if page["next"] is None:
                return found
            params["cursor"] = page["next"]

    assert sorted(await ids()) == sorted(texts)
    assert (await ids())[-1] == "m-4"
    assert await ids(site="x") == ["m-4"]
    assert sorted(await ids(state="open", kind="query")) == [name for name in texts if name != "m-0"]
    assert await ids(external="m-3") == ["m-3"]
    assert await ids(state="answered") == []
    for bad in ("x", "WyJ4IiwieSJd", "e30"):
        assert (await house.client.get("/items", params={"cursor": bad}, headers=staff)).status_code == 400


async def test_nobody_reaches_another_organisations_items(house: House) -> None:
    await house.write("westward")
    await house.write("wheatley", text="Wheatley's own?")
    await house.settle()
    message = (await house.item("westward"))["message"]
    owner, stranger = house.staff("westward"), house.staff("wheatley")
    assert message != (await house.item("wheatley"))["message"]
    for method, path, body in (
        ("GET", f"/items/{message}", None),
        ("POST", f"/items/{message}/classify", {"kind": "thanks"}),
        ("POST", f"/items/{message}/waive", {"reason": "no-reply-needed"}),
        ("GET", "/sources/westward-inbox", None),
    ):
        assert (await house.client.request(method, path, json=body, headers=stranger)).status_code == 404
        assert (await house.client.request(method, path, json=body, headers=owner)).status_code == 200
    seen = (await house.client.get("/items", headers=stranger)).json()["items"]
    assert [item["text"] for item in seen] == ["Wheatley's own?"]


async def test_the_keys_of_two_organisations_give_one_author_two_names(house: House) -> None:
    for organisation in ("westward", "wheatley"):
        await house.write(organisation)
    await house.settle()
    authors = {event.data["author"] for event in await house.told()}
    assert len(authors) == 2
    assert await house.count("select count(*) from pseudonym_keys") >= 2
