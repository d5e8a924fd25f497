"""What a customer wrote, who they are and the webhook's secret go in at the door. They are found where they belong, and
then nowhere else: no topic, no log, no figure, no answer to somebody else, not in sla's database."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest_asyncio

from shared.platform.ids import uuid7
from tests.e2e.canaries import clean, holders, tables
from tests.e2e.collector import Collector
from tests.e2e.scenery import bury, listed
from tests.e2e.world import World


@dataclass(frozen=True, slots=True)
class Canaries:
    """Strings that nobody else has, by what they are."""

    conversation: str
    message: str
    secret: str
    words: Mapping[str, str]

    @property
    def every(self) -> Mapping[str, str]:
        """All that must not get out."""
        return {**self.words, "secret": self.secret}


@pytest_asyncio.fixture(scope="module")
async def canaries(world: World) -> Canaries:
    """A customer who gives all away, through every way into the inbox; then all is done that is done with a message."""
    tag, now = secrets.token_hex(6), world.stand_at("2026-03-23 09:00")
    words = {
        "name": f"Canaria {tag} Surname",
        "handle": f"@canary{tag}",
        "e-mail": f"canary.{tag}@example.org",
        "author": f"author-{tag}",
        "text": f"boilerwords{tag}",
        "edited text": f"editedwords{tag}",
        "reply text": f"replywords{tag}",
        "permalink": f"https://example.org/p/{tag}",
        "media": f"https://example.org/m/{tag}.jpg",
        "note": f"notewords{tag}",
        "sender's conversation": f"thread-{tag}",
        "sender's message": f"message-{tag}",
        "malformed": f"malformedwords{tag}",
        "unsigned": f"unsignedwords{tag}",
    }
    talk = {
        "conversation": words["sender's conversation"], "message": words["sender's message"], "site": "westward-page",
        "network": "facebook", "visibility": "public", "posted_at": now.isoformat(), "permalink": words["permalink"],
        "author": {"id": words["author"], "name": words["name"], "handle": words["handle"]},
        "media": [{"url": words["media"]}],
    }  # fmt: skip
    text = f"{words['text']}: write to {words['e-mail']}, when will you come?"
    await world.post("westward", "message.received", **talk, text=text)
    await world.settle()
    await world.post("westward", "message.edited", **talk, text=words["edited text"], edited_at=now.isoformat())
    item = await world.item("westward", words["sender's message"])
    kept = await world.act("intake", f"/items/{item['message']}/classify", kind="complaint", note=words["note"])
    assert kept.status_code == 200
    await world.post(
        "westward", "message.replied", conversation=talk["conversation"], reply=f"reply-{tag}", site="westward-page",
        visibility="public", posted_at=now.isoformat(), text=words["reply text"],
    )  # fmt: skip
    malformed = world.body(
        "message.received", **(talk | {"text": words["malformed"], "visibility": words["malformed"]})
    )
    assert (await world.deliver("westward", malformed)).status_code == 200
    unsigned = world.body("message.received", **(talk | {"text": words["unsigned"]}))
    headers = world.signed(b"{}", "westward")
    assert (await world.client.post(world.address("westward"), content=unsigned, headers=headers)).status_code == 401
    await world.at("2026-03-23 15:00")
    return Canaries(item["conversation"], item["message"], world.secret("westward").removeprefix("whsec_"), words)


async def test_each_is_in_intakes_database_where_it_belongs_and_in_no_other_table(
    world: World, canaries: Canaries
) -> None:
    answers = "idempotency"  # kept for a day: what the caller was told already
    found = {
        name: places - {answers} for name, places in holders(canaries.every, await tables(world, "intake")).items()
    }
    assert found == {
        "name": {"items", "deliveries"},
        "handle": {"items", "deliveries"},
        "e-mail": {"revisions"},
        "author": {"items", "deliveries"},
        "text": {"revisions"},
        "edited text": {"items", "revisions"},
        "reply text": {"replies"},
        "permalink": {"items", "deliveries"},
        "media": {"items", "deliveries"},
        "note": {"notes"},
        "sender's conversation": {"deliveries"},
        "sender's message": {"items", "deliveries"},
        "malformed": {"deliveries"},  # until somebody has mended it, or 14 days
        "unsigned": set(),
        "secret": {"sources"},
    }


async def test_none_is_in_slas_database(world: World, canaries: Canaries) -> None:
    found = await tables(world, "sla")
    assert canaries.message.encode() in found["facts"]
    assert canaries.conversation.encode() in found["targets"]
    assert clean(canaries.every, found.items())


async def test_none_is_in_the_bytes_of_any_topic(world: World, canaries: Canaries) -> None:
    heard = await world.listener.read()
    names = {one.name for one in heard if one.event.get("key") == canaries.conversation}
    assert names >= {"message-received", "message-edited", "message-classified", "message-replied", "sla-started"}
    assert clean(canaries.every, ((f"{one.topic} {one.record.offset}", one.bytes) for one in heard))


async def test_none_is_in_the_log_of_any_process(world: World, canaries: Canaries) -> None:
    logs = {file.name: file.read_bytes() for file in world.running.stack.folders.logs.iterdir()}
    assert {"intake.log", "sla.log", "kafka.log", "postgres.log", "supervisord.log"} <= logs.keys()
    assert all(logs[f"{service}.log"] for service in ("intake", "sla", "kafka", "postgres"))
    assert b"a signed delivery cannot be read" in logs["intake.log"]
    assert clean(canaries.every, logs.items())


async def test_none_is_in_a_span(world: World, canaries: Canaries, collector: Collector) -> None:
    assert any("message-received" in span.name for span in collector.spans())
    assert clean(canaries.every, ((str(number), raw) for number, raw in enumerate(collector.raw)))


async def test_none_is_in_the_metrics(world: World, canaries: Canaries) -> None:
    pages = {s: (await world.client.get(world.url(s, "/metrics"))).content for s in world.running.file["services"]}
    assert b"houserules_" in pages["intake"] or b"intake_" in pages["intake"]
    assert clean(canaries.every, pages.items())


async def test_none_is_in_what_ops_and_readers_of_deadlines_are_shown(world: World, canaries: Canaries) -> None:
    shown = [str(await listed(world, "intake", "/deliveries", "westward", "ops")).encode()]
    shown.append(str(await listed(world, "intake", "/sources", "westward")).encode())
    shown.append(str(await listed(world, "sla", "/targets", "westward")).encode())
    shown.append((await world.ask("sla", f"/conversations/{canaries.conversation}")).content)
    assert canaries.conversation.encode() in shown[-1]
    assert clean(canaries.every, ((str(number), raw) for number, raw in enumerate(shown)))


async def test_a_dead_letter_says_why_without_a_word_of_the_record(world: World) -> None:
    word = f"payloadwords{secrets.token_hex(6)}"
    letter = await bury(world, word)
    await world.settle()
    dead = [
        one for one in await world.listener.read() if one.topic.endswith(".dlt") and word.encode() in one.record.value
    ]
    assert len(dead) == 1
    assert not [value for _, value in dead[0].record.headers if word.encode() in (value or b"")]
    shown = await world.ask("sla", f"/dead-letters/{letter['id']}", "westward", "ops")
    assert (shown.status_code, word in shown.text) == (200, False)
    assert word not in world.running.log("sla")


async def test_a_problem_never_repeats_what_was_wrong(world: World, canaries: Canaries) -> None:
    word = f"{secrets.token_hex(6)}words"
    item = f"/items/{canaries.message}"
    secret: dict[str, Any] = {"source": word, "secrets": [f"{word} is no base64"], "network": word}
    event: dict[str, Any] = {"specversion": "1.0", "id": uuid7(), "source": "/hr", "time": word}
    event |= {"type": "houserules.staff-left.v1", "data": {"person": [word]}}
    said = [
        await world.act("intake", f"{item}/classify", kind=word, flags=[word], note=[word]),
        await world.act("intake", f"{item}/waive", reason=word),
        await world.act("intake", "/sources", **secret),
        await world.act("intake", "/events", role="publisher", **event),
        await world.ask("intake", "/items", kind=word, cursor=word),
        await world.ask("intake", "/items", cursor=word),
        await world.ask("intake", f"/items/{word}"),
        await world.ask("sla", "/targets", state=word, before=word),
        await world.ask("sla", "/calendar/due", rule=word, start=word),
        await world.client.get(world.url("sla", "/targets"), headers={"Authorization": f"Bearer {word}.{word}.{word}"}),
        await world.client.post(world.address("westward"), content=word.encode()),
    ]
    assert all(400 <= answer.status_code < 500 for answer in said)
    assert [answer.text for answer in said if word in answer.text] == []
    for service in world.running.file["services"]:
        assert word not in world.running.log(service)
