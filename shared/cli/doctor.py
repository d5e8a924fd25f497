"""`houserules doctor`: what a newcomer or an operator gets wrong, looked at one by one, and what to do about each."""

import asyncio
from collections.abc import Sequence
from typing import Annotated

import typer

from shared.cli import doctor_bus, doctor_database, doctor_machine
from shared.cli import doctor_verdicts as verdicts
from shared.cli.doctor_database import Examined
from shared.cli.doctor_finding import Finding, bad, ok, unchecked, warning
from shared.cli.failure import Failure
from shared.cli.output import json_value, say
from shared.cli.stack import Stack, StackFile, stack_of

__all__ = ["doctor"]

LOOK_AGAIN_S = 2.0
TIMEOUT_S = 6.0
BY_A_STACK = (
    "services", "kafka", "access lists", "topics", "lag", "database", "clocks", "migrations", "database roles",
    "outbox", "relay", "dead letters",
)  # fmt: skip


def doctor(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON value on stdout.")] = False,
) -> None:
    """Look at everything that often goes wrong, and say what to do about each. Changes nothing.

    \b
    It works with the stack down too. Exit code 1 when something is bad.
    Examples:
      houserules doctor
      houserules doctor --json | jq '.[] | select(.verdict == "bad")'
    """
    findings = examine(stack_of(context))
    if as_json:
        json_value(
            [
                {"check": f.check, "subject": f.subject, "verdict": f.verdict, "says": f.says, "do": f.do}
                for f in findings
            ]
        )
    else:
        _show(findings)
    wrong = sum(f.verdict == "bad" for f in findings)
    if wrong:
        raise typer.Exit(1)
    if not as_json:
        say("Nothing is bad.")


def examine(stack: Stack) -> list[Finding]:
    """Every check, those of this machine first."""
    findings = [doctor_machine.python(), doctor_machine.dependencies(), doctor_machine.packs()]
    try:
        file = stack.found()
    except Failure as failure:
        return [*findings, bad("stack file", "", str(failure), "start the stack as yourself, with `make run`")]
    if file is None:
        return [*findings, *doctor_machine.ports(), *_without(stack), verdicts.mail()]
    findings += [ok("ports", "", "the stack's own"), doctor_machine.stack_file(stack), _policy_time(file)]
    return [*findings, *asyncio.run(_running(stack, file)), verdicts.mail()]


def _without(stack: Stack) -> list[Finding]:
    """What cannot be looked at, and why."""
    unready = stack.path.with_name("stack.unready.json")
    if unready.exists():
        do = f"houserules --stack {unready} doctor"
        return [unchecked("stack", "", "a stack is being started, and is not ready", do)]
    why = f"no stack runs: there is no {stack.path}"
    return [unchecked("stack", "", f"{why} (so nothing is said of {', '.join(BY_A_STACK)})", "make run")]


def _policy_time(file: StackFile) -> Finding:
    if file.clock is None or file.clock.real:
        return ok("policy time", "", "real")
    return warning("policy time", "", "moved by a clock file: deadlines follow it", "for demos and tests alone")


async def _running(stack: Stack, file: StackFile) -> list[Finding]:
    """What a running stack is asked. What follows from a line above it is not told again as bad."""
    names = sorted(file.services)
    answers = dict(zip(names, await asyncio.gather(*(_ask(file.services[name]) for name in names)), strict=True))
    up = {name: answers[name] is not None for name in names}
    bus = await doctor_bus.examine(file.kafka)
    kept = [name for name in names if name in file.databases]
    found = await asyncio.gather(*(doctor_database.examine(name, file.databases[name], up=up[name]) for name in kept))
    examined = dict(zip(kept, found, strict=True))
    services = [_service(name, answers[name], bus, examined.get(name), stack) for name in names]
    lag = await _lag(stack, file, examined, up)
    return [*services, *bus, *lag, *(finding for one in examined.values() for finding in one.findings)]


async def _ask(url: str) -> dict[str, str] | None:
    """What a service says at /readyz, part by part; None when it does not answer."""
    import httpx

    async with httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False) as client:
        try:
            if (await client.get(f"{url}/healthz")).status_code != 200:
                return None
            checks: dict[str, str] = (await client.get(f"{url}/readyz")).json()["checks"]
            return checks
        except (httpx.HTTPError, ValueError, LookupError, TypeError):
            return None


def _service(
    name: str, answer: dict[str, str] | None, bus: Sequence[Finding], examined: Examined | None, stack: Stack
) -> Finding:
    if answer is None:
        log = stack.folder / "data" / "logs" / f"{name}.log"
        do = f"it is started again by itself under `make run`; if it is not, its log says why: {log}"
        return bad("services", name, "does not answer", do)
    explained = {}
    if any(f.verdict == "bad" for f in bus):
        explained["bus"] = next(f.check for f in bus if f.verdict == "bad")
    for finding in examined.findings if examined else ():
        if finding.verdict == "bad" and finding.check in ("database", "migrations"):
            explained["database"] = finding.check
    return verdicts.readiness(name, answer, explained)


async def _lag(stack: Stack, file: StackFile, examined: dict[str, Examined], up: dict[str, bool]) -> list[Finding]:
    """Two looks at each group's positions and its logs' ends."""
    from shared.bus.topics import Topics

    topics: Topics = stack.topics()
    readable = [name for name, one in examined.items() if one.positions is not None]
    ends = await doctor_bus.log_ends(file.kafka, topics, readable)
    if ends is None:
        return [unchecked("lag", name, "the broker does not say where its logs end") for name in readable]

    def waiting(found: dict[str, Examined]) -> dict[str, dict[tuple[str, int], int]]:
        return {
            name: doctor_bus.behind(ends, found[name].positions or {}, topics.read_by(name))
            for name in readable
            if found[name].positions is not None
        }

    before = after = waiting(examined)
    if any(before.values()):
        await asyncio.sleep(LOOK_AGAIN_S)
        again = [doctor_database.examine(name, file.databases[name], up=up[name]) for name in readable]
        after = waiting(dict(zip(readable, await asyncio.gather(*again), strict=True)))
    return [doctor_bus.judge_lag(name, before[name], after.get(name, before[name]), up=up[name]) for name in readable]


def _show(findings: Sequence[Finding]) -> None:
    """What is well in one line a check; everything else by itself, with what to do."""
    shown: list[tuple[str, str, str, str]] = []
    told = set()
    for finding in findings:
        if finding.verdict != "ok":
            what = f"{finding.check} {finding.subject}".strip()
            shown.append((finding.verdict, what, finding.says, finding.do))
        elif finding.check not in told:
            told.add(finding.check)
            good = [f for f in findings if f.check == finding.check and f.verdict == "ok"]
            subjects = ", ".join(f.subject for f in good if f.subject)
            said = "; ".join(dict.fromkeys(f.says for f in good))
            shown.append(("ok", finding.check, ": ".join(filter(None, [subjects, said])), ""))
    width = max(len(what) for _, what, _, _ in shown)
    for verdict, what, says, do in shown:
        print(f"{verdict:<11}  {what:<{width}}  {says}")
        if do:
            print(f"{'':<11}  {'':<{width}}  → {do}")
