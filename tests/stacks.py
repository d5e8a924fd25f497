"""A whole stack of a test's own: supervised, on free ports, in a temporary folder, gone with the test."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.local.layout import Folders
from deploy.local.ports import Ports
from deploy.local.stack import Stack
from tests.servers import folder, remove

__all__ = ["RunningStack", "running"]


@dataclass(frozen=True, slots=True)
class RunningStack:
    """A stack that is ready."""

    stack: Stack
    clock: Path
    """The file that moves its policy time."""

    @property
    def file(self) -> dict[str, Any]:
        """`stack.json`."""
        content: dict[str, Any] = json.loads(self.stack.folders.stack_file.read_text())
        return content

    @property
    def environment(self) -> dict[str, str]:
        """What the command line needs to find this stack."""
        return {"HOUSERULES_LOCAL": str(self.stack.folders.local), "HOUSERULES_CLOCK": str(self.clock)}

    def log(self, name: str) -> str:
        """What a process said."""
        return (self.stack.folders.logs / f"{name}.log").read_text(errors="replace")


@contextmanager
def running(
    environment: Mapping[str, str] | None = None, names: tuple[str, ...] | None = None, place: Path | None = None
) -> Iterator[RunningStack]:
    """Start one, and stop it at the end. `place` is kept; without it, all is in a folder that goes."""
    local = place or folder()
    clock = local / "clock.json"
    stack = Stack(
        Folders(local, local / "data"), Ports.free(), clock=clock, environment=environment, names=names, say=print
    )
    try:
        stack.start()
        yield RunningStack(stack, clock)
    finally:
        stack.stop()
        if place is None:
            stack.forget()
            remove(local)
