"""What the Java runtime makes of Kafka's classes, kept, so that a broker starts in half of the processor's time (JEP 514, 515).

Without it, or with one that no longer fits the runtime or the jars, everything runs as it does without.
"""

import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from deploy.local.errors import StackError
from deploy.local.jars import fetch
from deploy.local.kafka import Kafka, archive_of
from deploy.local.layout import CACHE
from deploy.local.ports import free_ports
from deploy.local.waiting import kafka_answers, until

__all__ = ["make_archive"]

START_S, END_S = 60.0, 120.0

Say = Callable[[str], None]


def make_archive(say: Say) -> None:
    """Start a broker once and have its runtime write down, at its end, what it found. Once for these jars."""
    jars = fetch(CACHE, say)
    archive = archive_of(jars)
    if archive.exists():
        return
    say("starting Kafka once, to keep what Java makes of its classes")
    for older in archive.parent.glob(f"*{archive.suffix}"):
        older.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix="warm-", dir=archive.parent) as place:
        new = Path(place) / archive.name
        try:
            _end_writing(Path(place), jars, new)
            new.replace(archive)
        except (OSError, StackError, subprocess.TimeoutExpired) as error:
            say(f"  that did not work ({type(error).__name__}); brokers start without it, in a second or two more")


def _end_writing(place: Path, jars: Sequence[Path], new: Path) -> None:
    """A broker that starts, answers and is ended. Raises StackError when it does not start or wrote nothing."""
    port, controller_port = free_ports(2)
    Kafka(place, port, controller_port, jars).prepare()
    broker = Kafka(place, port, controller_port, jars, writes=new)
    broker.prepare()  # formatted by now: that would write, too
    program = broker.program()
    process = subprocess.Popen(
        program.command,
        env=program.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until(lambda: kafka_answers(port), "Kafka", START_S, lambda: process.poll() is None)
        process.terminate()
        process.wait(END_S)
    finally:
        process.kill()
        process.wait()
    if not new.exists():
        raise StackError("Java wrote nothing down")
