"""Who PostgreSQL runs as: it refuses root, so root lends it an account without rights."""

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

from deploy.local.errors import StackError

__all__ = ["Account", "reaches", "unprivileged"]

CANDIDATES = ("nobody", "daemon")


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the machine, by its ids."""

    name: str
    uid: int
    gid: int


def unprivileged() -> Account | None:
    """The account to run PostgreSQL as, or None to run it as oneself. Raises StackError when there is none."""
    if os.geteuid() != 0:
        try:
            pwd.getpwuid(os.geteuid())
        except KeyError:
            raise StackError(
                f"PostgreSQL does not run as user {os.geteuid()}, who has no name on this machine: add one "
                "(useradd), or run make as a user that has one."
            ) from None
        return None
    for name in CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return Account(name, entry.pw_uid, entry.pw_gid)
    raise StackError(
        "PostgreSQL does not run as root, and this machine has no account `nobody` to run it as: "
        "run make as an ordinary user."
    )


def reaches(account: Account | None, folder: Path) -> bool:
    """Whether the account may pass through every folder down to `folder`; those that do not exist yet are passed over."""
    if account is None:
        return True
    folder = folder.resolve()
    return all(_passes(account, step) for step in (folder, *folder.parents) if step.exists())


def _passes(account: Account, folder: Path) -> bool:
    status = folder.stat()
    if status.st_uid == account.uid:
        return bool(status.st_mode & stat.S_IXUSR)
    if status.st_gid == account.gid:
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)
