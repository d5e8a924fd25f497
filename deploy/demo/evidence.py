"""What was seen of each story: events on Kafka, and what the doors show at the end. Compared word by word."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from deploy.demo.acts import Promise, Story
from deploy.demo.doors import Doors
from deploy.demo.play import Play, Scene
from deploy.demo.telling import KIND, told_of_answers, told_of_others
from shared.cli.records import name_of

__all__ = ["Row", "compare"]


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
    events = {name: [event for event in play.seen if event.get("organisation") == name] for name in organisations}
    targets = {name: [target async for target in doors.every("sla", "/targets", name)] for name in organisations}
    rows = []
    for scene in play.scenes:
        ours = events[scene.story.organisation]
        if scene.story.part is Promise.ANSWERS:
            seen = await _answers(scene, ours, targets[scene.story.organisation], doors)
        else:
            seen = await _others(scene, ours, doors)
        rows.append(Row(scene.story, (*scene.said, *seen)))
    return rows


async def _answers(
    scene: Scene, events: Sequence[dict[str, Any]], targets: Sequence[dict[str, Any]], doors: Doors
) -> list[str]:
    story = scene.story
    items = (await doors.ask("intake", "/items", story.organisation, external=scene.cast.message("m1")))["items"]
    conversation = items[0]["conversation"] if items else None
    ours = [event for event in events if event.get("key") == conversation]
    found = []
    if story.counted:
        found.append(f"{sum(name_of(event) == 'message-received' for event in ours)} message-received")
    found += told_of_answers(story.clause, ours)
    states = [t for t in targets if t["conversation"] == conversation and t["kind"] == KIND]
    return found + [f"[{target['state']}]" for target in sorted(states, key=lambda target: target["started_at"])]


async def _others(scene: Scene, events: Sequence[dict[str, Any]], doors: Doors) -> list[str]:
    story = scene.story
    topic = "access" if story.part is Promise.LEAVERS else "consent"
    ours = [event for event in events if event["key"] in story.about and event["topic"].endswith(f".{topic}")]
    ours.sort(
        key=lambda event: (event["time"], event["id"])
    )  # of several keys: in the order in which they were decided
    shown = await (_access(story, doors) if story.part is Promise.LEAVERS else _decision(story, doors))
    return [*told_of_others(story.clause, ours), f"[{shown}]"]


async def _access(story: Story, doors: Doors) -> str:
    """What the register shows of the leaver."""
    leaver = story.about[0]
    held = await doors.ask("access", f"/people/{leaver}/access", story.organisation)
    found = [one async for one in doors.every("access", "/revocations", story.organisation, person=leaver)]
    return f"{held['state']}: {_counted(found)}, holds {len(held['items'])}"


async def _decision(story: Story, doors: Doors) -> str:
    """What may be done with the image now, why not, and what had to go."""
    image = story.about[0]
    judged = await doors.ask("consent", f"/images/{image}/decision", story.organisation)
    found = [one async for one in doors.every("consent", "/takedowns", story.organisation, image=image)]
    why = "".join(f": {one['text']}" for one in judged["findings"])
    used = "" if judged["uses"] else ", in no use"
    return f"{judged['decision']}{why}{used}{f', takedowns: {_counted(found)}' if found else ''}"


def _counted(found: Sequence[dict[str, Any]]) -> str:
    return ", ".join(f"{count} {state}" for state, count in sorted(Counter(one["state"] for one in found).items()))
