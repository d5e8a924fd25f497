"""Every command explains itself, with an example, and quickly."""

import resource
import subprocess
import sys
from collections.abc import Iterator

import pytest
import typer
from typer.core import TyperGroup

from shared.cli.main import app
from tests.unit.cli.conftest import Run

LIMIT_S = 0.5


def _walk(command: object, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    if isinstance(command, TyperGroup):
        for name, inner in command.commands.items():
            yield from _walk(inner, (*path, name))


PATHS = list(_walk(typer.main.get_command(app)))


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_every_command_has_help(houserules: Run, path: tuple[str, ...]) -> None:
    result = houserules(*path, "--help")
    assert result.exit_code == 0
    assert f"Usage: {' '.join(('houserules', *path))}" in result.stdout
    assert result.stderr == ""


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_every_command_that_does_something_shows_how(houserules: Run, path: tuple[str, ...]) -> None:
    text = houserules(*path, "--help").stdout
    if "Commands:" not in text:
        assert "Example" in text
        assert f"houserules {' '.join(path)}" in text.partition("Example")[2]


def test_all_that_is_promised_is_there() -> None:
    assert {" ".join(path) for path in PATHS} >= {
        "policy check", "policy explain", "publish", "watch", "dead-letters list", "dead-letters show",
        "dead-letters redrive", "dead-letters close", "deliveries list", "deliveries show", "deliveries retry", "clock show", "clock set",
        "clock step", "clock run", "token", "positions reset", "migrate", "import", "person", "image", "stack",
        "topics ensure", "topics check", "doctor",
    }  # fmt: skip


HEAVY = ("asyncio", "tomllib", "importlib.metadata", "httpx", "sqlalchemy", "aiokafka", "pydantic")
"""What commands need when they do something."""


def test_help_loads_nothing_that_only_a_command_needs() -> None:
    asked = f"import sys, shared.cli.main; print(*(name for name in {HEAVY} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", asked], check=True, capture_output=True, text=True)
    assert done.stdout.split() == []


def test_help_is_there_in_half_a_second() -> None:
    """The quickest of five, in the processor's time, so that a busy machine does not count."""
    times = []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-m", "shared.cli.main", "--help"], check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(times) < LIMIT_S
