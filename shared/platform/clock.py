"""The two clocks.

Machine time serves signatures, tokens, leases, back-off, timeouts, ids and Kafka. Policy time is the `now` of domain
functions. They are the same unless `HOUSERULES_CLOCK` names a clock file, which a demo or a test moves.
"""

import os
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

__all__ = ["Clock", "ClockError", "ClockFile"]

VARIABLE = "HOUSERULES_CLOCK"


class ClockError(Exception):
    """The clock file is missing or cannot be read; the text says what to do."""


class ClockFile(msgspec.Struct, frozen=True, kw_only=True):
    """policy time = `policy` + (machine time − `machine`) × `rate`; a rate of 0 stands still."""

    machine: datetime
    policy: datetime
    rate: float = 0.0

    def __post_init__(self) -> None:
        if self.machine.tzinfo is None or self.policy.tzinfo is None:
            raise ValueError("an instant needs an offset")
        if self.rate < 0:
            raise ValueError("policy time does not run backwards: the rate is 0 or more")

    def at(self, machine: datetime) -> datetime:
        """Policy time at an instant of machine time."""
        return (self.policy + (machine - self.machine) * self.rate).astimezone(UTC)

    @classmethod
    def read(cls, path: Path) -> "ClockFile":
        """Read the file. Raises ClockError."""
        try:
            return msgspec.json.decode(path.read_bytes(), type=cls)
        except OSError as error:
            raise ClockError(f"{path}: {error.strerror}; `houserules clock set` makes it") from error
        except (msgspec.DecodeError, ValueError) as error:
            raise ClockError(
                f"{path}: {error}; it holds {{machine, policy, rate}} with instants in RFC 3339"
            ) from error

    def write(self, path: Path) -> None:
        """Replace the file by rename, so that a reader sees the old one or the new one."""
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
        with os.fdopen(handle, "wb") as file:
            file.write(msgspec.json.encode(self))
        os.replace(name, path)


@dataclass(frozen=True, slots=True)
class Clock:
    """Reads both clocks. `path` is the clock file, or None for real time."""

    path: Path | None = None

    @classmethod
    def from_env(cls) -> "Clock":
        """The clock that `HOUSERULES_CLOCK` asks for."""
        name = os.environ.get(VARIABLE)
        return cls(Path(name) if name else None)

    @property
    def stepped(self) -> bool:
        """Policy time is set by hand."""
        return self.path is not None

    def machine(self) -> datetime:
        """The machine's time, UTC."""
        return datetime.now(UTC)

    def policy(self) -> datetime:
        """The `now` of policies, UTC; the file is read at every use. Raises ClockError."""
        machine = self.machine()
        return machine if self.path is None else ClockFile.read(self.path).at(machine)
