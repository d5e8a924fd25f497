"""The playing: policy time stands still while something happens, then jumps to the next instant that matters.

Instants that matter are those of the acts, and those that the services announced on Kafka: each warning, the first
second after each due time, each leave that is planned and the deadline of each access that has to go.
"""

import heapq
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from deploy.demo.acts import Act, Cast, Story
from deploy.demo.doors import Doors
from deploy.demo.week import BEGIN, END, LONDON
from shared.bus.positions import Partition
from shared.cli.quiet import Quiet
from shared.cli.records import describe, name_of
from shared.cli.telling import line, local
from shared.platform.clock import ClockFile

__all__ = ["Between", "Play", "at_once", "stand_at"]

QUIET_S = 60.0
MOMENT = timedelta(seconds=1)
Between = Callable[[datetime, datetime], Awaitable[None]]
"""What somebody who watches does when all of an instant is done, the first, before the clock moves to the next, the second."""


async def at_once(over: datetime, coming: datetime) -> None:
    """Go on."""


def stand_at(file: Path, instant: datetime) -> None:
    """Let policy time stand still at an instant."""
    ClockFile(machine=datetime.now(UTC), policy=instant, rate=0).write(file)


@dataclass(slots=True)
class Scene:
    """A story under way."""

    story: Story
    cast: Cast
    said: list[str] = field(default_factory=list)
    """What the answers of doors said that belongs to the evidence."""


class Play:
    """Plays stories and keeps what was seen on Kafka, in order, each event once."""

    def __init__(self, clock: Path, doors: Doors, quiet: Quiet, onlooker: Any) -> None:
        self.scenes: list[Scene] = []
        self.seen: list[dict[str, Any]] = []
        self._clock = clock
        self._doors = doors
        self._quiet = quiet
        self._onlooker = onlooker
        self._ids: set[tuple[str, str]] = set()
        self._acts: dict[datetime, list[tuple[Scene, Act]]] = {}
        self._agenda: list[datetime] = []
        self._now = BEGIN

    def cast(self, stories: tuple[Story, ...]) -> None:
        """Put the stories' acts on the agenda."""
        for number, story in enumerate(stories, 1):
            scene = Scene(story, Cast(story.organisation, number))
            self.scenes.append(scene)
            for act in story.acts:
                self._acts.setdefault(act.at, []).append((scene, act))
                heapq.heappush(self._agenda, act.at)

    async def run(self, between: Between = at_once) -> None:
        """Go through the week."""
        while self._agenda:
            instant = heapq.heappop(self._agenda)
            if instant <= self._now or instant > END:
                continue
            await between(self._now, instant)
            self._now = instant
            stand_at(self._clock, instant)
            for scene, act in self._acts.get(instant, ()):
                await self._settle()
                await self._do(scene, act)
            await self._settle()

    async def _do(self, scene: Scene, act: Act) -> None:
        _tell(f"{scene.story.organisation:<9}  > {act.what}", self._now)
        said = _counted(await act.play(self._doors, scene.cast))
        scene.said += said
        for text in said:
            _tell(f"{scene.story.organisation:<9}    {text}", self._now)

    async def _settle(self) -> None:
        """Wait until nothing is under way, and read the bus up to there."""
        ends = await self._quiet.reached(QUIET_S)
        await self._read(ends)

    async def _read(self, ends: Mapping[Partition, int]) -> None:
        watched = {tp: ends[Partition(tp.topic, tp.partition)] for tp in self._onlooker.assignment()}
        while any([await self._onlooker.position(tp) < end for tp, end in watched.items()]):
            batches = await self._onlooker.getmany(timeout_ms=100)
            records = [record for records in batches.values() for record in records]
            for record in sorted(records, key=lambda r: r.timestamp):
                self._hear(describe(record))

    def _hear(self, event: dict[str, Any]) -> None:
        identity = (event["source"], event["id"])
        if identity in self._ids:
            return
        self._ids.add(identity)
        self.seen.append(event)
        print(line(event, lambda organisation: LONDON), flush=True)
        for instant in _announced(name_of(event), event["data"]):
            heapq.heappush(self._agenda, instant.astimezone(UTC))


def _announced(name: str, data: Mapping[str, Any]) -> list[datetime]:
    """When something may happen by itself, as an event says."""
    if name in ("sla-started", "sla-recalculated"):
        due = datetime.fromisoformat(data["due_at"])
        return [*map(datetime.fromisoformat, data.get("warn_at", ())), due + MOMENT]
    field = {"leaver-planned": "leave_at", "revoke-access": "deadline"}.get(name)
    return [] if field is None else [datetime.fromisoformat(data[field])]


def _counted(said: Sequence[str]) -> list[str]:
    """The same several times is one line."""
    return [text if count == 1 else f"{count} × {text}" for text, count in Counter(said).items()]


def _tell(text: str, now: datetime) -> None:
    print(f"{local(now.isoformat(), LONDON)}  {text}", flush=True)
