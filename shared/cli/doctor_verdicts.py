"""The verdicts of `houserules doctor` on what it measured: numbers in, a finding out, nothing asked of anybody."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.cli.doctor_finding import Finding, bad, ok, unchecked, warning

__all__ = [
    "Rights",
    "dead_letters",
    "dependencies",
    "lag",
    "migrations",
    "outbox",
    "permissions",
    "port",
    "python",
    "readiness",
    "relay",
    "rights",
    "skew",
]

SKEW_S = (1.0, 2.0)
"""Look; no service starts beyond the second."""
LAG = 10_000
OUTBOX_S = (10.0, 60.0)
NAMED = 5


@dataclass(frozen=True, slots=True)
class Rights:
    """What the role of a service's URL may do that an app role must not."""

    role: str
    superuser: bool = False
    creates_roles_or_databases: bool = False
    creates_tables: bool = False
    owns: int = 0
    member_of: tuple[str, ...] = ()
    enters: tuple[str, ...] = ()
    """Other databases of the server."""


def python(found: tuple[int, int, int], least: tuple[int, int]) -> Finding:
    """The interpreter's version."""
    said = ".".join(map(str, found))
    wanted = ".".join(map(str, least))
    if found[:2] >= least:
        return ok("python", "", f"Python {said}")
    return bad("python", "", f"Python {said}, and {wanted} is needed", f"install Python {wanted} or later")


def dependencies(locked: Mapping[str, str], installed: Mapping[str, str]) -> Finding:
    """Installed versions against those that the lock asks of this machine."""
    other = [
        f"{name} is {installed[name]}, locked {version}"
        for name, version in sorted(locked.items())
        if name in installed and installed[name] != version
    ]
    missing = [f"{name} is missing" for name in sorted(locked) if name not in installed]
    if not other + missing:
        return ok("dependencies", "", f"{len(installed)} packages, as locked")
    return bad(
        "dependencies",
        "",
        _some(missing + other),
        "rm .venv/installed, then `make prepare`: it installs what is locked",
    )


def port(name: str, number: int, *, free: bool, holder: str) -> Finding:
    """Whether a part of the stack could listen where it should, while no stack runs."""
    if free:
        return ok("ports", name, f"{number} is free")
    by = f" by {holder}" if holder else ""
    return bad(
        "ports", name, f"{number} is taken{by}", f"stop that, or set HOUSERULES_PORT_{name.upper()} to a free port"
    )


def permissions(mode: int, *, own: bool, path: str) -> Finding:
    """Who may read stack.json, which holds tokens and passwords."""
    if not own:
        return bad("stack file", "", f"{path} belongs to somebody else", "start the stack as yourself")
    if mode & 0o077:
        return bad("stack file", "", f"{path} may be read by others (mode {mode:o})", f"chmod 600 {path}")
    return ok("stack file", "", "its owner's alone")


def skew(service: str, seconds: float) -> Finding:
    """How far this machine's clock is from the database's."""
    look, limit = SKEW_S
    says = f"{abs(seconds):.1f} s {'behind' if seconds < 0 else 'ahead of'} this machine"
    if abs(seconds) > limit:
        return bad("clocks", service, f"the database is {says}", "set both by NTP: no service starts beyond 2 s")
    if abs(seconds) > look:
        return warning("clocks", service, f"the database is {says}", "look whether both are set by NTP")
    return ok("clocks", service, "less than a second apart" if abs(seconds) < 1 else says)


def migrations(service: str, current: str | None, head: str | None, do: str) -> Finding:
    """Where a database is, and where this code wants it."""
    if current == head:
        return ok("migrations", service, f"at {head}")
    at = f"at {current}" if current else "at none"
    return bad("migrations", service, f"{at}, the code at {head}", do)


