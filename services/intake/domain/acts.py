"""What a person does to an item in the inbox, and what its state forbids.

An act that says what already holds is refused with that state, so that nobody believes to have done what another did.
A message that its author took back allows none of them.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal, NoReturn

from services.intake.domain import facts
from services.intake.domain.conversation import FACTS, Classification, Item, Thread
from services.intake.domain.facts import Action, ModerationReason
from shared.contracts import messages
from shared.contracts.event import Data
from shared.contracts.fields import Flags, MessageKind, Visibility

__all__ = [
    "Forbidden",
    "Untimely",
    "WaiverReason",
    "classify",
    "explain_removal",
    "hide",
    "holding_update",
    "post_removal_notice",
    "reassign",
    "refer_complaint",
    "remove",
    "reply",
    "resolve",
    "restore",
    "take_private",
    "waive",
]

WaiverReason = Literal["not-appropriate", "no-reply-needed"]
INSTANT = timedelta(microseconds=1)


class Forbidden(Exception):
    """The item's state does not allow this. `why` is a sentence for people."""

    def __init__(self, state: str, why: str | None = None) -> None:
        super().__init__(state)
        self.state = state
        self.why = why or f"The item is {state}: this cannot be done."


class Untimely(Exception):
    """The instant that was said cannot be; the text says why."""


def classify(thread: Thread, item: Item, kind: MessageKind, flags: Flags | None, at: datetime) -> list[Data]:
    """A person says what a message is, and that wins over every rule. Without `flags` those that it has stay."""
    _refuse(item, "deleted")
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

    Clause: wheatley:responding-to-customers. Forbidden where nothing waits: answered, waived already, or taken back.
    """
    _refuse(item, "deleted")
    if item.settled is not None:
        raise Forbidden(item.settled, f"The item is {item.settled} already.")
    at = _since(item, at)
    thread.conversation = replace(thread.conversation, waived_at=at)
    thread.settle("waived", at)
    return [messages.ConversationWaived(conversation=item.conversation, at=at, actor=actor, reason=reason)]


def hide(thread: Thread, item: Item, reason: ModerationReason | None, actor: str, at: datetime) -> list[Data]:
    """Somebody hid the message on its network. Clauses: westward:6.13, wheatley:appendix-1.9."""
    _refuse(item, "removed", "deleted", already="hidden")
    return _moderate(thread, item, "hidden", reason, actor, at)


def remove(thread: Thread, item: Item, reason: ModerationReason | None, actor: str, at: datetime) -> list[Data]:
    """Somebody removed the message from its network; one that was hidden can be. Clauses: westward:6.13, 7.5."""
    _refuse(item, "deleted", already="removed")
    return _moderate(thread, item, "removed", reason, actor, at)


def restore(thread: Thread, item: Item, reason: ModerationReason | None, actor: str, at: datetime) -> list[Data]:
    """Somebody let a hidden or removed message be seen again: it counts as received now.

    Without a reason it has that of the act that it undoes.
    """
    _refuse(item, "deleted")
    if item.moderated is None:
        raise Forbidden(item.state, "The item is neither hidden nor removed: there is nothing to restore.")
    undone = max(thread.moderations.get(item.message, ()), key=lambda act: act.at, default=None)
    return _moderate(thread, item, "restored", reason or (None if undone is None else undone.reason), actor, at)


def _moderate(
    thread: Thread, item: Item, action: Action, reason: ModerationReason | None, actor: str, at: datetime
) -> list[Data]:
    """At its own instant, after the act before it: a network's clock may be ahead of ours, and policy time may stand."""
    if item.moderated_at is not None:
        at = max(at, item.moderated_at + INSTANT)
    return _apply(
        thread,
        facts.MessageModerated(
            conversation=item.conversation,
            message=item.message,
            external=item.external,
            action=action,
            at=at,
            reason=reason,
            actor=actor,
        ),
    )


def reply(
    thread: Thread,
    item: Item,
    answer: str,
    text: str | None,
    visibility: Visibility | None,
    answered_at: datetime | None,
    now: datetime,
) -> list[Data]:
    """Somebody answered, now or at an instant that they say: settles every message that waited until then.

    `answer` is the reply's new id. A waived message can be answered after all. Clauses: westward:3.6, 7.9,
    wheatley:responding-to-customers. Raises Untimely for an instant to come, or one before the message began to wait.
    """
    _refuse(item, "deleted")
    if item.settled == "answered":
        raise Forbidden("answered", "The item is answered already.")
    since = _since(item, now) if answered_at is None else answered_at
    if answered_at is not None:
        if answered_at > now:
            raise Untimely("this instant is still to come")
        if answered_at < _since(item, answered_at):
            raise Untimely("the message was not there yet, or was shown again after this instant")
    assert item.wrote is not None
    told = _apply(
        thread,
        facts.StaffReplied(
            conversation=item.conversation,
            reply=answer,
            site=item.wrote.site,
            visibility=visibility or item.wrote.visibility,
            posted_at=since,
            text=text,
        ),
    )
    thread.put(replace(thread.items[item.message], settled="answered"))
    return told


