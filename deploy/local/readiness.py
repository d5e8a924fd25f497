"""What a service says at /readyz, and the way out that it names when it waits for somebody's decision."""

import http.client
import json
import re
import shlex
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["HOUSERULES", "Readiness", "readiness"]

DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
COMMAND = re.compile(r"`houserules ([^`]+)`")
HOUSERULES = Path(sys.executable).with_name("houserules")


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether a service is ready, and if not, why. No reason: it does not answer, or not as a service does."""

    ready: bool
    reason: str = ""

    @property
    def wants_somebody(self) -> bool:
        """Whether it will not be ready by itself: it names a command that decides what it must not."""
        return COMMAND.search(self.reason) is not None

    def ways_out(self, stack_file: Path) -> list[str]:
        """The commands that the reason names, to be typed anywhere, for the stack of that file."""
        head = [str(HOUSERULES), "--stack", str(stack_file)]
        return [shlex.join([*head, *shlex.split(found)]) for found in COMMAND.findall(self.reason)]


def readiness(address: str) -> Readiness:
    """Ask the service at `address`."""
    try:
        with DIRECT.open(f"{address}/readyz", timeout=5) as answer:
            return Readiness(answer.status == 200)
    except urllib.error.HTTPError as refused:
        with refused:
            return Readiness(False, _reason(refused))
    except (OSError, http.client.HTTPException):
        return Readiness(False)


def _reason(refused: urllib.error.HTTPError) -> str:
    try:
        checks: Mapping[str, Any] = json.load(refused)["checks"]
        return "; ".join(str(said) for said in checks.values() if said != "ready")
    except (OSError, http.client.HTTPException, ValueError, LookupError, TypeError, AttributeError):
        return ""
