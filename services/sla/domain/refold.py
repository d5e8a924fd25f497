"""Bring conversations up to date: fold what is known, compare with what was told."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from msgspec import Struct

from services.sla.domain.facts import History
from services.sla.domain.fold import derive
from services.sla.domain.verdict import Standing, advance
from shared.contracts import Event
from shared.policy import Packs

__all__ = ["Changes", "ConversationRow", "Key", "TargetRow", "refold"]

Key = tuple[str, str]
"""Organisation and conversation."""


class ConversationRow(Struct, frozen=True, gc=False):
    """A conversation as it is kept: `next_at` is when its targets want to be looked at again."""

    organisation: str
    conversation: str
    state: str
    next_at: datetime | None


class TargetRow(Struct, frozen=True, gc=False):
    """A target as it is kept."""

    organisation: str
    conversation: str
    standing: Standing


class Changes(Struct, frozen=True, gc=False):
    """What to write and what to tell, of all conversations together."""

    conversations: tuple[ConversationRow, ...]
    targets: tuple[TargetRow, ...]
    events: tuple[Event, ...]


def refold(
    histories: Iterable[History],
    told: Mapping[Key, Mapping[str, Standing]],
    packs: Packs,
    now: datetime,
    new_id: Callable[[], str],
) -> Changes:
    """Fold each conversation and decide what to tell of it at `now`."""
    conversations: list[ConversationRow] = []
    targets: list[TargetRow] = []
    events: list[Event] = []
    for history in histories:
        organisation, conversation = history.organisation, history.conversation
        derived = derive(history, packs)
        known = told.get((organisation, conversation), {})
        decision = advance(organisation, conversation, known, derived, now, new_id)
        conversations.append(ConversationRow(organisation, conversation, derived.state, decision.next_at))
        targets.extend(TargetRow(organisation, conversation, standing) for standing in decision.standings)
        events.extend(decision.events)
    return Changes(tuple(conversations), tuple(targets), tuple(events))
