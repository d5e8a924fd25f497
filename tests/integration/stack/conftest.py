"""One running stack for these tests, and the command against it."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from typer.testing import CliRunner

from shared.cli.main import app
from shared.platform.clock import ClockFile
from tests.stacks import RunningStack, running


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str


Houserules = Callable[..., Done]


@pytest.fixture(scope="package")
def house() -> Iterator[RunningStack]:
    """A stack on stepped policy time."""
    with running() as stack:
        yield stack


@pytest.fixture
def houserules(house: RunningStack) -> Iterator[Houserules]:
    """`houserules …` with this stack's environment. What the command does to the client's logger is undone."""
    runner = CliRunner()

    def run(*arguments: str, **environment: str) -> Done:
        result = runner.invoke(app, list(arguments), env=house.environment | environment, prog_name="houserules")
        return Done(result.exit_code, result.stdout, result.stderr)

    level = logging.getLogger("aiokafka").level
    yield run
    logging.getLogger("aiokafka").setLevel(level)


@pytest.fixture
def friday(house: RunningStack, houserules: Houserules) -> None:
    """Policy time stands still on Friday 27 March 2026, 16:30, and all is quiet."""
    done = houserules("clock", "set", "2026-03-27T16:30 Europe/London")
    assert (done.code, done.out) == (0, "2026-03-27T16:30:00Z\n"), done.err
    assert ClockFile.read(house.clock).rate == 0
