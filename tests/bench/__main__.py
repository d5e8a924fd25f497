"""`python -m tests.bench`: see the package. Exit code 1 when a scenario or a gate fails, 2 for a wrong command."""

import argparse
import asyncio
import sys
import time
from collections.abc import Callable, Sequence

from tests.bench import report
from tests.bench.harness import Outcome, Plan, Scenario, attempt
from tests.bench.host import Host, facts
from tests.bench.scenarios import SCENARIOS, scenario
from tests.bench.servers import Servers, servers

__all__ = ["main"]

LEAST_ROUNDS = 5
"""Of a run that writes its results unasked, where the scenarios' own rounds are not kept to."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    options = _parser().parse_args(arguments)
    chosen = [scenario(name) for name in options.only or SCENARIOS]
    chosen = [one for one in chosen if options.only or one.long == options.long]
    if options.list:
        for one in chosen:
            print(f"{one.name:<12} {one.title}: {', '.join(contestant.name for contestant in one.contestants)}")
        return 0
    plan = Plan(rounds=options.rounds, quick=options.quick, size=options.size)
    whole = not options.quick and options.size is None and (options.rounds or LEAST_ROUNDS) >= LEAST_ROUNDS
    keep = _write if options.write or (whole and not options.no_write) else _forget
    began = time.monotonic()
    with servers() as both:
        outcomes = asyncio.run(_all(chosen, both, plan, keep))
    _say(f"\n{time.monotonic() - began:.0f} s in all")
    return _verdict(outcomes, gated=options.quick)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench",
        description="Measures House Rules against its limits and its peers, on a PostgreSQL and a Kafka of its own.",
    )
    parser.add_argument("--list", action="store_true", help="name the scenarios and their contestants")
    parser.add_argument("--only", metavar="NAME", action="append", choices=list(SCENARIOS), help="; ".join(SCENARIOS))
    parser.add_argument(
        "--rounds",
        type=_positive,
        metavar="N",
        help="rounds of each contestant (default: 5, or 3 where one takes long)",
    )
    parser.add_argument(
        "--size", type=_positive, metavar="N", help="how much a round is, in place of each scenario's own"
    )
    parser.add_argument(
        "--quick", action="store_true", help="small, and exit 1 when a ratio is under half of its goal; writes nothing"
    )
    parser.add_argument("--long", action="store_true", help="the scenarios that take their time")
    parser.add_argument("--write", action="store_true", help="write the results of a run that is not whole, too")
    parser.add_argument("--no-write", action="store_true", help="write nothing")
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("a whole number from 1 on")
    return number


Keep = Callable[[Outcome, Host], None]


def _write(outcome: Outcome, host: Host) -> None:
    """In place of what was kept of this scenario; others stay, with the facts of the machine that they were made on.

    After each one, so that what is measured is kept whatever comes after it.
    """
    kept = report.read(report.FOLDER) | {outcome.scenario.name: report.section(outcome, host)}
    report.write({name: kept[name] for name in SCENARIOS if name in kept}, report.FOLDER)
    _say(f"  written: {report.FOLDER.name}/RESULTS.md and results.json")


def _forget(outcome: Outcome, host: Host) -> None:
    """A run that is not whole is told and not kept."""


async def _all(chosen: Sequence[type[Scenario]], both: Servers, plan: Plan, keep: Keep) -> list[Outcome]:
    host = await facts(both)
    for line in host.lines():
        _say(line)
    outcomes = []
    for kind in chosen:
        _say(f"\n{kind.title}: {plan.count(kind):,} {kind.unit}, {plan.turns(kind)} rounds")
        for contestant in plan.contestants(kind):
            _say(f"  {contestant.name}: {contestant.what}; {contestant.settings or 'no settings'}")
        outcome = await attempt(kind, both, plan, _say)
        outcomes.append(outcome)
        if not outcome.fault:
            _tell(outcome, host)
        keep(outcome, host)
    return outcomes


def _tell(outcome: Outcome, host: Host) -> None:
    _say("")
    for row in report.table(report.section(outcome, host)):
        _say(row)
    for standing in outcome.standings:
        goal = standing.goal
        _say(
            f"  {'met   ' if standing.met else 'MISSED'} {goal.text}: {standing.value:.3g} "
            f"({standing.least:.3g} to {standing.most:.3g}), {goal.bound}"
        )


def _verdict(outcomes: Sequence[Outcome], gated: bool) -> int:
    """1 if a scenario failed, or in the short form a gate; each is named."""
    broken = [outcome for outcome in outcomes if outcome.fault]
    for outcome in broken:
        print(f"bench: {outcome.scenario.name} failed: {outcome.fault}", file=sys.stderr)
    failed = [(outcome.scenario.name, standing) for outcome in outcomes for standing in outcome.failed if gated]
    for name, standing in failed:
        print(
            f"bench: {name}: {standing.goal.text}: {standing.value:.3g} is not within half of the goal "
            f"({standing.goal.bound})",
            file=sys.stderr,
        )
    return 1 if broken or failed else 0


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
