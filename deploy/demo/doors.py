"""The doors as the demo uses them: signed webhooks, and the API with tokens."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
from standardwebhooks import Webhook

from deploy.demo.acts import Decided, Posted
from shared.cli.stack import StackFile
from shared.platform.ids import uuid7

__all__ = ["Cast", "Doors"]


class Cast:
    """The names that a story's systems use: its sender's conversation, author and message ids."""

    def __init__(self, organisation: str, number: int) -> None:
        self.organisation = organisation
        self.conversation = f"{organisation}-thread-{number}"
        self.author = f"{organisation}-customer-{number}"
        self.site = f"{organisation}-facebook"

    def message(self, name: str) -> str:
        """The sender's id of a message."""
        return f"{self.conversation}-{name}"

    def data(self, act: Posted) -> dict[str, Any]:
        """An act's data with the names filled in."""
        if act.type == "author.blocked":
            return {"author": self.author, "site": self.site, **act.data}
        data = {"conversation": self.conversation, **act.data}
        if act.type in ("message.received", "message.replied"):
            data |= {"site": self.site, "network": "facebook"}
        if act.type == "message.received":
            data["author"] = {"id": self.author}
        return data | {name: self.message(data[name]) for name in ("message", "reply") if name in data}


class Doors:
    """Speaks HTTP to the running services."""

    def __init__(self, stack: StackFile, client: httpx.AsyncClient) -> None:
        self._stack = stack
        self._client = client

    async def post(self, cast: Cast, act: Posted) -> None:
        """Deliver a signed webhook, as often as the act says. Raises when it is not accepted."""
        webhook = self._stack.webhooks[cast.organisation]
        delivery, sent = uuid7(), datetime.now(UTC)
        body = json.dumps({"type": act.type, "timestamp": act.at.isoformat(), "data": cast.data(act)})
        headers = {
            "content-type": "application/json",
            "webhook-id": delivery,
            "webhook-timestamp": str(int(sent.timestamp())),
            "webhook-signature": Webhook(webhook.secret).sign(delivery, sent, body),
        }
        for _ in range(act.times):
            (await self._client.post(webhook.url, content=body, headers=headers)).raise_for_status()

    async def decide(self, cast: Cast, act: Decided) -> int:
        """Act on the item of a message; the status of the answer."""
        item = (await self.items(cast, act.message))[0]
        url = f"{self._stack.services['intake']}/items/{item['message']}/{act.action}"
        answer = await self._client.post(url, json=dict(act.body), headers=self._bearer(cast.organisation))
        return answer.status_code

    async def items(self, cast: Cast, message: str) -> list[dict[str, Any]]:
        """The items of a sender's message id: they tell which conversation of ours it is."""
        url = f"{self._stack.services['intake']}/items"
        parameters = {"external": cast.message(message)}
        answer = await self._client.get(url, params=parameters, headers=self._bearer(cast.organisation))
        found: list[dict[str, Any]] = answer.raise_for_status().json()["items"]
        return found

    async def targets(self, organisation: str) -> AsyncIterator[dict[str, Any]]:
        """Every target of an organisation, page after page."""
        url, cursor = f"{self._stack.services['sla']}/targets", None
        while True:
            parameters = {"limit": "500"} | ({"cursor": cursor} if cursor else {})
            answer = await self._client.get(url, params=parameters, headers=self._bearer(organisation))
            page = answer.raise_for_status().json()
            for target in page["items"]:
                yield target
            cursor = page["next"]
            if cursor is None:
                return

    def _bearer(self, organisation: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._stack.tokens[organisation]['communications']}"}
