"""A conversation with its items, and what each fact does to it.

Order of arrival is the order of folding; what may come in another order (an edit before its message, a deletion, a
moderation, a reply) leaves the same picture. Words and names stay in the items; the events hold ids, times and codes.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from services.intake.domain import facts
from services.intake.domain.facts import Action, CustomerWrote, ModerationReason
from shared.contracts import messages
from shared.contracts.event import Data
from shared.contracts.fields import Flags, MessageKind, Visibility

__all__ = ["FACTS", "Classification", "Conversation", "Item", "ItemState", "Moderation", "Reply", "Revision", "Thread"]

ItemState = Literal["open", "answered", "waived", "hidden", "removed", "deleted"]
Settled = Literal["answered", "waived"]
Classify = Callable[[str, datetime], "Classification"]
"""Text and the time of the message → its kind, by the rules of the policy then in force."""

OFFENSIVE = frozenset({"offensive", "threat"})


@dataclass(frozen=True, slots=True)
class Classification:
    """What a message is: kind, flags, and the ids of the rules that said so."""

    kind: MessageKind
    flags: Flags = ()
    why: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One message of a customer. Without `wrote` it is a tombstone: something was done to it before we saw it."""

    message: str
    conversation: str
    external: str
    wrote: CustomerWrote | None = None
    """As it was first told, with the text that holds now."""
    added: bool = False
    """The message itself came, not only an edit of it."""
    classification: Classification = Classification("unclassified")
    by: Literal["rule", "person"] = "rule"
    revision: int = 0
    """How many texts there have been."""
    edited_at: datetime | None = None
    deleted_at: datetime | None = None
    moderated: Literal["hidden", "removed"] | None = None
    moderated_at: datetime | None = None
    counts_from: datetime | None = None
    """When it began to wait for an answer: when it was posted, or shown again."""
    settled: Settled | None = None
    notice_at: datetime | None = None
    """When it was last said in public that this was removed, and why."""
    explained_at: datetime | None = None
    """When the customer was last told why it was removed."""
    reference: str | None = None
    """Where the complaints process finds it."""

    @property
    def waits_since(self) -> datetime | None:
        """When it began to wait, as far as that is known."""
        return self.counts_from or (None if self.wrote is None else self.wrote.posted_at)

    @property
    def state(self) -> ItemState:
        """What the inbox shows."""
        if self.deleted_at is not None:
            return "deleted"
        return self.moderated or self.settled or "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """One text of a message."""

    message: str
    revision: int
    text: str
    edited_at: datetime | None
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer of ours."""

    conversation: str
    reply: str
    site: str
    visibility: Visibility
    posted_at: datetime
    account: str | None
    automatic: bool
    text: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Moderation:
    """One act of hiding, removing or restoring. `given`: the reason was said; else it comes from the message."""

    message: str
    action: Action
    at: datetime
    reason: ModerationReason
    given: bool
    actor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """What a conversation knows beside its items."""

    conversation: str
    replied_at: datetime | None = None
    """The newest answer by a person."""
    waived_at: datetime | None = None
    private_at: datetime | None = None
    """When it last went on in private."""
    resolved_at: datetime | None = None
    owner: str | None = None
    """Who follows it up, where somebody was named."""
    story: str | None = None
    """The id of the event that began it: every later one's correlation id."""


@dataclass(slots=True)
class Thread:
    """A conversation at work: loaded and locked, changed by facts, saved with the events that it gave."""

    conversation: Conversation
    items: dict[str, Item] = field(default_factory=dict)
    texts: dict[str, list[str]] = field(default_factory=dict)
    """The earlier texts of each message named."""
    replies: set[str] = field(default_factory=set)
    moderations: dict[str, list[Moderation]] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)
    new_revisions: list[Revision] = field(default_factory=list)
    new_replies: list[Reply] = field(default_factory=list)
    new_moderations: list[Moderation] = field(default_factory=list)

    def put(self, item: Item) -> None:
        """Keep a changed item."""
        self.items[item.message] = item
        self.changed.add(item.message)

    def item(self, message: str, external: str) -> Item:
        """The item of that id, or a tombstone for one that has not come."""
        known = self.items.get(message)
        return known or Item(message=message, conversation=self.conversation.conversation, external=external)

    def revise(self, item: Item, text: str, edited_at: datetime | None, received_at: datetime) -> int:
        """Record a text; its number."""
        number = item.revision + 1
        self.texts.setdefault(item.message, []).append(text)
        self.new_revisions.append(
            Revision(message=item.message, revision=number, text=text, edited_at=edited_at, received_at=received_at)
        )
        return number

    def settles(self, waiting_since: datetime) -> Settled | None:
        """What has already been done about a message that waits since then. The same instant counts."""
        replied_at, waived_at = self.conversation.replied_at, self.conversation.waived_at
        if replied_at is not None and replied_at >= waiting_since:
            return "answered"
        return "waived" if waived_at is not None and waived_at >= waiting_since else None

    def settle(self, how: Settled, until: datetime) -> None:
        """Settle the items that wait and began to no later than `until`."""
        for item in list(self.items.values()):
            waits = item.settled is None and item.counts_from is not None and item.counts_from <= until
            if waits and item.deleted_at is None:
                self.put(replace(item, settled=how))


