"""How every process of the stack is started: behind the guard, so that it cannot outlive its parent."""

import sys
from collections.abc import Sequence
from pathlib import Path

from deploy.local.account import Account

__all__ = ["guarded"]

GUARD = Path(__file__).with_name("guard.py")


def guarded(
    command: Sequence[str], pidfile: Path, account: Account | None = None, parting_signal: str = "KILL"
) -> list[str]:
    """The command behind the guard; `parting_signal` is what it gets when its parent dies."""
    identity = ["--uid", str(account.uid), "--gid", str(account.gid)] if account else []
    guard = [sys.executable, "-I", "-S", str(GUARD), "--pidfile", str(pidfile), "--signal", parting_signal]
    return [*guard, *identity, "--", *command]
