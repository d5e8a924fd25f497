"""`houserules doctor`: what each measurement means. Rows are what was measured, and the verdict."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from shared.cli import doctor_database, doctor_examination
from shared.cli import doctor_verdicts as verdicts
from shared.cli.doctor_bus import Waiting, access_lists, behind, judge_lag, no_access_lists
from shared.cli.doctor_examination import watched
from shared.cli.doctor_finding import Finding, Verdict
from shared.cli.doctor_place import Place
from shared.cli.doctor_verdicts import Rights
from shared.contracts.acls import Rule
from shared.platform.addresses import of_this_machine
from shared.platform.db import Database


def holds(finding: Finding, verdict: Verdict, *said: str) -> None:
    """The verdict, the words in it, and something to do wherever it is not well."""
    assert finding.verdict == verdict, finding
    for text in said:
        assert text in f"{finding.says} → {finding.do}"
    if verdict in ("bad", "warning"):
        assert finding.do


@pytest.mark.parametrize(
    ("found", "verdict"), [((3, 11, 0), "ok"), ((3, 14, 2), "ok"), ((3, 10, 12), "bad"), ((2, 7, 18), "bad")]
)
def test_python(found: tuple[int, int, int], verdict: Verdict) -> None:
    holds(verdicts.python(found, (3, 11)), verdict, ".".join(map(str, found)))


LOCKED = {"aiokafka": "0.14.0", "msgspec": "0.22.0"}


@pytest.mark.parametrize(
    ("installed", "verdict", "said"),
    [
        (LOCKED, "ok", "2 packages, as locked"),
        ({"aiokafka": "0.13.0", "msgspec": "0.22.0"}, "bad", "aiokafka is 0.13.0, locked 0.14.0"),
        ({"aiokafka": "0.14.0"}, "bad", "msgspec is missing"),
    ],
    ids=["all", "another version", "missing"],
)
def test_dependencies(installed: dict[str, str], verdict: Verdict, said: str) -> None:
    holds(verdicts.dependencies(LOCKED, installed), verdict, said)


@pytest.mark.parametrize(
    ("mode", "own", "verdict", "said"),
    [
        (0o600, True, "ok", "alone"),
        (0o400, True, "ok", "alone"),
        (0o644, True, "bad", "chmod 600 stack.json"),
        (0o660, True, "bad", "mode 660"),
        (0o600, False, "bad", "belongs to somebody else"),
    ],
)
def test_stack_file(mode: int, own: bool, verdict: Verdict, said: str) -> None:
    holds(verdicts.permissions(mode, own=own, path="stack.json"), verdict, said)


@pytest.mark.parametrize(
    ("seconds", "verdict", "said"),
    [
        (0.0, "ok", "less than a second"),
        (-0.9, "ok", ""),
        (1.5, "warning", "1.5 s ahead"),
        (-1.5, "warning", "1.5 s behind"),
        (2.0, "warning", ""),
        (2.1, "bad", "NTP"),
        (-3600.0, "bad", "3600.0 s behind"),
    ],
)
def test_clocks(seconds: float, verdict: Verdict, said: str) -> None:
    """Two seconds are what a service still starts with."""
    holds(verdicts.skew("sla", seconds), verdict, said)


@pytest.mark.parametrize(
    ("current", "verdict", "said"),
    [
        ("0002", "ok", "at 0002"),
        ("0001", "bad", "houserules migrate sla"),
        (None, "bad", "at none"),
        ("0003", "bad", ""),
    ],
)
def test_migrations(current: str | None, verdict: Verdict, said: str) -> None:
    holds(verdicts.migrations("sla", current, "0002", "houserules migrate sla"), verdict, said)


@pytest.mark.parametrize(
    ("rights", "verdict", "said"),
    [
        (Rights("sla_app"), "ok", ""),
        (Rights("sla_app", creates_tables=True), "bad", "may create tables"),
        (Rights("sla_owner", creates_tables=True, owns=12), "bad", "owns 12 tables"),
        (Rights("postgres", superuser=True), "bad", "is a superuser"),
        (Rights("sla_app", creates_roles_or_databases=True), "bad", "may create roles"),
        (Rights("sla_app", member_of=("sla_owner",)), "bad", "is a member of sla_owner"),
        (Rights("sla_app", enters=("intake",)), "warning", "may also enter intake"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_database_roles(rights: Rights, verdict: Verdict, said: str) -> None:
    holds(verdicts.rights("sla", rights), verdict, said)


READY = {"database": "ready", "bus": "ready"}


@pytest.mark.parametrize(
    ("checks", "explained", "verdict", "said"),
    [
        (READY, {}, "ok", "up and ready"),
        ({**READY, "bus": "partition held"}, {}, "bad", "bus: partition held"),
        ({**READY, "bus": "KafkaError"}, {"bus": "kafka"}, "not checked", "see kafka"),
        ({"database": "old", "bus": "held"}, {"database": "migrations"}, "bad", "bus: held"),
        ({"database": "old", "bus": "x"}, {"database": "migrations", "bus": "kafka"}, "not checked", "migrations and kafka"),
    ],
    ids=["ready", "a reason of its own", "a consequence", "a consequence and its own", "two consequences"],
)  # fmt: skip
def test_services(checks: dict[str, str], explained: dict[str, str], verdict: Verdict, said: str) -> None:
    holds(verdicts.readiness("sla", checks, explained), verdict, said)


def test_two_wrong_parts_of_which_one_is_explained_tell_the_other_alone() -> None:
    finding = verdicts.readiness("sla", {"database": "old", "bus": "held"}, {"database": "migrations"})
    assert "old" not in finding.says


P0, P1 = ("houserules.messages", 0), ("houserules.messages", 1)


def test_what_waits_is_what_lies_between_the_position_and_the_logs_end() -> None:
    ends = {P0: (0, 10), P1: (5, 8), ("houserules.people", 0): (0, 99)}
    assert behind(ends, {P0: 4}, ("houserules.messages",)) == {P0: 6, P1: 3}
    assert behind(ends, {P0: 10, P1: 8}, ("houserules.messages",)) == {}


@pytest.mark.parametrize(
    ("before", "after", "up", "verdict", "said"),
    [
        ({}, {}, True, "ok", "nothing waits"),
        ({P0: 9}, {P0: 3}, True, "ok", "are being read"),
        ({P0: 9}, {}, True, "ok", "nothing waits"),
        ({P0: 9}, {P0: 9}, True, "bad", "none is read"),
        ({P0: 9, P1: 5}, {P0: 3, P1: 5}, True, "bad", "8 records wait"),
        ({P0: 30_000}, {P0: 20_000}, True, "warning", "20000"),
        ({P0: 9}, {P0: 9}, False, "not checked", "9 records wait for the service"),
    ],
    ids=["none", "moves", "gone", "stands", "one partition stands", "long", "the service is away"],
)
def test_lag(
    before: dict[tuple[str, int], int], after: dict[tuple[str, int], int], up: bool, verdict: Verdict, said: str
) -> None:
    holds(judge_lag("sla", before, after, up=up), verdict, said)


def looks(*seen: dict[tuple[str, int], int]) -> Callable[[], Awaitable[dict[str, Waiting]]]:
    """One look after the other; the last one for ever."""
    left = list(seen)

    async def look() -> dict[str, Waiting]:
        return {"sla": left.pop(0) if len(left) > 1 else left[0]}

    return look


async def test_what_stands_for_a_moment_is_looked_at_until_it_moves() -> None:
    after = await watched({"sla": {P0: 9}}, looks({P0: 9}, {P0: 9}, {P0: 9}, {P0: 8}), 60, 0)
    assert judge_lag("sla", {P0: 9}, after["sla"], up=True).verdict == "ok"


async def test_what_stands_all_the_time_is_not_read() -> None:
    after = await watched({"sla": {P0: 9}}, looks({P0: 9}), 0.05, 0.01)
    assert judge_lag("sla", {P0: 9}, after["sla"], up=True).verdict == "bad"


def test_standing_is_judged_over_ten_seconds_at_least() -> None:
    assert doctor_examination.STANDS_S >= 10


class Electing:
    """A database whose relay's lock is free for some looks, and is then held."""

    def __init__(self, free: int) -> None:
        self.free = free

    async def fetch(self, statement: str, **parameters: object) -> list[SimpleNamespace]:
        """Who holds it."""
        self.free -= 1
        return [] if self.free >= 0 else [SimpleNamespace(name="sla")]


