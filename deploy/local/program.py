"""A process of the stack, as data: what to run, as whom, and how it ends."""

import json
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local.account import Account

__all__ = ["Program", "plain_environment", "private"]

GUARD = Path(__file__).with_name("guard.py")
ALONE = ("-I", "-S")  # the guard needs no more than the standard library


def plain_environment() -> dict[str, str]:
    """For programs that must not hear of the caller's environment (PGDATA, JAVA_TOOL_OPTIONS and their like)."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"}


def private(file: Path, text: str) -> None:
    """Write a file that only its owner may read, replacing what was there at once."""
    new = file.with_name(f"{file.name}.new")
    new.unlink(missing_ok=True)
    new.touch(mode=0o600)
    new.write_text(text, encoding="utf-8")
    new.replace(file)


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """One process behind the guard, so that it cannot outlive its parent."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=plain_environment)
    account: Account | None = None
    directory: Path = Path("/")
    stop_signal: signal.Signals = signal.SIGTERM
    stop_s: int = 4
    """How long it may take to stop before it is killed."""
    orphan_signal: signal.Signals = signal.SIGKILL
    """What it gets when its parent dies."""

    def guarded(self, run: Path) -> list[str]:
        """What to start. `run` is the folder of its process id and of what it is told."""
        return [sys.executable, *ALONE, str(GUARD), str(self._tell(run))]

    def guarded_from_within(self, run: Path) -> list[str]:
        """What to start with `run` as the current folder: words without a space or a sign that a reader expands."""
        for link, target in (("python", sys.executable), (GUARD.name, GUARD)):
            (run / link).unlink(missing_ok=True)
            (run / link).symlink_to(target)
        return ["./python", *ALONE, GUARD.name, self._tell(run).name]

    def _tell(self, run: Path) -> Path:
        wish = run / f"{self.name}.json"
        account = self.account
        text = json.dumps(
            {
                "program": self.command,
                "environment": dict(self.environment),
                "directory": str(self.directory),
                "pidfile": str(run / f"{self.name}.pid"),
                "uid": account.uid if account else None,
                "gid": account.gid if account else None,
                "signal": self.orphan_signal,
            }
        )
        private(wish, text)
        return wish
