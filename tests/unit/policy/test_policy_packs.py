"""The packs that are shipped, and the choice of the version that holds."""

import tomllib
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from timeit import repeat
from typing import Any

import pytest
from pydantic import ValidationError

import shared.policy
from shared.policy import Pack, Packs, explain, generate, load_packs
from shared.policy.hours import bank_holidays

# Every clause that the two policies are held to, by the row that tells what the system does about it.
WESTWARD = (
    "1.4 2.4 3.6 3.7 3.11 4.3 4.4 4.10 5.7 6.1 6.2 6.3 6.4 6.5 6.6 6.7 6.8 6.9 6.10 6.11 6.12 6.13 7.2 7.3 7.4 7.5 7.6 "
    "7.9 7.11 9.1 9.2 9.3 9.4 10.1 10.2 10.4 11.1 11.2 11.3 13.2 15.2"
)
WHEATLEY = (
    "scope benefits risk-management-mitigation policy-details responsibilities-of-staff responding-to-customers "
    "breaches-of-policy legal-and-regulatory-framework policy-review appendix-1.4 appendix-1.7 appendix-1.8 appendix-1.9"
)
SHIPPED = Path(shared.policy.__file__).with_name("packs") / "wheatley-2017.toml"
Write = Callable[..., Path]


def named(value: Any, top: bool = True) -> Iterator[str]:
    """The clause ids that sections and rules name."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key == "clauses" and not top:
                yield from inner
            elif key != "clauses":
                yield from named(inner, top=False)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from named(inner, top=False)


@pytest.mark.parametrize(("organisation", "clauses"), [("westward", WESTWARD), ("wheatley", WHEATLEY)])
def test_every_clause_is_listed_and_kept_by_some_rule(packs: Packs, organisation: str, clauses: str) -> None:
    pack = packs.latest(organisation)
    assert set(pack.clauses) == {f"{organisation}:{clause}" for clause in clauses.split()}
    assert set(named(pack.model_dump())) == set(pack.clauses)


def test_what_the_two_packs_say(westward: Pack, wheatley: Pack) -> None:
    assert (westward.policy, westward.nation, westward.mode) == ("westward/2023-26", "ENG", "enforce")
    assert (wheatley.policy, wheatley.nation, wheatley.mode) == ("wheatley/2017", "SCT", "enforce")
    assert westward.calendar.nominal_day == timedelta(hours=8)
    assert westward.content is not None and westward.content.posts_per_week == 3
    assert wheatley.content is None
    assert (westward.monitoring.every, wheatley.monitoring.every) == ("half-working-day", "working-date")
    assert (westward.moderation.removal_notice, wheatley.moderation.removal_notice) == (True, False)
    assert (westward.consent.evidence, wheatley.consent.evidence) == ("signed", "any-approval")
    assert westward.consent.valid_years == wheatley.consent.valid_years == 3
    assert westward.closures.unannounced == wheatley.closures.unannounced == "stops"
    assert wheatley.reporting.resolved_share == 0.5
    assert westward.staff_calendar.nominal_day == timedelta(hours=8)
    assert (westward.access.breaker.least, westward.access.breaker.share) == (20, 0.02)


def test_bank_holidays_of_the_two_nations_differ() -> None:
    easter, world_cup = date(2026, 4, 6), date(2026, 6, 15)
    assert easter in bank_holidays("ENG") and easter not in bank_holidays("SCT")
    assert world_cup in bank_holidays("SCT") and world_cup not in bank_holidays("ENG")


def test_bank_holidays_are_those_that_the_library_knows() -> None:
    """`make holidays` writes them again: after an update of the library that knows of a new one, say."""
    assert generate.FILE.read_text(encoding="utf-8") == generate.text()


def test_a_pack_cannot_be_changed(westward: Pack) -> None:
    with pytest.raises(ValidationError):
        westward.mode = "observe"


def test_local_holidays_and_worked_ones(write: Write, tmp_path: Path) -> None:
    own = """[holidays]
local = [{ on = 2026-03-02, name = "Founders' Day" }]
worked = [2026-04-06]

[openings]
2026-03-06 = ["10:00-12:00"]

