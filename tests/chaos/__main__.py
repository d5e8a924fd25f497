"""`python -m tests.chaos`: a nemesis over a stack of its own under load, and the verdict on what was kept."""

import argparse
import asyncio
import os
import sys
from random import SystemRandom

from tests.chaos.faults import FAULTS
from tests.chaos.report import report
from tests.chaos.run import chaos
from tests.chaos.scene import OUTBOX_ROWS
from tests.stacks import running


def main() -> int:
    """The command line; 1 if a promise was broken, a deadline was told late in quiet, or no fault counted."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    chance = int(os.environ.get("HOUSERULES_SEED") or SystemRandom().randrange(2**32))
    parser.add_argument(
        "--seed", type=int, default=chance, help="repeats a run's faults (else HOUSERULES_SEED, or chance)"
    )
    parser.add_argument("--seconds", type=float, default=600.0, help="for how long faults are struck (default: 600)")
    parser.add_argument("--faults", default=",".join(FAULTS), help="which, by comma (default: %(default)s)")
    asked = parser.parse_args()
    kinds = tuple(asked.faults.split(","))
    if unknown := sorted(set(kinds) - set(FAULTS)):
        parser.error(f"no such fault: {', '.join(unknown)}; there are {', '.join(FAULTS)}")
    print(f"seed {asked.seed}: the same sequence again by --seed {asked.seed}", flush=True)
    with running(environment={"HOUSERULES_OUTBOX_ROWS": str(OUTBOX_ROWS)}) as stack:
        found = report(asyncio.run(chaos(stack, asked.seed, asked.seconds, kinds)))
    print("\n".join(found.lines()))
    return 1 if found.findings or found.late or not found.counted else 0


if __name__ == "__main__":
    sys.exit(main())