@pytest.mark.parametrize(("free", "verdict"), [(0, "ok"), (2, "ok"), (10_000, "bad")])
async def test_a_relay_is_given_the_time_of_an_election(
    free: int, verdict: Verdict, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor_database, "ELECTION_S", 0.2)
    monkeypatch.setattr(doctor_database, "AGAIN_S", 0.01)
    finding = await doctor_database.relay("sla", cast(Database, Electing(free)), True)
    holds(finding, verdict)


@pytest.mark.parametrize(
    ("addresses", "here"),
    [
        ("127.0.0.1:9092", True),
        ("localhost:9092,[::1]:9093", True),
        ("http://127.0.0.1:8001", True),
        ("postgresql://sla_app:x@127.0.0.1:15432/sla", True),
        ("kafka:29092", False),
        ("127.0.0.1:9092,kafka-2.landlord.example:9092", False),
        ("http://intake:8001", False),
        ("postgresql://sla_app:x@127.0.0.1.example.org/sla", False),
    ],
)
def test_addresses_of_this_machine(addresses: str, here: bool) -> None:
    assert of_this_machine(addresses) is here


@pytest.mark.parametrize(
    ("place", "address", "said", "unsaid"),
    [
        (Place(Path("/stack")), "127.0.0.1:1", "make run", "docker"),
        (Place(Path("/stack"), compose=True), "sla:8002", "docker compose", "make run"),
        (Place(Path("/stack"), compose=True), "127.0.0.1:1", "docker compose", "/stack"),
        (Place(Path("/stack")), "sla.landlord.example:1", "where it runs", "make run"),
    ],
)
def test_what_to_do_is_what_can_be_done_there(place: Place, address: str, said: str, unsaid: str) -> None:
    for advice in (place.start("sla", address), place.again("sla", address)):
        assert said in advice
        assert unsaid not in advice
    assert place.migrate("sla").startswith("docker compose run" if place.compose else "houserules migrate")


