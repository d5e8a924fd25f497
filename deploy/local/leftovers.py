"""What a stack that died may have left running, found by the process ids that its guards wrote."""

import time
from collections.abc import Iterator
from pathlib import Path

import psutil

__all__ = ["living", "sweep"]

# A process is younger than its note when its id was given to another since. Start times are in ticks.
TOLERANCE_S = 1.0
FIRST = "supervisord"


def living(run: Path) -> dict[str, psutil.Process]:
    """The processes of a stack that still run, by name; supervisord first, as it would bring the others back."""
    found = dict(_living(run))
    return {name: found[name] for name in sorted(found, key=lambda name: (name != FIRST, name))}


def _living(run: Path) -> Iterator[tuple[str, psutil.Process]]:
    for file in run.glob("*.pid"):
        try:
            noted = file.stat().st_mtime
            process = psutil.Process(int(file.read_text()))
            if process.create_time() <= noted + TOLERANCE_S and process.status() != psutil.STATUS_ZOMBIE:
                yield file.stem, process
        except (OSError, ValueError, psutil.Error):
            continue


def sweep(run: Path, seconds: float = 5.0) -> list[str]:
    """Kill what is left and wait until it is gone; the names of what there was."""
    end = time.monotonic() + seconds
    names: list[str] = []
    while (left := living(run)) and time.monotonic() < end:
        for name, process in left.items():
            names += [name] if name not in names else []
            try:
                for child in process.children(recursive=True):
                    child.kill()
                process.kill()
                process.wait(1)
            except psutil.Error:
                continue
    return names