def customer_wrote(thread: Thread, fact: CustomerWrote, classify: Classify) -> list[Data]:
    """A message is new, again, edited, or comes after its edit or deletion.

    Clauses: westward:1.4, 3.6, wheatley:responding-to-customers.
    """
    item = thread.item(fact.message, fact.external)
    if item.wrote is None:
        return _first_seen(thread, item, fact, classify)
    if not fact.edited and not item.added:
        return _after_its_edit(thread, item, fact)
    return _again(thread, item, fact, classify)


def _after_its_edit(thread: Thread, item: Item, fact: CustomerWrote) -> list[Data]:
    """The message that an edit came before: an older text, and perhaps the network's own time of it."""
    first = item.wrote
    assert first is not None
    item = replace(item, added=True)
    if fact.text not in thread.texts.get(fact.message, ()):
        item = replace(item, revision=thread.revise(item, fact.text, fact.edited_at, fact.received_at))
    better = fact.time_basis == "platform" and first.time_basis != "platform"
    if better:
        if item.counts_from == first.posted_at:
            item = replace(item, counts_from=fact.posted_at, settled=thread.settles(fact.posted_at))
        item = replace(item, wrote=replace(first, posted_at=fact.posted_at, time_basis=fact.time_basis))
    thread.put(item)
    return [_told(replace(item, edited_at=None))] if better and item.deleted_at is None else []


def _first_seen(thread: Thread, item: Item, fact: CustomerWrote, classify: Classify) -> list[Data]:
    """The words of a message come for the first time. One deleted before opens nothing."""
    edited_at = (fact.edited_at or fact.sent_at) if fact.edited else None
    waiting_since = item.counts_from or fact.posted_at
    item = replace(
        item,
        wrote=fact,
        added=not fact.edited,
        classification=classify(fact.text, fact.posted_at),
        revision=thread.revise(item, fact.text, edited_at, fact.received_at),
        edited_at=edited_at,
        counts_from=waiting_since,
        settled=thread.settles(waiting_since),
    )
    thread.put(item)
    if item.deleted_at is not None:
        return []
    return [_told(item), *_reasons_now_known(thread, item)]


def _again(thread: Thread, item: Item, fact: CustomerWrote, classify: Classify) -> list[Data]:
    """A known message: other words are a revision, the same words nothing, older words only a record."""
    assert item.wrote is not None
    before = thread.texts.get(fact.message, ())
    told_late = item.edited_at is not None and not fact.edited and fact.sent_at <= item.edited_at
    if fact.text == item.wrote.text or (told_late and fact.text in before):
        return []
    edited_at = fact.edited_at or fact.sent_at
    number = thread.revise(item, fact.text, edited_at, fact.received_at)
    if item.edited_at is not None and edited_at < item.edited_at:
        thread.put(replace(item, revision=number))
        return []
    item = replace(item, wrote=replace(item.wrote, text=fact.text, media=fact.media or item.wrote.media))
    if item.by == "rule":
        item = replace(item, classification=classify(fact.text, item.wrote.posted_at if item.wrote else edited_at))
    item = replace(item, revision=number, edited_at=edited_at)
    thread.put(item)
    return [] if item.deleted_at is not None else [_told(item)]


def _told(item: Item) -> Data:
    """The event of an item's words: message-received, or message-edited once there was an edit."""
    wrote = item.wrote
    assert wrote is not None
    fields: dict[str, Any] = {
        "conversation": item.conversation,
        "message": item.message,
        "site": wrote.site,
        "network": wrote.network,
        "visibility": wrote.visibility,
        "posted_at": wrote.posted_at,
        "received_at": wrote.received_at,
        "time_basis": wrote.time_basis,
        "kind": item.classification.kind,
        "flags": item.classification.flags or None,
        "author": wrote.author,
    }
    if item.edited_at is None:
        return messages.MessageReceived(**fields)
    return messages.MessageEdited(**fields, edited_at=item.edited_at)


