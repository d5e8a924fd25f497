"""What a landlord has after a morning's work: one object of each kind that a door shows."""

import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from shared.platform.ids import uuid7
from tests.e2e.conversation import Conversation
from tests.e2e.world import World, eventually

__all__ = ["Landlord", "bury", "landlord", "listed"]


@dataclass(frozen=True, slots=True)
class Landlord:
    """An organisation, and its own ids of things."""

    organisation: str
    item: str
    conversation: str
    target: str
    delivery: str
    source: str
    site: str
    external: str


async def landlord(world: World, organisation: str, external: str, site: str = "") -> Landlord:
    """Let one have a conversation with an open target, a delivery that failed and a source."""
    talk = Conversation(world, organisation, external, site)
    await talk.wrote("2026-03-23 09:00")
    before = {one["id"] for one in await listed(world, "intake", "/deliveries", organisation)}
    assert (await world.deliver(organisation, b'{"type": "message.received"}')).status_code == 200
    await world.settle()
    (failed,) = [
        one["id"]
        for one in await listed(world, "intake", "/deliveries", organisation)
        if one["id"] not in before and one["state"] == "failed"
    ]
    item, shown = await talk.item(), await talk.shown()
    source, secret = f"source-{uuid7()}", base64.b64encode(secrets.token_bytes(24)).decode()
    made = await world.act("intake", "/sources", organisation, source=source, secrets=[secret])
    assert made.status_code == 201
    return Landlord(
        organisation=organisation,
        item=item["message"],
        conversation=item["conversation"],
        target=shown["targets"][0]["target"],
        delivery=failed,
        source=source,
        site=talk.site,
        external=talk.message("m1"),
    )


async def listed(
    world: World,
    service: str,
    path: str,
    organisation: str,
    role: str = "communications",
    limit: int = 500,
    filters: Mapping[str, str] = MappingProxyType({}),
) -> list[dict[str, Any]]:
    """A list from its first page to its last."""
    items: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        answer = await world.ask(service, path, organisation, role, limit=limit, **filters, **cursor)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        assert set(body) == {"items", "next"}
        assert len(body["items"]) <= limit
        items += body["items"]
        if body["next"] is None:
            return items
        cursor = {"cursor": body["next"]}


async def bury(world: World, text: str = "") -> dict[str, Any]:
    """Somebody who may not writes to a shared topic: a dead letter of sla's. As `GET /dead-letters` shows it."""
    identity = uuid7()
    headers: list[tuple[str, bytes | None]] = [
        ("ce_specversion", b"1.0"),
        ("ce_id", identity.encode()),
        ("ce_source", b"/westward/hr"),
        ("ce_type", b"houserules.message-received.v1"),
        ("ce_time", b"2026-03-23T09:00:00Z"),
        ("ce_organisation", b"westward"),
        ("content-type", b"application/json"),
        ("x-anything", b"\xff\x00"),
        ("x-anything", b"twice"),
    ]
    written = await world.listener.write("houserules.messages", identity, headers, f'{{"kind": "{text}"}}'.encode())

    async def found() -> list[dict[str, Any]]:
        place = (written.topic, written.partition, written.offset)
        letters = await listed(world, "sla", "/dead-letters", "westward", "ops")
        return [one for one in letters if (one["topic"], one["partition"], one["offset"]) == place]

    return (await eventually(found, "the dead letter"))[0]
