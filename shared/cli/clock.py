"""`houserules clock`: policy time of a demo or a test, which stands still until it is moved."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shared.cli.failure import Failure, Misuse
from shared.cli.instants import parse_instant, parse_span, rfc3339
from shared.cli.output import json_value, say
from shared.cli.running import run as until_done
from shared.cli.stack import Stack, stack_of

if TYPE_CHECKING:
    from shared.platform.clock import ClockFile

__all__ = ["app", "clock_path", "policy_now"]

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Policy time: show it, and move it where it is stepped."
)

REFUSAL = (
    "Policy time is real time here and cannot be moved: start the stack with HOUSERULES_CLOCK naming a clock file, "
    "as `make demo` does."
)
Json = Annotated[bool, typer.Option("--json", help="One JSON value on stdout.")]
Wait = Annotated[bool, typer.Option(help="Return when the services have done all there is to do at that time.")]
Timeout = Annotated[float, typer.Option(min=1, metavar="SECONDS", help="How long to wait for that.")]


def clock_path(stack: Stack) -> Path | None:
    """The clock file of HOUSERULES_CLOCK or of the running stack; None on real time."""
    named = os.environ.get("HOUSERULES_CLOCK")
    if named:
        return Path(named)
    found = stack.found()
    if found is None or found.clock is None or found.clock.real:
        return None
    return stack.folder / "clock.json"


def policy_now(stack: Stack) -> datetime:
    """The `now` of policies: what the clock file says, else the machine's time."""
    path = clock_path(stack)
    if path is None or not path.exists():
        return datetime.now(UTC)
    return _read(path).at(datetime.now(UTC))


def _read(path: Path) -> "ClockFile":
    from shared.platform.clock import ClockError, ClockFile

    try:
        return ClockFile.read(path)
    except ClockError as error:
        raise Failure(f"{error}.") from error


@app.command()
def show(context: typer.Context, as_json: Json = False) -> None:
    """Show policy time, the machine's time and the rate.

    \b
    Example:
      houserules clock show --json | jq -r .policy
    """
    stack = stack_of(context)
    path = clock_path(stack)
    machine = datetime.now(UTC)
    file = None if path is None else _read(path)
    policy = machine if file is None else file.at(machine)
    rate = 1.0 if file is None else file.rate
    if as_json:
        json_value({"machine": machine, "policy": policy, "rate": rate, "stepped": file is not None})
        return
    how = "real time" if file is None else "stands still" if rate == 0 else f"runs at {rate:g} seconds a second"
    print(f"{rfc3339(policy)}  {how}")


@app.command("set")
def set_to(
    context: typer.Context,
    instant: Annotated[str, typer.Argument(help='2026-03-27T16:30:00Z, or "2026-03-27T16:30 Europe/London".')],
    wait: Wait = True,
    timeout: Timeout = 60,
) -> None:
    """Set policy time and let it stand still; returns when all is quiet.

    \b
    Examples:
      houserules clock set 2026-03-27T16:30:00Z
      houserules clock set "2026-03-30T12:30:01 Europe/London"
    """
    _move(stack_of(context), lambda now: parse_instant(instant, now), 0.0, timeout if wait else None)


@app.command()
def step(
    context: typer.Context,
    span: Annotated[str, typer.Argument(help="How far: 30m, 1h30m, 2d.")],
    wait: Wait = True,
    timeout: Timeout = 60,
) -> None:
    """Move policy time on by a span and let it stand still; returns when all is quiet.

    \b
    Example:
      houserules clock step 30m
    """
    far = parse_span(span)
    _move(stack_of(context), lambda now: now + far, 0.0, timeout if wait else None)


@app.command()
def run(
    context: typer.Context,
    rate: Annotated[float, typer.Option(min=0, help="Seconds of policy time in one of the machine's.")] = 1.0,
) -> None:
    """Let policy time run from where it is.

    \b
    Examples:
      houserules clock run
      houserules clock run --rate 60
    """
    _move(stack_of(context), lambda now: now, rate, None)


def _move(stack: Stack, target: Callable[[datetime], datetime], rate: float, wait_s: float | None) -> None:
    from shared.platform.clock import ClockFile

    path = clock_path(stack)
    if path is None:
        raise Failure(REFUSAL)
    before = policy_now(stack)
    try:
        policy = target(before)
        ClockFile(machine=datetime.now(UTC), policy=policy, rate=rate).write(path)
    except OverflowError as error:
        raise Misuse("That is beyond the calendar.") from error
    except OSError as error:
        raise Failure(f"{path} cannot be written: {error.strerror}.") from error
    if policy < before:
        say("Policy time went back: what was decided later stays decided.")
    if wait_s is not None:
        if stack.found() is None:
            say("No stack runs, so there is nothing to wait for.")
        else:
            from shared.cli.quiet import until_quiet

            until_done(until_quiet(stack, wait_s))
    print(rfc3339(policy))
