"""How a command runs what waits. The loop's machinery is loaded then, so that `--help` does without it."""

from collections.abc import Coroutine
from typing import Any, TypeVar

__all__ = ["run"]

Result = TypeVar("Result")


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Run it to its end, in a loop of its own."""
    import asyncio

    return asyncio.run(work)
