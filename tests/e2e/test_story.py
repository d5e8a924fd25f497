"""A whole story by its correlation id: from the webhook to the breach, in the spans, in the logs and on the bus."""

import json
from typing import Any
from uuid import UUID

import pytest

from tests.e2e.collector import Collector, Told
from tests.e2e.conversation import Conversation
from tests.e2e.world import World, eventually


def lines(world: World, service: str) -> list[dict[str, Any]]:
    """What a service said, line by line: each is JSON."""
    return [json.loads(line) for line in world.running.log(service).splitlines() if line.startswith("{")]


THEIRS = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
"""A trace of the social inbox's own, and its span that sent the delivery."""


async def test_a_breach_is_found_by_its_story_in_spans_logs_and_events(
    world: World, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(world.client.headers, "traceparent", f"00-{'-'.join(THEIRS)}-01")
    conversation = Conversation(world, "westward")
    await conversation.wrote("2026-03-23 09:00")
    await world.at("2026-03-23 13:00:01")
    heard = [
        one
        for one in await world.listener.read()
        if one.event.get("key") == (await conversation.item())["conversation"]
    ]
    first = next(one for one in heard if one.name == "message-received").event
    breach = next(one for one in heard if one.name == "sla-breach").event
    assert breach["correlationid"] == first["id"]

    trace = UUID(first["id"]).hex
    assert {one.event["traceparent"].split("-")[1] for one in heard} == {trace}

    async def told() -> list[Told]:
        spans = collector.spans(trace)
        return spans if "send sla-breach" in {span.name for span in spans} else []

    spans = {span.name: span for span in await eventually(told, "the breach's span")}
    way = ["receive message-received", "send message-received", "process message-received", "send sla-breach"]
    assert [spans[name].service for name in way] == [
        "houserules-intake", "houserules-intake", "houserules-sla", "houserules-sla",
    ]  # fmt: skip
    assert [spans[name].parent for name in way] == ["", *(spans[name].id for name in way[:-1])]
    assert [spans[name].began for name in way] == sorted(spans[name].began for name in way)
    assert [spans[name].links for name in way] == [(THEIRS,), (), (), ()], (
        "their trace leads to ours, and on to the breach"
    )

    decided = [line for line in lines(world, "sla") if line.get("correlation") == first["id"]]
    assert [(line["event"], line["name"], line["organisation"], line["id"]) for line in decided] == [
        ("decided", "sla-breach", "westward", breach["id"])
    ]
    assert [line for line in lines(world, "sla") if line["event"] == "batch" and line["applied"] >= 1]
