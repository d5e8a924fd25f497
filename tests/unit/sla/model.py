"""A second opinion on the verdicts: slow and plain. It looks at every beginning of the story anew and remembers nothing.

At each fact it asks which message opens the cycle now; a target ends with the fact at which its message stops doing so.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from shared.policy import Packs
from tests.unit.sla.story import Said

RANK = ["message-received", "message-edited", "message-classified", "message-moderated", "message-replied"]
OWED = {"query", "complaint", "unclassified"}
ENDS = {"message-replied": "met", "conversation-waived": "waived", "message-deleted": "voided",
        "message-moderated": "exempted", "author-blocked": "exempted"}  # fmt: skip
WAIVED_FOR = {"westward": {"no-reply-needed"}, "wheatley": {"no-reply-needed", "not-appropriate"}}
Line = list[tuple[datetime, Said]]
Verdict = tuple[str, str | None]


def in_order(told: Iterable[Said]) -> Line:
    """The facts by time; what concerns a message comes after it, or not at all where there is none."""
    facts = {fact.id: fact for fact in told}.values()
    posted = {fact.data.message: fact.at for fact in facts if fact.name == "message-received"}
    line = []
    for fact in facts:
        about = fact.name in RANK[1:4] or fact.name == "message-deleted"
        if not about or fact.data.message in posted:
            at = max(fact.at, posted[fact.data.message]) if about else fact.at
            line.append(((at, RANK.index(fact.name) if fact.name in RANK else 5, fact.at, fact.id), fact))
    return [(order[0], fact) for order, fact in sorted(line, key=lambda each: each[0])]


def owed(organisation: str, kind: str, flags: Sequence[str], posted: datetime) -> bool:
    """Whether a message of this kind is owed an answer; the histories keep to winter time."""
    if organisation == "westward":
        return kind in OWED or (kind == "feedback" and "negative" in flags)
    return kind in OWED or (posted.weekday() >= 5 and kind in {"feedback", "thanks", "threat"})


def blocked(line: Line, author: str) -> bool:
    """Whether the author is blocked at the end of this beginning."""
    acts = [
        f.name for _, f in line if f.name.startswith("author-") and f.data.author == author and f.data.site == "page"
    ]
    return bool(acts) and acts[-1] == "author-blocked"


def waits(organisation: str, line: Line, message: str) -> tuple[tuple[datetime, int] | None, bool]:
    """Since when, and from which fact on, a message waits for an answer that is owed; None: it does not.

    And whether the last fact brought, or brought back, what is owed to an author who is blocked.
    """
    since, kind, flags, author, person, hidden, gone, refused = None, "", (), "", False, False, False, False
    for place, (at, fact) in enumerate(line):
        name, said, refused = fact.name, fact.data, False
        mine = getattr(said, "message", None) == message
        if mine and name == "message-received":
            kind, flags, author = said.kind, said.flags or (), said.author
            refused = blocked(line[:place], author)
            since = None if refused else (at, place)
        elif mine and name == "message-edited" and not person:
            kind, flags = said.kind, said.flags or ()
        elif mine and name == "message-classified" and (said.by == "person" or not person):
            person = person or said.by == "person"
            kind, flags = said.kind, flags if said.flags is None else said.flags
        elif mine and name == "message-deleted":
            since, gone = None, True
        elif mine and name == "message-moderated" and said.action == "restored":
            if hidden and not gone and since is None:
                refused = blocked(line[:place], author)
                since = None if refused else (at, place)
            hidden = hidden and gone
        elif mine and name == "message-moderated":
            since, hidden = None if said.reason == "offensive" else since, True
        elif (
            (name == "message-replied" and not said.automatic)
            or (name == "conversation-waived" and said.reason in WAIVED_FOR[organisation])
            or (name == "author-blocked" and (said.author, said.site) == (author, "page"))
        ):
            since = None
    refused = refused and owed(organisation, kind, flags, line[-1][0])
    return (since if since and owed(organisation, kind, flags, since[0]) else None), refused


def verdicts(organisation: str, told: Iterable[Said], packs: Packs) -> dict[tuple[str, datetime], Verdict]:
    """By message and start: the verdict at the end of time, and what closed it."""
    line = in_order(told)
    found: dict[tuple[str, datetime], tuple[str | None, datetime | None]] = {}
    opener: tuple[str, datetime] | None = None
    for place, (at, fact) in enumerate(line):
        start = line[: place + 1]
        messages = {f.data.message for _, f in start if f.name == "message-received"}
        standing = {m: waits(organisation, start, m) for m in messages}
        waiting = {m: since for m, (since, _) in standing.items() if since}
        first = min(waiting, key=lambda m: waiting[m], default=None)
        now_opener = (first, waiting[first][0]) if first else None
        if opener is None:
            found |= {(m, at): ("exempted", at) for m, (_, refused) in standing.items() if refused}
        if opener != now_opener and opener is not None:
            displaced = fact.name in ("message-edited", "message-classified") and fact.data.message != opener[0]
            found[opener] = ("opened-earlier" if displaced else ENDS.get(fact.name, "withdrawn"), at)
        if now_opener is not None and opener != now_opener:
            found[now_opener] = (None, None)
        opener = now_opener
    return {key: _verdict(organisation, packs, key[1], *closed) for key, closed in found.items()}


def _verdict(organisation: str, packs: Packs, since: datetime, how: str | None, at: datetime | None) -> Verdict:
    rule = packs.at(organisation, since).target_rule("response", "query", (), "public", since)
    assert rule is not None
    if at is None or at > rule.due(since):
        return "breached", how
    return ("withdrawn" if how == "opened-earlier" else str(how)), how
