"""Ends a process that no longer gets on, so that its supervisor starts another."""

import faulthandler
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable

import structlog

__all__ = ["Watchdog", "leave"]

log = structlog.get_logger("watchdog")

EXIT_CODE = 70


def leave(reason: str) -> None:
    """Say why, show where every thread stands, and end the process without clean-up: nothing can be relied on."""
    log.critical("the process ends itself", reason=reason)
    faulthandler.dump_traceback(file=sys.stderr)
    sys.stderr.flush()
    os._exit(EXIT_CODE)


class Watchdog:
    """A thread, so that it sees a blocked event loop too.

    It ends the process when the loop has not beaten for `patience_s`, when there has been work and no progress for as
    long, or when partitions were assigned more than `most` times in a minute: two processes with one member id.
    """

    def __init__(self, patience_s: float = 60.0, most: int = 20, exit_: Callable[[str], None] = leave) -> None:
        self.patience_s = patience_s
        self.most = most
        self._exit = exit_
        self._beat = self._progress = time.monotonic()
        self._assignments: deque[float] = deque()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._beat = self._progress = time.monotonic()
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._ended.set()

    def beat(self) -> None:
        """The event loop turns."""
        self._beat = time.monotonic()

    def progress(self) -> None:
        """Something was done, there is nothing to do, or it is known what keeps us from it."""
        self._progress = time.monotonic()

    def assigned(self) -> None:
        """Partitions were assigned."""
        now = time.monotonic()
        self._assignments.append(now)
        while self._assignments[0] < now - 60:
            self._assignments.popleft()

    def fault(self, now: float) -> str | None:
        """What is wrong, if anything."""
        if now - self._beat > self.patience_s:
            return f"the event loop has been blocked for {now - self._beat:.0f} s"
        if now - self._progress > self.patience_s:
            return f"there is lag and no progress for {now - self._progress:.0f} s"
        if len(self._assignments) > self.most:
            return f"{len(self._assignments)} assignments in a minute: is there another process with this ordinal?"
        return None

    def _watch(self) -> None:
        while not self._ended.wait(min(1.0, self.patience_s / 10)):
            if (fault := self.fault(time.monotonic())) is not None:
                self._exit(fault)
                return
