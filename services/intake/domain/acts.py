"""What a person does to an item in the inbox."""

from dataclasses import replace
from datetime import datetime
from typing import Literal

from services.intake.domain.conversation import Classification, Item, Thread
from shared.contracts import messages
from shared.contracts.event import Data
from shared.contracts.fields import Flags, MessageKind

__all__ = ["Forbidden", "WaiverReason", "classify", "waive"]

WaiverReason = Literal["not-appropriate", "no-reply-needed"]


class Forbidden(Exception):
    """The item's state does not allow this."""

    def __init__(self, state: str) -> None:
        super().__init__(state)
        self.state = state


def classify(thread: Thread, item: Item, kind: MessageKind, flags: Flags | None, at: datetime) -> list[Data]:
    """A person says what a message is, and that wins over every rule. Without `flags` those that it has stay.

    Raises Forbidden for a message that its author took back.
    """
    if item.state == "deleted":
        raise Forbidden(item.state)
    known = item.classification
    said = Classification(kind, known.flags if flags is None else flags, known.why)
    if item.by == "person" and (said.kind, said.flags) == (known.kind, known.flags):
        return []
    thread.put(replace(item, classification=said, by="person"))
    return [
        messages.MessageClassified(
            conversation=item.conversation,
            message=item.message,
            kind=said.kind,
            flags=said.flags,
            by="person",
            at=at,
        )
    ]


def waive(thread: Thread, item: Item, reason: WaiverReason, actor: str, at: datetime) -> list[Data]:
    """Nobody will answer, and why: closes what the conversation waits for until now.

    Clause: wheatley:responding-to-customers. Raises Forbidden where nothing waits: answered, waived already, or taken back.
    """
    if item.state in ("answered", "waived", "deleted"):
        raise Forbidden(item.state)
    at = max(at, item.counts_from or at)  # a network's clock may be ahead of ours
    thread.conversation = replace(thread.conversation, waived_at=at)
    thread.settle("waived", at)
    return [messages.ConversationWaived(conversation=item.conversation, at=at, actor=actor, reason=reason)]
