"""What `houserules doctor` looks at, in which order, and what it leaves to a line above."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence

from shared.cli import doctor_bus, doctor_database, doctor_machine
from shared.cli import doctor_verdicts as verdicts
from shared.cli.doctor_bus import Waiting
from shared.cli.doctor_database import Examined, Positions
from shared.cli.doctor_finding import Finding, bad, ok, unchecked, warning
from shared.cli.doctor_place import Place
from shared.cli.failure import Failure
from shared.cli.stack import Stack, StackFile

__all__ = ["examine", "watched"]

STANDS_S = 10.0
LOOK_AGAIN_S = 1.0
TIMEOUT_S = 6.0
BY_A_STACK = (
    "services", "kafka", "access lists", "topics", "lag", "database", "clocks", "migrations", "database roles",
    "outbox", "relay", "dead letters",
)  # fmt: skip


def examine(stack: Stack, users: Sequence[str] = ()) -> list[Finding]:
    """Every check, those of this machine first. `users` are those whom Kafka knows by another name: NAME=KAFKA-NAME."""
    findings = [doctor_machine.python(), doctor_machine.dependencies(), doctor_machine.packs()]
    try:
        file = stack.found()
    except Failure as failure:
        return [*findings, bad("stack file", "", str(failure), "start the stack as yourself, with `make run`")]
    if file is None:
        return [*findings, *doctor_machine.ports(), *_without(stack)]
    findings += [ok("ports", "", "the stack's own"), doctor_machine.stack_file(stack), _policy_time(file)]
    return [*findings, *asyncio.run(_running(stack, file, users))]


def _without(stack: Stack) -> list[Finding]:
    """What cannot be looked at, and why."""
    unready = stack.path.with_name("stack.unready.json")
    if unready.exists():
        do = f"houserules --stack {unready} doctor"
        return [unchecked("stack", "", "a stack is being started, and is not ready", do)]
    why = f"no stack runs: there is no {stack.path}"
    return [
        unchecked(
            "stack",
            "",
            f"{why} (so nothing is said of {', '.join(BY_A_STACK)})",
            "make run; with containers, docker compose up",
        )
    ]


def _policy_time(file: StackFile) -> Finding:
    if file.clock is None or file.clock.real:
        return ok("policy time", "", "real")
    return warning("policy time", "", "moved by a clock file: deadlines follow it", "for demos and tests alone")


async def _running(stack: Stack, file: StackFile, users: Sequence[str]) -> list[Finding]:
    """What a running stack is asked. What follows from a line above it is not told again as bad."""
    names = sorted(file.services)
    answers = dict(zip(names, await asyncio.gather(*(_ask(file.services[name]) for name in names)), strict=True))
    up = {name: answers[name] is not None for name in names}
    place = Place(stack.folder, compose=file.run_by == "compose")
    bus = await doctor_bus.examine(file.kafka, place, users)
    kept = [name for name in names if name in file.databases]
    found = await asyncio.gather(
        *(doctor_database.examine(name, file.databases[name], place, up=up[name]) for name in kept)
    )
    examined = dict(zip(kept, found, strict=True))
    services = [
        _service(name, answers[name], bus, examined.get(name), place.again(name, file.services[name])) for name in names
    ]
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
    name: str, answer: dict[str, str] | None, bus: Sequence[Finding], examined: Examined | None, do: str
) -> Finding:
    if answer is None:
        return bad("services", name, "does not answer", do)
    explained = {}
    if any(f.verdict == "bad" for f in bus):
        explained["bus"] = next(f.check for f in bus if f.verdict == "bad")
    for finding in examined.findings if examined else ():
        if finding.verdict == "bad" and finding.check in ("database", "migrations"):
            explained["database"] = finding.check
    return verdicts.readiness(name, answer, explained)


async def _lag(stack: Stack, file: StackFile, examined: dict[str, Examined], up: dict[str, bool]) -> list[Finding]:
    """What waits at the first look is looked at again until it moves, or has stood for long enough to say so."""
    topics = stack.topics()
    readable = {name: one.positions for name, one in examined.items() if one.positions is not None}
    ends = await doctor_bus.log_ends(file.kafka, topics, list(readable))
    if ends is None:
        return [unchecked("lag", name, "the broker does not say where its logs end") for name in readable]

    def waiting(found: dict[str, Positions]) -> dict[str, Waiting]:
        return {name: doctor_bus.behind(ends, at, topics.read_by(name)) for name, at in found.items()}

    async def look() -> dict[str, Waiting]:
        read = await asyncio.gather(*(doctor_database.positions(file.databases[name]) for name in readable))
        return waiting({name: at or readable[name] for name, at in zip(readable, read, strict=True)})

    before = waiting(readable)
    after = await watched({name: before[name] for name in readable if up[name]}, look)
    return [doctor_bus.judge_lag(name, before[name], after.get(name, before[name]), up=up[name]) for name in readable]


async def watched(
    before: Mapping[str, Waiting],
    look: Callable[[], Awaitable[Mapping[str, Waiting]]],
    patience_s: float = STANDS_S,
    again_s: float = LOOK_AGAIN_S,
) -> Mapping[str, Waiting]:
    """What waits once all that waited has moved, or has stood for so long that nobody can be reading it."""
    after = before
    end = time.monotonic() + patience_s
    while any(doctor_bus.standing(before[name], after[name]) for name in before) and time.monotonic() < end:
        await asyncio.sleep(again_s)
        after = await look()
    return after