def take_private(thread: Thread, item: Item, actor: str, at: datetime) -> list[Data]:
    """The conversation goes on in private messages. Clauses: westward:3.11, 6.12."""
    _refuse(item, "deleted")
    if item.wrote is not None and item.wrote.visibility == "private":
        raise Forbidden("private", "The message was private from the start.")
    if _done(item, thread.conversation.private_at):
        raise Forbidden("private", "The conversation was taken into private messages already.")
    return _apply(
        thread,
        facts.MovedPrivate(conversation=item.conversation, at=_since(item, at), actor=actor, message=item.message),
    )


def resolve(thread: Thread, item: Item, actor: str, at: datetime) -> list[Data]:
    """What the customer asked for is done. An answer that is still owed stays owed. Clause: wheatley:appendix-1.4."""
    _refuse(item, "deleted")
    _refuse_resolved(thread, item)
    at = _since(item, at)
    thread.conversation = replace(thread.conversation, resolved_at=at)
    return [_staff_act(messages.ConversationResolved, item, actor, at)]


def holding_update(thread: Thread, item: Item, actor: str, at: datetime) -> list[Data]:
    """The customer was told that resolving takes longer; each one begins a new period. Clause: wheatley:appendix-1.4."""
    _refuse(item, "deleted")
    _refuse_resolved(thread, item)
    return [_staff_act(messages.HoldingUpdateSent, item, actor, _since(item, at))]


def reassign(thread: Thread, item: Item, owner: str, actor: str, at: datetime) -> list[Data]:
    """Another person follows it up; the clock goes on. Clause: wheatley:appendix-1.4."""
    _refuse(item, "deleted")
    _refuse_resolved(thread, item)
    if thread.conversation.owner == owner:
        raise Forbidden("owned", "The conversation is this person's already.")
    thread.conversation = replace(thread.conversation, owner=owner)
    return [messages.ConversationReassigned(conversation=item.conversation, owner=owner, at=at, actor=actor)]


def post_removal_notice(thread: Thread, item: Item, actor: str, at: datetime) -> list[Data]:
    """It was said in public that the message was removed, and why. Clause: westward:6.13."""
    at = _after_removal(item, item.notice_at, at, "notice-posted", "The notice of this removal is posted already.")
    thread.put(replace(item, notice_at=at))
    return [_staff_act(messages.RemovalNoticePosted, item, actor, at)]


def explain_removal(thread: Thread, item: Item, actor: str, at: datetime) -> list[Data]:
    """The customer was told why the message was removed. Clause: westward:7.5."""
    at = _after_removal(item, item.explained_at, at, "explained", "This removal is explained already.")
    thread.put(replace(item, explained_at=at))
    return [_staff_act(messages.RemovalExplained, item, actor, at)]


def refer_complaint(thread: Thread, item: Item, reference: str, at: datetime) -> list[Data]:
    """The complaints process has it, under `reference`; another one corrects that. It settles nothing.

    Clause: wheatley:responding-to-customers.
    """
    _refuse(item, "deleted")
    if item.reference == reference:
        raise Forbidden("referred", "The complaint is referred under this reference already.")
    thread.put(replace(item, reference=reference))
    return [
        messages.ComplaintReferred(
            conversation=item.conversation, message=item.message, reference=reference, at=_since(item, at)
        )
    ]


def _apply(thread: Thread, fact: facts.Fact) -> list[Data]:
    """Fold what a person says as what a delivery would say."""
    return FACTS[type(fact)](thread, fact, _nothing_to_classify)


def _nothing_to_classify(text: str, at: datetime) -> NoReturn:
    raise AssertionError("an act brings no message")


def _staff_act(event: Callable[..., Data], item: Item, actor: str, at: datetime) -> Data:
    return event(conversation=item.conversation, at=at, actor=actor, message=item.message)


def _refuse(item: Item, *states: str, already: str | None = None) -> None:
    if item.state == already:
        raise Forbidden(item.state, f"The item is {already} already.")
    if item.state in states:
        raise Forbidden(item.state)


def _refuse_resolved(thread: Thread, item: Item) -> None:
    if _done(item, thread.conversation.resolved_at):
        raise Forbidden("resolved", "The conversation is resolved.")


def _after_removal(item: Item, done_at: datetime | None, at: datetime, state: str, why: str) -> datetime:
    """When something is said about a removal. Raises Forbidden where there is none, or it was said since."""
    _refuse(item, "deleted")
    if item.moderated != "removed" or item.moderated_at is None:
        raise Forbidden(item.state, "The item is not removed.")
    if done_at is not None and done_at >= item.moderated_at:
        raise Forbidden(state, why)
    return max(at, item.moderated_at)


def _done(item: Item, at: datetime | None) -> bool:
    """It was done after this message came; a newer message may need it again."""
    return at is not None and at >= _since(item, at)


def _since(item: Item, at: datetime) -> datetime:
    """`at`, or when the message began to wait if that is later: a network's clock may be ahead of ours."""
    return max(at, item.waits_since or at)
