"""Become another program that cannot outlive its parent.

`python guard.py FILE`: the file is JSON and says which `program` to become, its whole `environment`, its `directory`,
the `pidfile` to write, the `uid` and `gid` to give up root for (or null), and the `signal` that the kernel shall send
when the parent dies (Linux, prctl(2) PR_SET_PDEATHSIG). Run as a file, with the standard library alone, as it stands before every
process of the stack.
"""

import ctypes
import json
import os
import sys

PR_SET_PDEATHSIG = 1


def die_with_parent(number: int, parent: int) -> None:
    """Have the kernel send signal `number` when `parent` dies. Elsewhere than on Linux the stack sweeps by process id."""
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, number, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent:
        sys.exit("the parent is gone")


def main(file: str) -> None:
    """Write the process id, give up root, become the program."""
    parent = os.getppid()
    with open(file, encoding="utf-8") as text:
        wish = json.load(text)
    with open(wish["pidfile"], "w", encoding="utf-8") as pidfile:
        pidfile.write(str(os.getpid()))
    os.chdir(wish["directory"])
    os.umask(0o077)
    if wish["uid"] is not None:
        os.setgroups([])
        os.setgid(wish["gid"])
        os.setuid(wish["uid"])
    die_with_parent(wish["signal"], parent)  # after the change of user, which would clear it
    os.execve(wish["program"][0], wish["program"], wish["environment"])


if __name__ == "__main__":
    main(sys.argv[1])
