"""`python -m deploy.demo`: sets the stack up, plays the week, shows the table. Exit code 1 when a promise differs."""

import asyncio
import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import FrameType

from deploy.demo.performance import perform
from deploy.demo.play import stand_at
from deploy.demo.table import show
from deploy.demo.week import BEGIN
from deploy.local.errors import StackError
from deploy.local.layout import Folders, Lock
from deploy.local.ports import Ports
from deploy.local.stack import Stack
from shared.cli.failure import Failure
from shared.cli.stack import Stack as RunningStack

INTERRUPTED = 130
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PAGES = {
    "intake": "the inbox, by time left",
    "sla": "targets, and the month's figures",
    "access": "leavers, and what is being taken from them",
    "consent": "pictures without a form, and forms that run out",
}


def say(text: str) -> None:
    """One line, at once."""
    print(text, flush=True)


def _interrupt(number: int, _: FrameType | None) -> None:
    """Once: what follows is the stopping, which nothing interrupts."""
    for one in SIGNALS:
        signal.signal(one, signal.SIG_IGN)
    raise KeyboardInterrupt


def main() -> int:
    """Play; 0 when all was kept, 1 when something differs or cannot be had, 130 when interrupted."""
    for number in SIGNALS:
        signal.signal(number, _interrupt)
    local = Folders.from_env().local
    folders, clock = Folders(local, local / "demo"), local / "clock.json"
    try:
        stack = Stack(folders, Ports.from_env(), clock=clock, fresh=True, say=say)
        if Lock(folders.lock).holder() is None:
            stand_at(clock, BEGIN)
        began = time.monotonic()
        say(f"Setting up in {folders.data}, from nothing")
        stack.start()
        try:
            say(f"Ready after {time.monotonic() - began:.1f} s. Policy time is set by hand: {BEGIN:%A %d %B %Y}.")
            return _present(folders, clock)
        finally:
            stack.stop()
    except (StackError, Failure) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"error: {error.filename or 'the demo'}: {error.strerror or error}.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        say("Interrupted.")
        return INTERRUPTED


def _present(folders: Folders, clock: Path) -> int:
    began = time.monotonic()
    rows = asyncio.run(perform(RunningStack(folders.stack_file), clock))
    took = time.monotonic() - began
    show(rows)
    differ = [row for row in rows if not row.kept]
    say(f"{len(rows) - len(differ)} of {len(rows)} promises as expected; a week in {took:.0f} s.")
    if os.environ.get("KEEP"):
        say(where_to_look(RunningStack(folders.stack_file).file.services))
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()
        say("Stopping.")
    return 1 if differ else 0


def where_to_look(services: Mapping[str, str]) -> str:
    """What somebody may do with a stack that stays up."""
    pages = [f"  {url + '/':<24} {PAGES.get(name, '')}".rstrip() for name, url in services.items()]
    return "\n".join(
        [
            "The stack stays up, and policy time stands where the week ended. Look at the pages:",
            *pages,
            "Each asks who you are: one click for each role, at either landlord. And on the command line:",
            "  .venv/bin/houserules watch --from-beginning                    every event of the week",
            "  .venv/bin/houserules person 1001 --organisation westward       a leaver",
            "  .venv/bin/houserules image ww-party --organisation westward    a picture",
            "  .venv/bin/houserules clock step 1d                             let time pass",
            "Ctrl-C here, or `make stop` elsewhere, ends it.",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