def test_dead_letters() -> None:
    holds(verdicts.dead_letters("sla", {}, None), "ok")
    holds(verdicts.dead_letters("sla", {"invalid": 2, "too-large": 1}, "2026-03-27 16:30 UTC"), "bad",
          "3 open (invalid 2, too-large 1)", "2026-03-27 16:30 UTC", "houserules dead-letters list")  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "age", "refused", "verdict", "said"),
    [
        (0, 0.0, 0, "ok", ""),
        (500, 2.0, 0, "ok", ""),
        (1, 11.0, 0, "warning", "11 s"),
        (1, 61.0, 0, "bad", "1 rows wait, the oldest for 61 s"),
        (0, 0.0, 1, "bad", "outbox_refused"),
    ],
)
def test_outbox(rows: int, age: float, refused: int, verdict: Verdict, said: str) -> None:
    holds(verdicts.outbox("sla", rows, age, refused), verdict, said)


@pytest.mark.parametrize(
    ("holders", "up", "verdict", "said"),
    [
        (["sla"], True, "ok", "one leads"),
        (["sla"], False, "ok", "one leads"),
        ([], True, "bad", "nobody leads"),
        ([], False, "not checked", "while the service is away"),
        (["sla", "sla"], True, "bad", "2 processes lead"),
        (["psql"], True, "bad", "held by psql"),
    ],
)
def test_relay(holders: list[str], up: bool, verdict: Verdict, said: str) -> None:
    holds(verdicts.relay("sla", holders, up=up), verdict, said)


TOLD = Rule("User:sla", "TOPIC", "houserules.sla", "WRITE")
READ = Rule("User:sla", "TOPIC", "houserules.messages", "READ")
STRAY = Rule("User:sla", "TOPIC", "houserules.access", "WRITE")
WANTED = {TOLD, READ}


@pytest.mark.parametrize(
    ("there", "verdict", "said"),
    [
        (WANTED, "ok", ["2, as they must be"]),
        (
            {READ},
            "bad",
            ["1 of 2 are missing, like User:sla WRITE TOPIC houserules.sla", "houserules topics acls --apply"],
        ),
        (set(), "bad", ["2 of 2 are missing", "houserules topics acls --apply"]),
        (
            {*WANTED, STRAY},
            "warning",
            ["1 should not be there, like User:sla WRITE TOPIC houserules.access", "--remove"],
        ),
        ({READ, STRAY}, "bad", ["1 of 2 are missing", "1 should not be there", "houserules topics acls --apply"]),
    ],
    ids=["all", "one is missing", "none", "one too many", "one for another"],
)
def test_access_lists(there: set[Rule], verdict: Verdict, said: list[str]) -> None:
    holds(access_lists(WANTED, there), verdict, *said)


@pytest.mark.parametrize(
    ("bootstrap", "compose", "verdict", "said"),
    [
        ("127.0.0.1:9092", False, "not checked", "keeps none, as it is this machine's alone"),
        ("kafka:29092", True, "not checked", "this machine's alone"),
        ("kafka:9092", False, "warning", "may write to every topic"),
    ],
)
def test_a_broker_that_keeps_no_access_lists(bootstrap: str, compose: bool, verdict: Verdict, said: str) -> None:
    holds(no_access_lists(bootstrap, compose=compose), verdict, said)
