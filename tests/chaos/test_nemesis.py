"""The whole system under load, struck for a minute; and the checker, with faults planted in services that run.

`make chaos` is the same for ten minutes. HOUSERULES_SEED repeats the sequence of faults.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from tests.chaos.checker import Finding, check
from tests.chaos.faults import FAULTS
from tests.chaos.history import History
from tests.chaos.planted import PLANTS, Plant, planted
from tests.chaos.report import report
from tests.chaos.run import chaos
from tests.chaos.scene import OUTBOX_ROWS, prepared, scene
from tests.chaos.stories import ORGANISATIONS, Staff
from tests.chaos.tale import seeded
from tests.chaos.watching import instant
from tests.stacks import RunningStack, running

SECONDS, LEAST = 60.0, 8
LEAVERS = 20


@pytest.fixture(scope="module")
def stack() -> Iterator[RunningStack]:
    """All of it, as `make run` runs it, with a small outbox budget; these tests alone break it."""
    with running(environment={"HOUSERULES_OUTBOX_ROWS": str(OUTBOX_ROWS)}) as stack:
        yield stack


async def test_a_minute_of_faults_loses_doubles_reorders_and_makes_up_nothing(stack: RunningStack) -> None:
    seed = seeded().getrandbits(32)
    found = report(await chaos(stack, seed, SECONDS, tuple(FAULTS), LEAST))
    print("\n".join(found.lines()))
    assert found.findings == []
    assert found.amounts["offered: ok"] >= 50
    assert found.struck.total() >= LEAST
    assert found.counted.total() >= LEAST - 2


@dataclass(frozen=True, slots=True)
class Trial:
    """What the checker finds on the services as they are, and on faulty ones; and what those did, by fault."""

    clean: Sequence[Finding]
    found: Sequence[Finding]
    done: Mapping[Plant, Any]

    def of(self, plant: Plant) -> list[Finding]:
        """The findings that name what this fault did, and to what."""
        done = self.done[plant]
        return [one for one in self.found if one.anomaly == plant.anomaly and _names(one, plant, done)]


def _names(one: Finding, plant: Plant, done: Mapping[str, Any]) -> bool:
    match plant.done:
        case "not-sent":
            return bool(one.of == done["cause"])
        case "not-applied":
            return bool(one.of == done["record"])
        case "applied-twice":
            return one.detail == " and ".join(sorted(done["events"]))
        case "swapped":
            return instant(done["data"]["posted_at"]) in one.detail
        case _:
            return done["event"] in one.detail


@pytest_asyncio.fixture(scope="module")
async def trial(stack: RunningStack, tmp_path_factory: pytest.TempPathFactory) -> Trial:
    """The same small load twice: the second time each service does one thing wrong. The stack is of no use after that."""
    staff = await prepared(stack, LEAVERS)
    clean = check(await told(stack, staff))
    with planted(stack, tmp_path_factory.mktemp("planted")) as notes:
        found = check(await told(stack, staff))
    return Trial(clean, found, {plant: json.loads(note.read_text()) for plant, note in notes.items()})


async def told(stack: RunningStack, staff: dict[str, Staff]) -> History:
    """Some stories of each kind, all at once."""
    async with scene(stack, staff, seeded().getrandbits(32)) as here:
        stories = here.load.stories
        kinds = (stories.conversation, stories.conversation, stories.leaver_at_the_door, stories.image, stories.image)
        await asyncio.gather(*(here.load.tell(make(one)) for one in ORGANISATIONS for make in kinds))
        return await here.end()


@pytest.mark.long
def test_the_checker_finds_nothing_where_nothing_is_planted(trial: Trial) -> None:
    assert trial.clean == []


@pytest.mark.long  # six services are started, beside those that are there
@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: f"{plant.service}-{plant.done}")
def test_the_checker_names_what_a_running_service_did_wrong_and_to_what(trial: Trial, plant: Plant) -> None:
    """A leaver who is not applied keeps two grants, and nobody hears that they have left; all else befalls one event."""
    lost = {"revoke-access": 2, "leaver-processed": 1} if plant.done == "not-applied" else {}
    found = trial.of(plant)
    assert len(found) == (sum(lost.values()) or 1), trial.found
    assert Counter(one.detail.partition(" ")[0] for one in found) == (lost or {found[0].detail.partition(" ")[0]: 1})


@pytest.mark.long
def test_the_checker_finds_no_more_than_is_planted(trial: Trial) -> None:
    assert sorted(one for plant in PLANTS for one in trial.of(plant)) == sorted(trial.found)