def staff_replied(thread: Thread, fact: facts.StaffReplied, classify: Classify) -> list[Data]:
    """We answered: what waited until then is answered. An automatic acknowledgement answers nobody."""
    if fact.reply in thread.replies:
        return []
    thread.replies.add(fact.reply)
    thread.new_replies.append(
        Reply(
            conversation=fact.conversation,
            reply=fact.reply,
            site=fact.site,
            visibility=fact.visibility,
            posted_at=fact.posted_at,
            account=fact.account,
            automatic=fact.automatic,
            text=fact.text,
        )
    )
    if not fact.automatic:
        latest = max(fact.posted_at, thread.conversation.replied_at or fact.posted_at)
        thread.conversation = replace(thread.conversation, replied_at=latest)
        thread.settle("answered", fact.posted_at)
    return [
        messages.MessageReplied(
            conversation=fact.conversation,
            reply=fact.reply,
            site=fact.site,
            visibility=fact.visibility,
            posted_at=fact.posted_at,
            account=fact.account,
            automatic=fact.automatic,
            holding=fact.holding,
        )
    ]


def message_moderated(thread: Thread, fact: facts.MessageModerated, classify: Classify) -> list[Data]:
    """Hidden, removed or restored; told twice it is one act. Clauses: westward:6.13, 7.5, wheatley:appendix-1.9."""
    acts = thread.moderations.setdefault(fact.message, [])
    if any((act.action, act.at) == (fact.action, fact.at) for act in acts):
        return []
    item = thread.item(fact.message, fact.external)
    same = _told_before(acts, fact)
    reason = fact.reason or (same.reason if same is not None and same.given else None)
    act = Moderation(
        message=fact.message,
        action=fact.action,
        at=fact.at,
        reason=reason or reason_of(item),
        given=reason is not None,
        actor=fact.actor or (None if same is None else same.actor),
    )
    repeated = same is not None and fact.action == "restored"
    acts.append(act)
    thread.new_moderations.append(act)
    if item.moderated_at is None or fact.at >= item.moderated_at:
        item = replace(item, moderated_at=fact.at, moderated=None if fact.action == "restored" else fact.action)
        if fact.action == "restored" and not repeated:
            item = replace(item, counts_from=fact.at, settled=thread.settles(fact.at))
    thread.put(item)
    return [_moderated(fact.conversation, act)]


def _told_before(acts: list[Moderation], fact: facts.MessageModerated) -> Moderation | None:
    """The act that this one reports again: a person says that a message is hidden, and the network says so too.

    It is told all the same, because its time may be the better one; it says nothing else than the person did.
    """
    newest = max(acts, key=lambda act: act.at, default=None)
    return newest if newest is not None and newest.action == fact.action else None


def reason_of(item: Item) -> ModerationReason:
    """Why a message was moderated, when nobody said: what it is tells."""
    if item.classification.kind in OFFENSIVE:
        return "offensive"
    return "personal-data" if "personal-data" in item.classification.flags else "other"


def _reasons_now_known(thread: Thread, item: Item) -> list[Data]:
    """Acts that came before their message and could not know its reason are told again with it."""
    reason = reason_of(item)
    if reason == "other":
        return []
    acts = [act for act in thread.moderations.get(item.message, ()) if not act.given]
    return [_moderated(item.conversation, replace(act, reason=reason)) for act in acts]


def _moderated(conversation: str, act: Moderation) -> Data:
    return messages.MessageModerated(
        conversation=conversation,
        message=act.message,
        action=act.action,
        reason=act.reason,
        at=act.at,
        actor=act.actor,
    )


def author_deleted(thread: Thread, fact: facts.AuthorDeleted, classify: Classify) -> list[Data]:
    """The author took it back; if it comes later all the same, it opens nothing."""
    item = thread.item(fact.message, fact.external)
    if item.deleted_at is not None:
        return []
    thread.put(replace(item, deleted_at=fact.at))
    return [messages.MessageDeleted(conversation=fact.conversation, message=fact.message, at=fact.at)]


def moved_private(thread: Thread, fact: facts.MovedPrivate, classify: Classify) -> list[Data]:
    """The conversation goes on in private. Clause: westward:6.12."""
    latest = max(fact.at, thread.conversation.private_at or fact.at)
    thread.conversation = replace(thread.conversation, private_at=latest)
    return [
        messages.ConversationMovedPrivate(
            conversation=fact.conversation, at=fact.at, actor=fact.actor, message=fact.message
        )
    ]


FACTS: Mapping[type, Callable[[Thread, Any, Classify], list[Data]]] = {
    facts.CustomerWrote: customer_wrote,
    facts.StaffReplied: staff_replied,
    facts.MessageModerated: message_moderated,
    facts.AuthorDeleted: author_deleted,
    facts.MovedPrivate: moved_private,
}
