"""A target: one thing that is owed, from when, until when, and what closed it."""

from datetime import UTC, datetime
from typing import Literal

import msgspec
import uuid_utils

from shared.policy import Rule

__all__ = ["Closing", "Derived", "How", "Target", "target_id"]

How = Literal["met", "waived", "exempted", "voided", "withdrawn"]

_NAMESPACE = uuid_utils.uuid5(uuid_utils.NAMESPACE_URL, "urn:houserules:sla:target")


class Closing(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What settled a target, when, why, and the event that told of it. `clauses` are those that it keeps itself."""

    how: How
    at: datetime
    cause: str
    reason: str | None = None
    clauses: tuple[str, ...] = ()


class Target(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A target as the facts have it at the end of time; whether it was late is for `advance` to say.

    `rule` is that of the policy version in force at `started_at`. `opened_by` is the event that opened it, `story` the
    correlation id of its message. `owner` is the last one while it was open.
    """

    id: str
    kind: str
    message: str
    message_kind: str
    site: str
    cycle: int
    started_at: datetime
    due_at: datetime
    warn_at: tuple[datetime, ...]
    policy: str
    observe: bool
    rule: Rule
    clauses: tuple[str, ...]
    opened_by: str
    story: str
    owner: str | None = None
    closing: Closing | None = None


class Derived(msgspec.Struct, frozen=True, gc=False):
    """What the facts of a conversation come to: its targets in the order in which they opened, and its state."""

    targets: tuple[Target, ...]
    state: Literal["open", "answered", "monitoring", "resolved"]


def target_id(organisation: str, conversation: str, kind: str, message: str, started_at: datetime) -> str:
    """UUIDv5 (RFC 9562) of what makes a target that one and no other; the list is JSON, so that no part runs over."""
    name = msgspec.json.encode([organisation, conversation, kind, message, started_at.astimezone(UTC)])
    return str(uuid_utils.uuid5(_NAMESPACE, name.decode()))
