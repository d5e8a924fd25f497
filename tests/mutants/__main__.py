"""`python -m tests.mutants`: see the package. Exit code 1 when a mutant is not seen, 2 when nothing could be shown."""

import argparse
import queue
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path

from tests.lending import lending
from tests.mutants.catalogue import MUTANTS
from tests.mutants.mutant import Mutant, Outdated, check
from tests.mutants.trial import ROOT, Finding, Trial, Verdict, copy_tree

__all__ = ["main"]

MARKS = {Verdict.SEEN: "seen", Verdict.SURVIVED: "SURVIVED", Verdict.UNCLEAR: "UNCLEAR"}


def main(arguments: Sequence[str] | None = None, mutants: Sequence[Mutant] = MUTANTS, root: Path = ROOT) -> int:
    """The command."""
    options = _parser().parse_args(arguments)
    unknown = set(options.only or ()) - {mutant.name for mutant in mutants}
    if unknown:
        print(f"There is no mutant {', '.join(sorted(unknown))}; --list names them.", file=sys.stderr)
        return 2
    chosen = [mutant for mutant in mutants if not options.only or mutant.name in options.only]
    if options.list:
        for mutant in chosen:
            print(f"{mutant.name:<30} {mutant.file}: {mutant.without}")
        return 0
    try:
        check(root, mutants)
    except Outdated as fault:
        print(f"The code has moved on; mend tests/mutants/catalogue.py:\n{fault}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="houserules-mutants-") as place, _servers(chosen) as servers:
        trials = [Trial(copy_tree(root, Path(place) / str(n)), servers) for n in range(min(options.jobs, len(chosen)))]
        return _run(trials, chosen)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.mutants",
        description="Breaks a copy of the code in named ways, and shows which test sees it.",
    )
    parser.add_argument("--list", action="store_true", help="name the mutants and what each takes away")
    parser.add_argument("--only", metavar="NAME", action="append", help="try this one alone; may be given again")
    parser.add_argument(
        "--jobs", type=int, default=2, choices=range(1, 17), metavar="N", help="how many to try at a time (default 2)"
    )
    return parser


@contextmanager
def _servers(mutants: Sequence[Mutant]) -> Iterator[Path | None]:
    """Servers for all, where any test among them needs one."""
    if all("/unit/" in test for mutant in mutants for test in (*mutant.red, *mutant.green)):
        yield None
        return
    with lending() as file:
        yield file


def _run(trials: Sequence[Trial], mutants: Sequence[Mutant]) -> int:
    began = time.monotonic()
    green = trials[0].unmutated(mutants)
    print(_line("the code as it is", "green" if green.verdict is Verdict.SEEN else "RED", green.seconds), flush=True)
    if green.verdict is not Verdict.SEEN:
        print(f"The tests must be green first: {green.detail}", file=sys.stderr)
        return 2
    found: dict[str, Finding] = {}
    idle: queue.SimpleQueue[Trial] = queue.SimpleQueue()
    for trial in trials:
        idle.put(trial)

    def attempt(mutant: Mutant) -> tuple[Mutant, Finding]:
        trial = idle.get()
        try:
            return mutant, trial.run(mutant)
        finally:
            idle.put(trial)

    with ThreadPoolExecutor(len(trials)) as pool:
        attempts = [pool.submit(attempt, mutant) for mutant in mutants]
        try:
            for done in as_completed(attempts):
                mutant, finding = done.result()
                found[mutant.name] = finding
                print(_line(mutant.name, MARKS[finding.verdict], finding.seconds, finding.detail), flush=True)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
    return _close(mutants, found, time.monotonic() - began)


def _line(name: str, verdict: str, seconds: float, detail: str = "") -> str:
    return f"{name:<30} {verdict:<9} {seconds:6.1f} s  {detail[:150]}".rstrip()


def _close(mutants: Sequence[Mutant], found: dict[str, Finding], seconds: float) -> int:
    """The table, and the exit code."""
    print(f"\n{'mutant':<30} {'verdict':<9} seen by")
    for mutant in mutants:
        finding = found[mutant.name]
        seen = ", ".join(test.rpartition("::")[2] for test in mutant.red)
        print(f"{mutant.name:<30} {MARKS[finding.verdict]:<9} {seen}")
    bad = [name for name, finding in found.items() if finding.verdict is not Verdict.SEEN]
    print(f"\n{len(found) - len(bad)} of {len(found)} mutants seen in {seconds:.0f} s")
    return 1 if bad else 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main())
