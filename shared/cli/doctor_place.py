"""Where a stack runs, as far as `houserules doctor` must know it to say what to do."""

from dataclasses import dataclass
from pathlib import Path

from shared.platform.addresses import of_this_machine

__all__ = ["Place"]


@dataclass(frozen=True, slots=True)
class Place:
    """A stack of `make run` with its folder, one of compose, or what somebody else runs at other addresses."""

    folder: Path
    compose: bool = False

    def start(self, part: str, address: str) -> str:
        """What to do about Kafka or PostgreSQL that does not answer."""
        if self.compose:
            return f"is it up? `docker compose up --detach {part}` starts it; `docker compose logs {part}` says more"
        if of_this_machine(address):
            return f"is it up? `make run` starts it; its log is {self._log(part)}"
        return "is it up, and may this machine reach it? its log is where it runs"

    def again(self, service: str, address: str) -> str:
        """What to do about a service that does not answer."""
        if self.compose:
            return f"it is started again by itself; `docker compose logs {service}` says why it ends"
        if of_this_machine(address):
            return (
                f"it is started again by itself under `make run`; if it is not, its log says why: {self._log(service)}"
            )
        return "is it up, and may this machine reach it? its log is where it runs"

    def migrate(self, service: str) -> str:
        """What brings a database up to date."""
        return "docker compose run --rm migrate" if self.compose else f"houserules migrate {service}"

    def _log(self, part: str) -> Path:
        return self.folder / "data" / "logs" / f"{part}.log"