def rights(service: str, found: Rights) -> Finding:
    """An app role works with rows. DDL in its hands would let a fault in a door change tables."""
    too_much = [
        *(["is a superuser"] if found.superuser else []),
        *(["may create roles or databases"] if found.creates_roles_or_databases else []),
        *(["may create tables"] if found.creates_tables else []),
        *([f"owns {found.owns} tables"] if found.owns else []),
        *([f"is a member of {', '.join(found.member_of)}"] if found.member_of else []),
    ]
    if too_much:
        do = f"give the service a role that only reads and writes rows (deploy/postgres/init.sh), not {found.role}"
        return bad("database roles", service, f"{found.role} {', '.join(too_much)}", do)
    if found.enters:
        says = f"{found.role} may also enter {_some(found.enters)}"
        return warning("database roles", service, says, "revoke connect on those databases from public")
    return ok("database roles", service, "works with rows, no more")


def readiness(service: str, checks: Mapping[str, str], explained: Mapping[str, str]) -> Finding:
    """What /readyz says. A part that another line already explains (`explained`: part to that line) is its consequence."""
    wrong = {part: text for part, text in checks.items() if text != "ready"}
    if not wrong:
        return ok("services", service, "up and ready")
    own = [f"{part}: {text}" for part, text in wrong.items() if part not in explained]
    if not own:
        causes = dict.fromkeys(explained[part] for part in wrong)
        return unchecked("services", service, f"up, not ready: see {' and '.join(causes)}")
    return bad("services", service, f"up, not ready: {'; '.join(own)}", "mend what it names; it goes on by itself")


def lag(service: str, waiting: int, moving: bool, *, up: bool) -> Finding:
    """Records in the log behind the stored position, and whether that moved between two looks."""
    if waiting == 0:
        return ok("lag", service, "nothing waits")
    if not up:
        return unchecked("lag", service, f"{waiting} records wait for the service")
    if not moving:
        return bad(
            "lag", service, f"{waiting} records wait and none is read", "read its log; a restart of the service is safe"
        )
    if waiting > LAG:
        return warning(
            "lag", service, f"{waiting} records wait, and fewer soon", "look again; more workers read faster"
        )
    return ok("lag", service, f"{waiting} records wait and are being read")


def dead_letters(service: str, codes: Mapping[str, int], oldest: str | None) -> Finding:
    """Open ones, by the code of their cause."""
    count = sum(codes.values())
    if count == 0:
        return ok("dead letters", service, "none open")
    said = ", ".join(f"{code} {number}" for code, number in sorted(codes.items()))
    return bad(
        "dead letters",
        service,
        f"{count} open ({said}), the oldest of {oldest}",
        "houserules dead-letters list --state open; mend the cause, then redrive, or close what can never be read",
    )


def outbox(service: str, rows: int, age_s: float, refused: int) -> Finding:
    """What waits to be sent, and what Kafka would not take."""
    if refused:
        return bad(
            "outbox", service, f"{refused} records are set aside: too large for their topic",
            "look in the table outbox_refused, and at max.message.bytes of the topic",
        )  # fmt: skip
    look, limit = OUTBOX_S
    says = f"{rows} rows wait, the oldest for {age_s:.0f} s"
    if age_s > limit:
        return bad("outbox", service, says, "houserules topics check; then read the service's log for `relay`")
    if age_s > look:
        return warning("outbox", service, says, "look again: a minute is too long")
    return ok("outbox", service, "nothing waits long")


def relay(service: str, holders: Sequence[str], *, up: bool) -> Finding:
    """Who holds the relay's lock, by application name: one process of the service, or events are not sent."""
    strangers = [name for name in holders if name != service]
    if strangers:
        says = f"its lock is held by {_some(strangers)}, which is no relay"
        return bad("relay", service, says, "end that session (pg_terminate_backend); the relay takes over by itself")
    if len(holders) > 1:
        return bad("relay", service, f"{len(holders)} processes lead", "stop all but one: order is not kept")
    if holders:
        return ok("relay", service, "one leads")
    if not up:
        return unchecked("relay", service, "nobody leads while the service is away")
    return bad(
        "relay", service, "nobody leads: nothing is sent", "read its log for `relay`; is Kafka reachable from it?"
    )


def _some(texts: Sequence[str]) -> str:
    more = len(texts) - NAMED
    return "; ".join(texts[:NAMED]) + (f" and {more} more" if more > 0 else "")
