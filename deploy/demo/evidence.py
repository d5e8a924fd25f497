"""What was seen of each story: events on Kafka, and the state that `GET /targets` shows. Compared word by word."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from deploy.demo.acts import Story
from deploy.demo.doors import Doors
from deploy.demo.play import Play, Scene
from deploy.demo.week import words
from shared.cli.records import name_of

__all__ = ["Row", "compare", "telling"]

KIND = "response"


@dataclass(frozen=True, slots=True)
class Row:
    """A promise beside what became of it."""

    story: Story
    seen: tuple[str, ...]

    @property
    def kept(self) -> bool:
        """Seen is what was expected."""
        return self.seen == self.story.expected


async def compare(play: Play, doors: Doors) -> list[Row]:
    """A row for each story."""
    organisations = sorted({scene.story.organisation for scene in play.scenes})
    targets = {name: [target async for target in doors.targets(name)] for name in organisations}
    return [Row(s.story, await _seen(s, play.seen, targets[s.story.organisation], doors)) for s in play.scenes]


async def _seen(
    scene: Scene, events: Iterable[dict[str, Any]], targets: list[dict[str, Any]], doors: Doors
) -> tuple[str, ...]:
    story = scene.story
    items = await doors.items(scene.cast, "m1")
    conversation = items[0]["conversation"] if items else None
    ours = [e for e in events if e.get("organisation") == story.organisation and e.get("key") == conversation]
    found = [f"{act.action} refused: {status}" for act, status in scene.answers if status >= 400]
    if story.counted:
        found.append(f"{sum(name_of(event) == 'message-received' for event in ours)} message-received")
    found += telling(story.clause, ours)
    states = [t for t in targets if t["conversation"] == conversation and t["kind"] == KIND]
    found += [f"[{target['state']}]" for target in sorted(states, key=lambda target: target["started_at"])]
    return tuple(found)


def telling(clause: str, events: Iterable[dict[str, Any]]) -> list[str]:
    """What the events say of the response target, in the words of a story's `expected`."""
    return [
        VERDICTS[name_of(event)](event["data"]) + _without(clause, event)
        for event in events
        if name_of(event) in VERDICTS and event["data"]["kind"] == KIND
    ]


def _without(clause: str, event: Mapping[str, Any]) -> str:
    """An event that does not name the clause it enforces is not what was promised."""
    named = str(event.get("clauses") or "").split(",")
    return "" if clause in named else f" (clauses: {', '.join(named)})"


def _breach(data: Mapping[str, Any]) -> str:
    if data.get("settled_at"):
        return f"breach, answered {words(data['settled_at'])}"
    return f"breach noticed {words(data['noticed_at'])}"


VERDICTS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
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
