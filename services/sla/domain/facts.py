"""The facts of a conversation: what was said and done, as ids, times and codes, never as text."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from operator import attrgetter
from types import MappingProxyType
from typing import Any

from msgspec import Struct

from shared.contracts import Data, Event
from shared.contracts import messages as said

__all__ = ["BLOCKS", "FACTS", "Fact", "History", "Step", "timeline"]


class Fact(Struct, frozen=True, kw_only=True, gc=False):
    """One entry of the journal. (`source`, `id`) is that of the event that told it; `at` is when it happened.

    For an edit `at` is the instant of the edit and `posted_at` that of the message. `flags` is None where the event
    said nothing of them. A block has an `author` and a `site`, and belongs to every conversation of that author.

    A Struct, as all that is made for every event: a frozen dataclass of so many fields takes ten times as long to make.
    """

    source: str
    id: str
    name: str
    at: datetime
    story: str
    """The event that began it all: its correlation id."""
    message: str | None = None
    author: str | None = None
    site: str | None = None
    posted_at: datetime | None = None
    kind: str | None = None
    flags: tuple[str, ...] | None = None
    visibility: str | None = None
    network: str | None = None
    time_basis: str | None = None
    by: str | None = None
    action: str | None = None
    reason: str | None = None
    reply: str | None = None
    account: str | None = None
    automatic: bool = False
    holding: bool = False
    actor: str | None = None
    owner: str | None = None
    reference: str | None = None


class History(Struct, frozen=True, gc=False):
    """Everything that is known of one conversation. `blocks` are those of the authors who wrote in it."""

    organisation: str
    conversation: str
    facts: tuple[Fact, ...] = ()
    blocks: tuple[Fact, ...] = ()


class Step(Struct, frozen=True, gc=False):
    """A fact at its place in the order of times. `opens`: it is where its message begins."""

    at: datetime
    rank: int
    fact: Fact

    @property
    def opens(self) -> bool:
        """The message begins here."""
        return self.rank == OPENS


OPENS = 0
RANK: Mapping[str, int] = MappingProxyType(
    {
        "message-received": OPENS,
        "message-edited": 1,
        "message-classified": 2,
        "message-moderated": 3,
        "message-replied": 4,
    }
)
"""What comes first within one instant, so that a reply of the same second answers; the rest comes last."""
REST = 5

_IN_TIME = attrgetter("at", "rank", "fact.at", "fact.id", "fact.source")
"""The order of steps."""

_OF_A_MESSAGE = frozenset({"message-edited", "message-classified", "message-moderated", "message-deleted"})


def timeline(facts: Iterable[Fact], blocks: Iterable[Fact] = ()) -> list[Step]:
    """The facts in the order of their times: by instant, then by kind of fact, then by id.

    The order of arrival leaves no trace: a message is opened once, by the earliest `message-received` of it (the
    earliest edit while none is known), a second one under another event id changes nothing, and what concerns a message
    never comes before it, even if the clock of whoever reported it was slow.
    """
    known = {(fact.source, fact.id): fact for fact in facts}
    opening = _opening(known.values())
    steps = [Step(fact.posted_at or fact.at, OPENS, fact) for fact in opening.values()]
    for fact in (*known.values(), *{(block.source, block.id): block for block in blocks}.values()):
        if fact.name == "message-received":
            continue
        if fact.name in _OF_A_MESSAGE:
            if fact.message not in opening:
                continue
            first = opening[fact.message]
            at = max(fact.at, first.posted_at or first.at)
        else:
            at = fact.at
        steps.append(Step(at, RANK.get(fact.name, REST), fact))
    steps.sort(key=_IN_TIME)
    return steps


def _opening(facts: Iterable[Fact]) -> dict[str, Fact]:
    """The fact that opens each message."""
    opening: dict[str, Fact] = {}
    for fact in facts:
        if fact.name not in ("message-received", "message-edited") or fact.message is None:
            continue
        rival = opening.get(fact.message)
        if rival is None or _opens_before(fact, rival):
            opening[fact.message] = fact
    return opening


def _opens_before(fact: Fact, rival: Fact) -> bool:
    def order(one: Fact) -> tuple[bool, datetime, datetime, str, str]:
        return one.name != "message-received", one.posted_at or one.at, one.at, one.id, one.source

    return order(fact) < order(rival)


def _fact(event: Event, at: datetime, **known: Any) -> Fact:
    return Fact(
        source=event.source, id=event.id, name=event.name, at=at, story=event.correlation_id or event.id, **known
    )


def _customer_wrote(event: Event, data: Data) -> Fact:
    assert isinstance(data, said.MessageReceived)
    return _fact(event, data.posted_at, **_message(data))


def _customer_edited(event: Event, data: Data) -> Fact:
    assert isinstance(data, said.MessageEdited)
    return _fact(event, data.edited_at, posted_at=data.posted_at, **_message(data))


def _message(data: Any) -> dict[str, Any]:
    return {
        "message": data.message,
        "author": data.author,
        "site": data.site,
        "kind": data.kind,
        "flags": tuple(data.flags or ()),
        "visibility": data.visibility,
        "network": data.network,
        "time_basis": data.time_basis,
    }


def _message_classified(event: Event, data: Data) -> Fact:
    assert isinstance(data, said.MessageClassified)
    flags = None if data.flags is None else tuple(data.flags)
    return _fact(event, data.at, message=data.message, kind=data.kind, flags=flags, by=data.by)


def _message_deleted(event: Event, data: Data) -> Fact:
    assert isinstance(data, said.MessageDeleted)
    return _fact(event, data.at, message=data.message)


def _message_moderated(event: Event, data: Data) -> Fact:
    assert isinstance(data, said.MessageModerated)
    return _fact(event, data.at, message=data.message, action=data.action, reason=data.reason, actor=data.actor)


def _staff_replied(event: Event, data: Data) -> Fact:
    assert isinstance(data, said.MessageReplied)
    return _fact(
        event,
        data.posted_at,
        reply=data.reply,
        site=data.site,
        visibility=data.visibility,
        account=data.account,
        automatic=data.automatic,
        holding=bool(data.holding),
    )


def _waived(event: Event, data: Data) -> Fact:
    assert isinstance(data, said.ConversationWaived)
    return _fact(event, data.at, reason=data.reason, actor=data.actor)


def _reassigned(event: Event, data: Data) -> Fact:
    assert isinstance(data, said.ConversationReassigned)
    return _fact(event, data.at, owner=data.owner, actor=data.actor)


def _referred(event: Event, data: Data) -> Fact:
    assert isinstance(data, said.ComplaintReferred)
    return _fact(event, data.at, message=data.message, reference=data.reference)


def _staff_acted(event: Event, data: Any) -> Fact:
    """Resolved, moved to private, told, notice posted, removal explained: they differ by name alone."""
    return _fact(event, data.at, message=data.message, actor=data.actor)


def _author_acted_on(event: Event, data: Data) -> Fact:
    assert isinstance(data, said.AuthorBlocked | said.AuthorUnblocked)
    return _fact(event, data.at, author=data.author, site=data.site, reason=data.reason, actor=data.actor)


FACTS: Mapping[str, Callable[[Event, Any], Fact]] = MappingProxyType(
    {
        "message-received": _customer_wrote,
        "message-edited": _customer_edited,
        "message-classified": _message_classified,
        "message-deleted": _message_deleted,
        "message-moderated": _message_moderated,
        "message-replied": _staff_replied,
        "conversation-waived": _waived,
        "conversation-reassigned": _reassigned,
        "conversation-resolved": _staff_acted,
        "conversation-moved-private": _staff_acted,
        "holding-update-sent": _staff_acted,
        "removal-notice-posted": _staff_acted,
        "removal-explained": _staff_acted,
        "complaint-referred": _referred,
    }
)
"""The events of a conversation that the journal keeps, and how each becomes a fact."""

BLOCKS: Mapping[str, Callable[[Event, Any], Fact]] = MappingProxyType(
    {"author-blocked": _author_acted_on, "author-unblocked": _author_acted_on}
)
"""The events of an author that the journal keeps."""
