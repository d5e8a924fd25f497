"""Where things are: in a clone, and in a stack's folder."""

import fcntl
import os
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from deploy.local.errors import StackError

__all__ = ["CACHE", "ROOT", "SERVICES", "Folders", "Lock", "services"]

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".local" / "cache" / "kafka"
"""Shared by all stacks of a clone."""
SERVICES = ("intake", "sla", "access", "consent")
"""What the stack runs, in the order of the flow."""
LEAST_FREE = 1_000_000_000
UNSAID = 0
"""In place of a process id: held by one that has not written its id yet, or has just taken it away."""
SAID_S = 2.0
LOOK_S = 0.02


def services() -> tuple[str, ...]:
    """The services that there are, in the order of the flow."""
    return tuple(name for name in SERVICES if (ROOT / "services" / name / "__main__.py").exists())


@dataclass(frozen=True, slots=True)
class Folders:
    """A stack's folder: what it tells (`local`) and what it keeps (`data`)."""

    local: Path
    data: Path

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> "Folders":
        """`.local` of the clone, or HOUSERULES_LOCAL."""
        local = Path(environ.get("HOUSERULES_LOCAL") or ROOT / ".local").absolute()
        return cls(local, local / "data")

    @property
    def stack_file(self) -> Path:
        """Addresses and tokens, while the stack is ready."""
        return self.local / "stack.json"

    @property
    def unready_file(self) -> Path:
        """As `stack_file`, for mending a stack that is not ready: while a service waits for somebody."""
        return self.local / "stack.unready.json"

    def forget_addresses(self) -> None:
        """Whoever looks for a stack finds none."""
        self.stack_file.unlink(missing_ok=True)
        self.unready_file.unlink(missing_ok=True)

    @property
    def issuer(self) -> Path:
        """The development issuer's keys."""
        return self.local / "issuer"

    @property
    def lock(self) -> Path:
        """Held by whoever runs the stack; holds its process id."""
        return self.local / "stack.lock"

    @property
    def secrets(self) -> Path:
        """Passwords, made once."""
        return self.data / "secrets.json"

    @property
    def forms(self) -> Path:
        """Signed forms, encrypted."""
        return self.data / "consent" / "forms"

    @property
    def form_keys(self) -> Path:
        """What opens them, kept apart."""
        return self.data / "consent-keys"

    @property
    def run(self) -> Path:
        """Process ids, sockets, configuration: made anew at each start."""
        return self.data / "run"

    @property
    def logs(self) -> Path:
        """What every process says."""
        return self.data / "logs"

    def prepare(self) -> None:
        """Make them. Raises StackError when they cannot be written or the disk is all but full."""
        for folder in (self.local, self.data, self.run, self.logs):
            try:
                folder.mkdir(parents=True, exist_ok=True)
                if not os.access(folder, os.W_OK):
                    raise PermissionError(None, "Permission denied")
                if folder == self.logs:
                    _keep_to_owner(folder)
            except OSError as error:
                raise StackError(
                    f"The folder {folder} cannot be written ({error.strerror}): mend that, or set HOUSERULES_LOCAL "
                    "to another folder."
                ) from error
        free = shutil.disk_usage(self.data).free
        if free < LEAST_FREE:
            raise StackError(
                f"Only {free // 1_000_000} MB are free on the disk of {self.data}, and the stack needs 1 GB: "
                "free some, or set HOUSERULES_LOCAL to a folder on another disk."
            )


def _keep_to_owner(folder: Path) -> None:
    """What a process says is not for others; what was made with other rights gets these."""
    folder.chmod(0o700)
    for file in folder.iterdir():
        file.chmod(0o600)


@dataclass(slots=True)
class Lock:
    """One stack to a folder: a lock that its holder's end gives back, however it ends."""

    file: Path
    _held: IO[str] | None = field(default=None, repr=False)

    def take(self) -> None:
        """Raises StackError when another has it."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        held = self.file.open("a+")
        try:
            while not _locked(held, fcntl.LOCK_EX):
                if (holder := self.holder()) is not None:
                    raise StackError(
                        f"A stack already runs in {self.file.parent} (process {holder}): use that one, end it with "
                        "`make stop`, or set HOUSERULES_LOCAL and the HOUSERULES_PORT_ variables to run another "
                        "beside it."
                    )
                time.sleep(LOOK_S)  # somebody only looked
        except BaseException:
            held.close()
            raise
        held.truncate(0)
        held.write(str(os.getpid()))
        held.flush()
        self._held = held

    def give_back(self) -> None:
        """Let the next one have it."""
        if self._held is not None:
            self._held.truncate(0)
            self._held.close()
            self._held = None

    def holder(self) -> int | None:
        """The process that has it, or None when nobody has. Raises StackError when its holder does not say who it is."""
        end = time.monotonic() + SAID_S
        while (holder := self._look()) == UNSAID:
            if time.monotonic() > end:
                raise StackError(
                    f"A stack is being started or stopped in {self.file.parent}: run the same command again."
                )
            time.sleep(LOOK_S)
        return holder

    def _look(self) -> int | None:
        """As `holder`, or UNSAID. Looking is shared, so that two who look are not taken for a holder."""
        if not self.file.exists():
            return None
        with self.file.open() as file:
            if _locked(file, fcntl.LOCK_SH):
                return None
            said = file.read()
        holder = int(said) if said.isdecimal() else UNSAID
        return holder if holder > 1 else UNSAID  # a signal to 0 or 1 would go to one's own group, or to init


def _locked(file: IO[str], how: int) -> bool:
    try:
        fcntl.flock(file, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
