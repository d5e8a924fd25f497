"""The whole system under load, struck for a minute; and the checker, with faults planted in services that run.

`make chaos` is the same for ten minutes. HOUSERULES_SEED repeats the sequence of faults.
"""

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from tests.chaos.checker import Finding, check
from tests.chaos.faults import FAULTS
from tests.chaos.history import History
from tests.chaos.planted import PLANTS, planted
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
    """What the checker finds on the services as they are, and on faulty ones; and what those did, by anomaly."""

    clean: Sequence[Finding]
    found: Sequence[Finding]
    done: Mapping[str, Any]


@pytest_asyncio.fixture(scope="module")
async def trial(stack: RunningStack, tmp_path_factory: pytest.TempPathFactory) -> Trial:
    """The same small load twice: the second time each service does one thing wrong. The stack is of no use after that."""
    staff = await prepared(stack, LEAVERS)
    clean = check(await told(stack, staff))
    with planted(stack, tmp_path_factory.mktemp("planted")) as notes:
        found = check(await told(stack, staff))
    return Trial(clean, found, {anomaly: json.loads(note.read_text()) for anomaly, note in notes.items()})


async def told(stack: RunningStack, staff: dict[str, Staff]) -> History:
    """Some stories of each kind, all at once."""
    async with scene(stack, staff, seeded().getrandbits(32)) as here:
        stories = here.load.stories
        kinds = (stories.conversation, stories.conversation, stories.leaver_at_the_door, stories.image, stories.image)
        await asyncio.gather(*(here.load.tell(make(one)) for one in ORGANISATIONS for make in kinds))
        return await here.end()


def test_the_checker_finds_nothing_where_nothing_is_planted(trial: Trial) -> None:
    assert trial.clean == []


@pytest.mark.parametrize("anomaly", PLANTS.values())
def test_the_checker_names_what_a_running_service_did_wrong_and_to_what(trial: Trial, anomaly: str) -> None:
    done = trial.done[anomaly]
    (found,) = [one for one in trial.found if one.anomaly == anomaly]
    if anomaly == "lost-write":
        assert found.of == done["cause"]
    elif anomaly == "nonmonotonic-send":
        assert instant(done["data"]["posted_at"]) in found.detail
    else:
        assert done["event"] in found.detail


def test_the_checker_finds_no_more_than_is_planted(trial: Trial) -> None:
    assert sorted(one.anomaly for one in trial.found) == sorted(PLANTS.values())
