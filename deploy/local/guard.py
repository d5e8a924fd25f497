"""Become another program that cannot outlive its parent.

`python guard.py --pidfile FILE [--uid N --gid N] [--signal NAME] -- program argument…` gives up root where it is told to,
asks the kernel (Linux, prctl(2) PR_SET_PDEATHSIG) for a signal when the parent dies, writes its process id and becomes
the program. Run as a file, with the standard library alone, as it stands before every process of the stack.
"""

import argparse
import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def die_with_parent(number: int, parent: int) -> None:
    """Have the kernel send `number` when `parent` dies. Elsewhere than on Linux the stack sweeps by process id."""
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, number, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent:
        sys.exit("the parent is gone")


def main() -> None:
    """Parse, write the process id, drop root, become the program."""
    parent = os.getppid()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pidfile", required=True)
    parser.add_argument("--uid", type=int)
    parser.add_argument("--gid", type=int)
    parser.add_argument("--signal", default="KILL")
    parser.add_argument("program", nargs="+")
    arguments = parser.parse_args()
    with open(arguments.pidfile, "w") as file:  # pathlib would cost every start its import
        file.write(str(os.getpid()))
    if arguments.uid is not None:
        os.setgroups([])
        os.setgid(arguments.gid)
        os.setuid(arguments.uid)
        os.umask(0o077)
    # After the change of user, which clears it.
    die_with_parent(getattr(signal, f"SIG{arguments.signal}"), parent)
    os.execv(arguments.program[0], arguments.program)


if __name__ == "__main__":
    main()
