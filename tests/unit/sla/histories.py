"""Random histories of one conversation, and what a reader of the topic makes of what is told of them."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from shared.contracts import Event
from shared.contracts import messages as said
from shared.contracts.sla import SlaStarted
from tests.unit.sla.story import (
    Said,
    at,
    author_blocked,
    author_unblocked,
    conversation_reassigned,
    conversation_waived,
    message_classified,
    message_deleted,
    message_edited,
    message_moderated,
    message_received,
    message_replied,
    staff_acted,
)

START = at("Thu 08:00")
FAR = at("next Fri 08:00") + timedelta(days=14)
"""By then every deadline has passed."""
QUARTERS = 6 * 24 * 4
MESSAGES = {"m1": "ann", "m2": "bob", "m3": "ann", "m4": None, "m5": "bob"}
KINDS = ("query", "complaint", "feedback", "thanks", "offensive", "threat", "spam", "unclassified")
FLAGS = (None, (), ("negative",), ("personal-data", "negative"))
ACTS = (
    "edited", "classified", "classified", "deleted", "moderated", "moderated", "replied", "replied", "waived", "blocked",
    "unblocked", "reassigned", "resolved",
)  # fmt: skip
Net = dict[tuple[str, datetime], str]


def instant(random: Random) -> datetime:
    """Some quarter of an hour of six days, a weekend among them: often enough the same one."""
    return START + timedelta(minutes=15 * random.randrange(QUARTERS))


def history(random: Random, most: int = 30) -> list[Said]:
    """Up to thirty facts: some of five messages, and whatever may befall them, in no order."""
    some = random.sample(sorted(MESSAGES), random.randint(1, len(MESSAGES)))
    posted = {message: instant(random) for message in some}
    told = [
        message_received(
            m, at=when, author=MESSAGES[m], kind=random.choice(KINDS), flags=random.choice(FLAGS), id=_id(random)
        )
        for m, when in posted.items()
    ]
    return told + [_fact(random, posted) for _ in range(random.randint(0, most - len(told)))]


def _id(random: Random) -> str:
    return str(UUID(int=random.getrandbits(128), version=4))


def _fact(random: Random, posted: dict[str, datetime]) -> Said:
    act, when, event, m = random.choice(ACTS), instant(random), _id(random), random.choice(sorted(MESSAGES))
    if act == "edited":
        m = random.choice(sorted(posted))
        more: dict[str, Any] = {"kind": random.choice(KINDS), "flags": random.choice(FLAGS), "id": event}
        return message_edited(m, at=posted[m], edited=max(when, posted[m]), author=MESSAGES[m], **more)
    if act == "classified":
        more = {"kind": random.choice(KINDS), "by": random.choice(("rule", "person")), "flags": random.choice(FLAGS)}
        return message_classified(m, at=when, id=event, **more)
    if act == "deleted":
        return message_deleted(m, at=when, id=event)
    if act == "moderated":
        reason = random.choice(("offensive", "inappropriate", "spam"))
        return message_moderated(random.choice(("hidden", "removed", "restored")), m, at=when, reason=reason, id=event)
    return _of_the_conversation(random, act, when, event)


def _of_the_conversation(random: Random, act: str, when: datetime, event: str) -> Said:
    author = random.choice(("ann", "bob"))
    if act == "replied":
        return message_replied(event, at=when, automatic=random.random() < 0.4, id=event)
    if act == "waived":
        return conversation_waived(at=when, reason=random.choice(("not-appropriate", "no-reply-needed")), id=event)
    if act == "blocked":
        return author_blocked(author, at=when, site=random.choice(("page", "page", "other")), id=event)
    if act == "unblocked":
        return author_unblocked(author, at=when, id=event)
    if act == "reassigned":
        return conversation_reassigned("p7", at=when)
    return staff_acted(said.ConversationResolved, at=when)


def net(told: Iterable[Event]) -> Net:
    """What a reader of the topic believes in the end, by message and start; refuses a stream that contradicts itself."""
    state: dict[str, str] = {}
    breach: dict[str, str] = {}
    revision: dict[str, int] = defaultdict(int)
    names: dict[str, tuple[str, datetime]] = {}
    warnings: dict[str, set[datetime]] = {}
    for event in told:
        data: Any = event.data
        name, target = event.name.removeprefix("sla-"), data.target
        before = state.get(target)
        names[target] = (data.message, data.started_at)
        assert data.revision == revision[target] + (name != "warning"), event
        revision[target] = data.revision
        if isinstance(data, SlaStarted):
            assert before not in ("open", "breached"), event
            state[target] = "open"
            warnings[target] = set(data.warn_at)
        elif name == "warning":
            assert before == "open" and data.at <= event.time < data.due_at, event
            warnings[target].remove(data.at)
        elif name == "breach":
            assert before == "open" and event.time > data.due_at, event
            assert data.settled_at is None or data.settled_at > data.due_at, event
            state[target], breach[target] = "breached", event.id
        elif name == "breach-retracted":
            assert before == "breached" and data.breach == breach[target], event
            state[target] = "withdrawn" if data.reason == "opened-earlier" else "open"
        elif name == "late-answer":
            assert before == "breached" and data.settled_at > data.due_at, event
        else:
            assert before is not None, event
            state[target] = "breached" if before == "breached" else name
    assert len(set(names.values())) == len(names)
    return {names[target]: verdict for target, verdict in state.items()}


def that_stand(verdicts: Net) -> Net:
    """Without targets that were withdrawn: which of those were ever begun depends on what was heard first."""
    return {key: verdict for key, verdict in verdicts.items() if verdict != "withdrawn"}
