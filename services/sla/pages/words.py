"""Codes in the words of whoever has to answer. No customer's word is among them: sla has none."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

__all__ = ["CONVERSATIONS", "KINDS", "MEASURES", "MESSAGE_KINDS", "STATES", "ended", "happened"]

KINDS: Mapping[str, str] = MappingProxyType(
    {
        "response": "Answer",
        "resolution": "Resolve",
        "moderate": "Moderate",
        "take-private": "Move to private",
        "removal-notice": "Say that it was removed",
        "explain-removal": "Explain the removal",
    }
)
MESSAGE_KINDS: Mapping[str, str] = MappingProxyType(
    {
        "query": "query",
        "complaint": "complaint",
        "feedback": "feedback",
        "thanks": "thanks",
        "offensive": "offensive",
        "threat": "threat",
        "spam": "spam",
        "unclassified": "not classified",
    }
)
STATES: Mapping[str, str] = MappingProxyType(
    {
        "waiting": "Still to be done",
        "open": "Still in time",
        "breached": "Breached",
        "met": "Met",
        "waived": "Waived",
        "exempted": "Exempted",
        "voided": "Deleted by its author",
        "withdrawn": "Withdrawn",
    }
)
CONVERSATIONS: Mapping[str, str] = MappingProxyType(
    {
        "open": "An answer is due.",
        "answered": "Nothing is due: it is answered.",
        "monitoring": "Nothing is due: it is watched.",
        "resolved": "Resolved.",
    }
)
REASONS: Mapping[str, str] = MappingProxyType(
    {
        "offensive": "hidden or removed as offensive",
        "author-blocked": "its author is blocked",
        "not-appropriate": "not appropriate to comment",
        "no-reply-needed": "no reply is needed",
        "deleted-by-author": "deleted by its author",
        "reclassified": "it is classed otherwise",
        "edited": "it says something else now",
        "opened-earlier": "an older message came first",
    }
)
MEASURES = (
    ("opened", "Deadlines that began"),
    ("met", "Met"),
    ("breached", "Breached"),
    ("answered_late", "– answered late"),
    ("closed_late", "– closed late otherwise"),
    ("overdue", "– still not answered"),
    ("open", "Still in time"),
    ("waived", "Waived"),
    ("exempted", "Exempted"),
    ("voided", "Deleted by their authors"),
    ("withdrawn", "Withdrawn"),
    ("retracted", "Of all these: a breach taken back"),
)
"""The counts of a report in the order of its table; those with a dash are parts of the one above."""


def ended(target: Mapping[str, Any]) -> tuple[str, str]:
    """How a target stands, in words, and the tone of it: good, warn, bad or none."""
    done = "answered" if target["kind"] == "response" else "done"
    why = f": {REASONS.get(target['reason'], target['reason'])}" if target["reason"] else ""
    if target["state"] == "breached":
        if target["closing"] is None:
            return f"Overdue, not {done}", "bad"
        return ("Late: " + (done if target["closing"] == "met" else f"then {target['closing']}{why}")), "bad"
    if target["state"] == "met":
        return f"{done.capitalize()} in time", "good"
    if target["state"] == "open":
        return "In time so far", ""
    if target["state"] == "voided":
        return STATES["voided"], ""
    return f"{STATES[target['state']]}{why}", ""


def happened(fact: Mapping[str, Any]) -> str:
    """A fact of the journal as a sentence."""
    say = _HAPPENED.get(fact["name"])
    text = fact["name"].replace("-", " ").capitalize() if say is None else say(fact)
    return f"{text} By {fact['actor']}." if fact.get("actor") else text


def _wrote(fact: Mapping[str, Any]) -> str:
    where = "in a private message" if fact["visibility"] == "private" else "in public"
    return f"A customer wrote {where}.{_classed(fact)}"


def _classed(fact: Mapping[str, Any]) -> str:
    if fact["kind"] is None:
        return ""
    flags = f", {' and '.join(flag.replace('-', ' ') for flag in fact['flags'])}" if fact["flags"] else ""
    return f" Classed as: {MESSAGE_KINDS.get(fact['kind'], fact['kind'])}{flags}."


def _judged(fact: Mapping[str, Any]) -> str:
    by = "A person looked at it." if fact["by"] == "person" else "A rule looked at it."
    return by + _classed(fact)


def _replied(fact: Mapping[str, Any]) -> str:
    where = "in a private message" if fact["visibility"] == "private" else "in public"
    if fact["automatic"]:
        return f"An automatic acknowledgement went out {where}; it is no answer."
    holding = " It says that resolving takes longer." if fact["holding"] else ""
    return f"Answered {where}.{holding}"


def _moderated(fact: Mapping[str, Any]) -> str:
    if fact["action"] == "restored":
        return "The message was restored."
    return f"The message was {fact['action']}: {(fact['reason'] or 'other').replace('-', ' ')}."


def _always(text: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda _: text


_HAPPENED: Mapping[str, Callable[[Mapping[str, Any]], str]] = MappingProxyType(
    {
        "message-received": _wrote,
        "message-edited": lambda fact: f"The customer changed the message.{_classed(fact)}",
        "message-classified": _judged,
        "message-deleted": _always("The customer deleted the message."),
        "message-moderated": _moderated,
        "message-replied": _replied,
        "conversation-waived": lambda fact: f"Waived: {REASONS.get(fact['reason'], fact['reason'])}.",
        "conversation-reassigned": lambda fact: f"Handed on to {fact['owner']}; the clock goes on.",
        "conversation-resolved": _always("Resolved."),
        "conversation-moved-private": _always("Moved to private messages."),
        "holding-update-sent": _always("The customer was told that it takes longer."),
        "removal-notice-posted": _always("It was said that a message was removed, and why."),
        "removal-explained": _always("The customer was told why the message was removed."),
        "complaint-referred": lambda fact: f"Handed to the complaints process as {fact['reference']}.",
        "author-blocked": lambda fact: f"The author was blocked at {fact['site']}.",
        "author-unblocked": lambda fact: f"The author may write again at {fact['site']}.",
    }
)
