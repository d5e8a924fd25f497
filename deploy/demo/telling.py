"""Events in the words of a story's `expected`."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from deploy.demo.week import words
from shared.cli.records import name_of

__all__ = ["KIND", "told_of_answers", "told_of_others"]

KIND = "response"
Data = Mapping[str, Any]


def told_of_answers(clause: str, events: Iterable[dict[str, Any]]) -> list[str]:
    """What the events say of the response target."""
    return [
        VERDICTS[name_of(event)](event["data"]) + _without(clause, event)
        for event in events
        if name_of(event) in VERDICTS and event["data"]["kind"] == KIND
    ]


def told_of_others(clause: str, events: Iterable[dict[str, Any]]) -> list[str]:
    """What the events say of leavers and of pictures, each with its instant; the same several times is one line."""
    found: list[tuple[str, int]] = []
    for event in events:
        tell = OTHERS.get(name_of(event))
        if tell is None:
            text = name_of(event)
        else:
            text = f"{words(event['time'])} {tell(event['data'])}{_without(clause, event)}"
        again = found.pop()[1] if found and found[-1][0] == text else 0
        found.append((text, again + 1))
    return [text if count == 1 else f"{count} × {text}" for text, count in found]


def _without(clause: str, event: dict[str, Any]) -> str:
    """An event that does not name the clause of the story says which it names."""
    named = str(event.get("clauses") or "").split(",")
    return "" if clause in named else f" (clauses: {', '.join(named)})"


def _breach(data: Data) -> str:
    if data.get("settled_at"):
        return f"breach, answered {words(data['settled_at'])}"
    return f"breach noticed {words(data['noticed_at'])}"


def _missing(data: Data) -> str:
    found = [
        f"{one['person']} in {one.get('use')} {one['code']}" if one.get("person") else f"{one.get('use')} {one['code']}"
        for one in data["findings"]
    ]
    return f"missing: {', '.join(found)}"


def _confirmed(data: Data) -> str:
    return f"confirmed by {data.get('by')}, {'with' if data.get('evidence') else 'without'} evidence"


VERDICTS: Mapping[str, Callable[[Data], str]] = {
    "sla-started": lambda data: f"due {words(data['due_at'])}",
    "sla-warning": lambda data: f"warning {words(data['at'])}",
    "sla-breach": _breach,
    "sla-met": lambda data: f"met {words(data['settled_at'])}",
    "sla-late-answer": lambda data: f"late answer {words(data['settled_at'])}",
    "sla-breach-retracted": lambda data: f"retracted: {data['reason']}",
    "sla-exempted": lambda data: f"exempted: {data['reason']}",
    "sla-waived": lambda data: f"waived: {data['reason']}",
    "sla-voided": lambda data: f"voided: {data['reason']}",
    "sla-withdrawn": lambda data: f"withdrawn: {data['reason']}",
    "sla-recalculated": lambda data: f"moved to {words(data['due_at'])}",
}

OTHERS: Mapping[str, Callable[[Data], str]] = {
    "leaver-planned": lambda data: f"planned for {words(data['leave_at'])}: {data['revocations']} to go",
    "leaver-processed": lambda data: f"processed: {data['revocations']} to go, {data['held']} held",
    "revoke-access": lambda data: f"{data['action']} at {data['site']}, due {words(data['deadline'])}",
    "revocation-held": lambda data: f"held at {data['site']}",
    "revocation-claimed": lambda data: f"claimed by {data.get('by')}",
    "revocation-confirmed": _confirmed,
    "revocation-overdue": lambda data: f"overdue, level {data['level']}: {', '.join(data['notified'])} told",
    "consent-given": lambda data: "given",
    "consent-withdrawn": lambda data: "withdrawn",
    "consent-missing": _missing,
    "consent-satisfied": lambda data: "satisfied",
    "takedown-requested": lambda data: f"takedown of {data['use']} by {words(data['deadline'])}: {data['reason']}",
    "takedown-confirmed": lambda data: f"takedown of {data['use']} confirmed",
}
"""An event of these topics that has no words here is told by its name: nothing goes unseen."""
