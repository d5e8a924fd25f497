"""`python -m deploy.local run|stop|status|prepare|forget`: the embedded stack from the command line."""

import argparse
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import FrameType

from deploy.local.errors import StackError
from deploy.local.layout import Folders, Lock
from deploy.local.leftovers import sweep
from deploy.local.ports import Ports
from deploy.local.supervision import ORDERS_FAILED, Supervisor

STOP_S = 15.0
NOT_RUNNING = 3

ABOUT = """\
Runs PostgreSQL, Kafka and the services of House Rules on this machine, from the package index alone.

environment:
  HOUSERULES_LOCAL            the stack's folder (default: .local of the clone)
  HOUSERULES_PORT_<NAME>      a port: INTAKE 8001, SLA 8002, ACCESS 8003, CONSENT 8004, KAFKA 9092, POSTGRES 15432
  HOUSERULES_POLICIES         a folder of policy packs beside those that ship
  HOUSERULES_CLOCK            a file that moves policy time
"""


class Stopped(BaseException):
    """A signal asked for the end."""


def say(text: str) -> None:
    """One line of progress, at once."""
    print(text, flush=True)


def _stop_on(number: int, _: FrameType | None) -> None:
    for quiet in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(quiet, signal.SIG_IGN)
    raise Stopped(signal.Signals(number).name)


def run() -> int:
    """Start the stack and stay until Ctrl-C, `stop` or SIGTERM."""
    from deploy.local.stack import Stack

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop_on)
    clock = os.environ.get("HOUSERULES_CLOCK")
    moved = Path(clock).absolute() if clock else None
    stack = Stack(Folders.from_env(), Ports.from_env(), clock=moved, patient=True, say=say)
    began = time.monotonic()
    try:
        say(f"House Rules starts in {stack.folders.local}")
        stack.start()
        say(f"Ready after {time.monotonic() - began:.1f} s. {stack.folders.stack_file} says how to reach it.")
        say("Ctrl-C here, or `make stop` elsewhere, ends it; the data stays.")
        threading.Event().wait()
    except Stopped:
        say("stopping")
        began = time.monotonic()
        stack.stop()
        say(f"Stopped after {time.monotonic() - began:.1f} s.")
    return 0


def stop() -> int:
    """End the stack of this folder from elsewhere."""
    folders = Folders.from_env()
    lock = Lock(folders.lock)
    holder = lock.holder()
    if holder is None:
        left = sweep(folders.run) if folders.run.exists() else []
        say(f"Ended what was left: {', '.join(left)}." if left else f"No stack runs in {folders.local}.")
        folders.forget_addresses()
        return 0
    with suppress(ProcessLookupError):  # it ended by itself meanwhile
        os.kill(holder, signal.SIGTERM)
        end = time.monotonic() + STOP_S
        while lock.holder() == holder:
            if time.monotonic() > end:
                os.kill(holder, signal.SIGKILL)
                sweep(folders.run)
                break
            time.sleep(0.1)
    say(f"The stack in {folders.local} has stopped.")
    return 0


def prepare() -> int:
    """Fetch and make all that a first start needs, and start nothing."""
    from deploy.local.stack import Stack
    from deploy.local.warm import make_archive

    stack = Stack(Folders.from_env(), Ports.from_env(), say=say)
    stack.prepare()
    make_archive(say)
    say(f"{stack.folders.data} is ready for `run`.")
    return 0


def status() -> int:
    """Say what runs; exit code 3 when nothing does."""
    folders = Folders.from_env()
    holder = Lock(folders.lock).holder()
    if holder is None:
        say(f"No stack runs in {folders.local}.")
        return NOT_RUNNING
    say(f"The stack in {folders.local} runs (process {holder}) and is {_readiness(folders)}.")
    try:
        states = Supervisor(folders.run, folders.logs).states()
    except ORDERS_FAILED:
        return 0
    for state in states.values():
        say(f"  {state.name:<10} {state.state:<10} process {state.pid or '-':<8} {state.uptime_s} s")
    return 0


def forget() -> int:
    """Delete all that a stopped stack keeps: databases, the log of events, passwords."""
    from deploy.local.stack import Stack

    folders = Folders.from_env()
    for data in [path for path in (folders.data, folders.local / "demo") if path.exists()]:
        Stack(Folders(folders.local, data), Ports()).forget()
    say(f"Forgot what {folders.local} kept.")
    return 0


def _readiness(folders: Folders) -> str:
    if folders.unready_file.exists():
        return "not ready: `make run` says why, and how to mend it"
    return "ready" if folders.stack_file.exists() else "not ready yet"


COMMANDS: Mapping[str, Callable[[], int]] = {
    "run": run,
    "stop": stop,
    "status": status,
    "prepare": prepare,
    "forget": forget,
}


def main() -> int:
    """What can be mended by the reader is one sentence on standard error, and exit code 1."""
    parser = argparse.ArgumentParser(
        prog="python -m deploy.local", description=ABOUT, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="|".join(COMMANDS))
    for name, command in COMMANDS.items():
        commands.add_parser(name, help=command.__doc__, description=command.__doc__)
    try:
        return COMMANDS[parser.parse_args().command]()
    except StackError as error:
        print(f"error: {error}", file=sys.stderr)
    except OSError as error:
        print(
            f"error: {error.filename or 'the stack'}: {error.strerror or error}: "
            "free space on the disk, or mend its rights, and run the same command again.",
            file=sys.stderr,
        )
    return 1


if __name__ == "__main__":
    sys.exit(main())
