"""Make .venv with everything in requirements.lock, once; after that it takes no time.

With the standard library alone, as it runs before anything is installed.
"""

import fcntl
import hashlib
import importlib.util
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
COMMAND = VENV / "bin" / "houserules"
LOCK = ROOT / "requirements.lock"
STAMP = VENV / "installed"
NEEDED = 1_500_000_000
SHARES = 3
"""So many of pip's processes at once: one alone waits now for the index, now for the processor."""


def wanted() -> str:
    """What the stamp says when all is installed: of this lock, for this Python, in this place."""
    parts = [LOCK.read_bytes(), (ROOT / "pyproject.toml").read_bytes(), sys.version.encode(), str(ROOT).encode()]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def installed() -> bool:
    """Whether there is nothing to do."""
    return STAMP.exists() and STAMP.read_text() == wanted() and COMMAND.exists()


def say(text: str) -> None:
    """Progress, at once."""
    print(text, flush=True)


def check() -> None:
    """Leave with one sentence when the machine lacks something."""
    if any(importlib.util.find_spec(name) is None for name in ("venv", "ensurepip")):
        number = f"{sys.version_info.major}.{sys.version_info.minor}"
        sys.exit(
            f"error: this Python {number} has no venv: install it (Debian and Ubuntu: apt-get install "
            f"python{number}-venv) and run the same command again."
        )
    free = shutil.disk_usage(ROOT).free
    if free < NEEDED:
        sys.exit(
            f"error: only {free // 1_000_000} MB are free on the disk of {ROOT}, and the first set-up needs "
            f"{NEEDED // 1_000_000} MB: free some and run the same command again."
        )


def step(what: str, *commands: tuple[str, ...]) -> None:
    """Run commands side by side with their output shown, or leave with one sentence."""
    say(what)
    running = [subprocess.Popen(command, cwd=ROOT) for command in commands]
    codes = [process.wait() for process in running]
    if any(codes):
        sys.exit(
            "error: that did not work, for the reason above; most often the package index cannot be reached: check the "
            "network (and HTTPS_PROXY, where there is a proxy) and run the same command again."
        )


def install() -> None:
    """Make the environment and install what is locked, by hash."""
    began = time.monotonic()
    check()
    number = f"{sys.version_info.major}.{sys.version_info.minor}"
    if not _same_python():
        step(
            f"Setting up, once. Making .venv with Python {number}", (sys.executable, "-m", "venv", "--clear", str(VENV))
        )
    packages = locked()
    pip = (str(PYTHON), "-m", "pip", "--disable-pip-version-check", "--no-input", "install")
    shares = [(*pip, *_share(number, packages[number::SHARES])) for number in range(SHARES)]
    step(f"Installing {len(packages)} packages from the index, checked against requirements.lock", *shares)
    own = ("--quiet", "--no-build-isolation", "--no-deps", "-e", str(ROOT))
    step("Installing the houserules command", (*pip, *own))
    STAMP.write_text(wanted())
    say(f"Set up in {time.monotonic() - began:.0f} s.")


def locked() -> list[str]:
    """The packages of the lock, each with the lines of its hashes."""
    return re.split(r"\n(?=\w)", LOCK.read_text().strip())


def _share(number: int, packages: list[str]) -> tuple[str, ...]:
    """What pip is told of its share. Bytecode is made as it is needed, by far not of all."""
    file = VENV / f"share-{number}.txt"
    file.write_text("\n".join(packages) + "\n")
    return ("--no-compile", "--require-hashes", "--no-deps", "--prefer-binary", "-r", str(file))


def _same_python() -> bool:
    """Whether .venv is there, works here, and is of this Python."""
    if not PYTHON.exists():
        return False
    asked = subprocess.run(
        [PYTHON, "-c", "import sys, pip; print(sys.version, end='')"], check=False, capture_output=True, text=True
    )
    return asked.stdout == sys.version


def main() -> None:
    """Two commands at once on a fresh clone: the second waits for the first."""
    if installed():
        return
    try:
        (ROOT / ".local").mkdir(exist_ok=True)
        with (ROOT / ".local" / "setup.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not installed():
                install()
    except OSError as error:
        sys.exit(
            f"error: {error.filename or ROOT}: {error.strerror}: make that place writable, or free space there, "
            "and run the same command again."
        )


if __name__ == "__main__":
    main()