[opening]"""
    write(("[opening]", own))
    calendar = load_packs(tmp_path).latest("acme").calendar
    assert not calendar.is_working_day(date(2026, 3, 2))
    assert calendar.is_working_day(date(2026, 4, 6))
    assert calendar.is_working_day(date(2026, 3, 6))
    assert not calendar.is_working_day(date(2026, 3, 13))


@pytest.fixture
def versions(write: Write, tmp_path: Path) -> Packs:
    """Two versions of one policy, the second in force from summer on."""
    write()
    changes = (
        ('version = "1"', 'version = "2"'),
        ("in_force_from = 2020-01-01", "in_force_from = 2026-07-01"),
        ('zone = "', 'mode = "observe"\nzone = "'),
    )
    write(*changes, name="a-second.toml")
    return load_packs(tmp_path)


VERSIONS = [
    pytest.param(datetime(2019, 1, 1, tzinfo=UTC), "1", id="before-the-first"),
    pytest.param(datetime(2026, 6, 30, 22, 59, 59, tzinfo=UTC), "1", id="a-second-before-local-midnight"),
    pytest.param(datetime(2026, 6, 30, 23, tzinfo=UTC), "2", id="local-midnight"),
    pytest.param(datetime(2030, 1, 1, tzinfo=UTC), "2", id="later"),
]


@pytest.mark.parametrize(("instant", "version"), VERSIONS)
def test_the_version_in_force(versions: Packs, instant: datetime, version: str) -> None:
    assert versions.at("acme", instant).version == version


def test_the_versions_in_order(versions: Packs) -> None:
    assert versions.organisations == {"acme", "westward", "wheatley"}
    assert [pack.version for pack in versions.versions("acme")] == ["1", "2"]
    assert versions.latest("acme").mode == "observe"
    later = datetime(2027, 1, 1, tzinfo=UTC)
    assert versions.calendar("acme", later) == versions.at("acme", later).calendar


def test_the_folder_comes_from_the_environment(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOUSERULES_POLICIES", str(write().parent))
    assert "acme" in load_packs().organisations
    monkeypatch.delenv("HOUSERULES_POLICIES")
    assert "acme" not in load_packs().organisations


def test_overnight_hours_count_on_working_dates(write: Write, tmp_path: Path) -> None:
    """Tuesday 22:00-06:00: Wednesday's first hours are open, but Wednesday is no working date of its own."""
    write()
    pack = load_packs(tmp_path).latest("acme")
    started = datetime(2026, 3, 3, 23, tzinfo=UTC)
    rule = pack.target_rule("response", "query", (), "public", started)
    assert rule is not None
    assert rule.due(started) == datetime(2026, 3, 4, 3, tzinfo=UTC)
    resolution = pack.target_rule("resolution", "query", (), "public", started)
    assert resolution is not None
    assert resolution.due(datetime(2026, 3, 2, 9, tzinfo=UTC)) == datetime(2026, 3, 13, tzinfo=UTC)


@pytest.mark.parametrize("organisation", ["westward", "wheatley"])
def test_a_pack_is_told_in_words(packs: Packs, organisation: str) -> None:
    pack = packs.latest(organisation)
    told = explain(pack, datetime(2026, 3, 6, 9, tzinfo=UTC))
    assert all(clause in told for clause in pack.clauses)
    assert all(rule.id in told and rule.assumed in told for rule in pack.response_rules)
    assert pack.assumed.strip() in told
    due = {"westward": "Mon 9 Mar 12:30", "wheatley": "Mon 9 Mar 16:30"}
    assert f"Fri 6 Mar 16:30 → {due[organisation]}" in told


def test_weekend_deadlines_are_told_as_24_00(wheatley: Pack) -> None:
    told = explain(wheatley, datetime(2026, 3, 6, 9, tzinfo=UTC))
    assert "Sat 7 Mar 10:00 → Mon 9 Mar 24:00, warned Mon 9 Mar 17:00" in told


def test_a_deadline_takes_little_beside_reading_its_pack(packs: Packs) -> None:
    """A backlog of a million targets is reckoned in seconds: nothing is compiled anew for a deadline."""
    started = datetime(2026, 3, 6, 16, 30, tzinfo=UTC)
    closure = (datetime(2026, 12, 24, tzinfo=UTC), datetime(2027, 1, 4, tzinfo=UTC))
    text = SHIPPED.read_text()
    reading = min(repeat(partial(tomllib.loads, text), number=1, repeat=7))
    for organisation in ("westward", "wheatley"):
        for rule in packs.latest(organisation).response_rules:
            seconds = min(repeat(partial(rule.due, started, (closure,)), number=200, repeat=7)) / 200
            assert reading > 300 * seconds, f"{organisation} {rule.id}: {reading / seconds:.0f} times"
