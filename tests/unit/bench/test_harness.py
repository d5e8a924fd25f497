"""What the bench says of contestants whose figures are known: without servers, and with processes where it matters."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.bench import __main__ as command
from tests.bench import report
from tests.bench.contest import Contestant, Goal, Measured, Round, Rows, Wrong, judge
from tests.bench.harness import Plan, Scenario, hold
from tests.bench.host import Host
from tests.bench.servers import Servers

NOTHING = Rows(1, "same")


class Shelf:
    """In place of servers: a folder, and no server to measure."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.pids: dict[str, int] = {}

    async def settle(self) -> None:
        """Nothing to write."""


WORK = "tests.unit.bench.work"
SMALL = Contestant(name="small", what="adds a few", run=f"{WORK}:works", given={"much": 1})
LARGE = Contestant(name="large", what="adds many", run=f"{WORK}:works", given={"much": 2000})


class Adding(Scenario):
    """Adding numbers; the order of the rounds and what was tidied are noted."""

    name = "adding"
    title = "Adding"
    work = "Numbers are added."
    size = 100
    quick_size = 10
    contestants = (SMALL, LARGE)
    digests: Mapping[str, str] = {}
    order: tuple[str, ...] = ()

    async def arrange(self, contestant: Contestant, count: int) -> dict[str, Any]:
        """Note who comes."""
        type(self).order += (contestant.name,)
        return {}

    async def check(self, contestant: Contestant, count: int, given: Mapping[str, Any], measured: Measured) -> Rows:
        """As the test says."""
        return Rows(count, self.digests.get(contestant.name, "same"))


async def late(*_: Any) -> dict[str, Any]:
    """In place of what waits for something."""
    raise TimeoutError("it is not ready\nand its log")


async def known(*_: Any) -> Host:
    """In place of the facts of a machine with servers."""
    return HOST


async def held(place: Path, kind: type[Scenario], rounds: int = 2, **plan: Any) -> list[Round]:
    """The rounds of a scenario without servers."""
    shelf: Any = Shelf(place)
    servers: Servers = shelf
    return list((await hold(kind, servers, Plan(rounds=rounds, **plan), lambda _: None)).rounds)


def scenario(**attributes: Any) -> type[Adding]:
    """One of this test's own."""
    return type("Own", (Adding,), attributes)


async def test_contestants_take_turns_in_processes_of_their_own(tmp_path: Path) -> None:
    kind = scenario()
    rounds = await held(tmp_path, kind)
    assert kind.order == ("small", "large", "small", "large")
    assert [(one.contestant, one.number) for one in rounds] == [("small", 1), ("large", 1), ("small", 2), ("large", 2)]
    for one in rounds:
        assert one.measured.count == 100 and one.measured.peak_bytes > 2**20
    assert rounds[1].measured.cpu_s > rounds[0].measured.cpu_s
    assert rounds[1].measured.figures["total"] > rounds[0].measured.figures["total"]


@pytest.mark.parametrize(
    ("attributes", "said"),
    [
        pytest.param({"digests": {"large": "other"}}, "left other rows behind", id="other rows"),
        pytest.param(
            {"contestants": (Contestant(name="half", what="", run=f"{WORK}:works", given={"much": 1, "short": 40}),)},
            "did 60 of 100",
            id="not all of it",
        ),
        pytest.param(
            {"contestants": (Contestant(name="broken", what="", run=f"{WORK}:fails"),)},
            "no more numbers",
            id="an error",
        ),
    ],
)
async def test_a_round_that_shows_nothing_ends_the_run(tmp_path: Path, attributes: dict[str, Any], said: str) -> None:
    with pytest.raises(Wrong, match=said):
        await held(tmp_path, scenario(**attributes), rounds=1)


async def test_a_slow_one_does_its_share_and_the_quick_form_leaves_out_who_is_not_for_it(tmp_path: Path) -> None:
    slow = Contestant(name="slow", what="", run=f"{WORK}:works", given={"much": 1}, share=0.5)
    long = Contestant(name="long", what="", run=f"{WORK}:works", given={"much": 1}, quick=False)
    rounds = await held(tmp_path, scenario(contestants=(SMALL, slow, long)), rounds=1, quick=True)
    assert [(one.contestant, one.measured.count) for one in rounds] == [("small", 10), ("slow", 5)]


def rounds_of(contestant: str, *seconds: float, count: int = 100, **figures: float) -> list[Round]:
    """Rounds that took so long."""
    return [
        Round(
            contestant,
            number,
            Measured(count=count, seconds=one, cpu_s=one / 2, peak_bytes=2**20, figures=figures),
            NOTHING,
        )
        for number, one in enumerate(seconds, 1)
    ]


RATIO = Goal(text="twice as fast", of="ours", to="theirs", at_least=2)


@pytest.mark.parametrize(
    ("ours", "value", "least", "most", "met", "passes"),
    [
        pytest.param((1.0, 1.0, 1.0), 4.0, 4.0, 4.0, True, True, id="met"),
        pytest.param((4.0, 2.0, 1.0), 2.0, 1.0, 4.0, True, True, id="met by the medians, not by every round"),
        pytest.param((3.0, 3.0, 3.0), 4 / 3, 4 / 3, 4 / 3, False, True, id="missed, within half of it"),
        pytest.param((5.0, 5.0, 5.0), 0.8, 0.8, 0.8, False, False, id="missed by more than half"),
    ],
)
def test_a_ratio_is_of_medians(
    ours: tuple[float, ...], value: float, least: float, most: float, met: bool, passes: bool
) -> None:
    (standing,) = judge([RATIO], [*rounds_of("ours", *ours), *rounds_of("theirs", 4.0, 4.0, 4.0)])
    assert (standing.value, standing.least, standing.most) == pytest.approx((value, least, most))
    assert (standing.met, standing.passes) == (met, passes)


def test_a_time_is_told_and_not_asserted_but_a_count_may_be() -> None:
    late = Goal(text="p99", of="ours", figure="p99_ms", at_most=10)
    many = Goal(text="statements", of="ours", figure="statements", at_most=10, gated=True)
    told, counted = judge([late, many], rounds_of("ours", 1.0, p99_ms=500.0, statements=21.0))
    assert not told.met and told.passes
    assert not counted.met and not counted.passes


def test_what_must_never_be_is_judged_by_the_worst_round_and_without_slack() -> None:
    never = Goal(text="never early", of="ours", figure="least_ms", at_least=0, gated=True)
    small = Goal(text="memory", of="ours", figure="mib", at_most=250, gated=True)
    (bad,) = rounds_of("ours", 1.0, least_ms=-1.0, mib=260.0)
    rounds = [*rounds_of("ours", 1.0, 1.0, least_ms=5.0, mib=100.0), replace(bad, number=3)]
    early, much = judge([never, small], rounds)
    assert (early.value, much.value) == (-1.0, 260.0)
    assert not early.met and not early.passes
    assert not much.met and not much.passes


def test_a_goal_without_its_contestant_is_not_judged() -> None:
    assert judge([RATIO], rounds_of("ours", 1.0)) == []


async def test_the_quick_form_fails_with_a_line_that_says_what(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    goal = Goal(text="large as fast as small", of="large", to="small", figure="total", at_most=1)
    kind = scenario(goals=(goal,))
    shelf: Any = Shelf(tmp_path)
    outcome = await hold(kind, shelf, Plan(rounds=1, quick=True), lambda _: None)
    assert command._verdict([outcome], gated=True) == 1
    assert "adding: large as fast as small" in capsys.readouterr().err
    fine = await hold(scenario(), shelf, Plan(rounds=1, quick=True), lambda _: None)
    assert command._verdict([fine], gated=True) == 0


def test_results_are_kept_as_they_came_out_and_written_for_people(tmp_path: Path) -> None:
    goal = report.Judged(text="twice as fast", bound="≥ 2", value=1.25, least=1.0, most=1.5, met=False)
    line = report.Line(
        name="ours", what="ours", settings="none", tuned_by="https://example.org/tuning", count=100, rows=425,
        figures={"rate": [100.0, 300.0, 200.0], "peak_mib": [10.0, 12.0, 11.0], "cpu_s": [0.1, 0.1, 0.1],
                 "postgres_cpu_s": [0.2, 0.2, 0.2], "kafka_cpu_s": [0.0, 0.0, 0.0]},
    )  # fmt: skip
    one = report.Section(
        title="Adding", work="Numbers.", unit="events", rounds=3, host=HOST, columns=[], lines=[line], goals=[goal]
    )
    (tmp_path / "adding.md").write_text("What was tried.\n")
    report.write({"adding": one}, tmp_path, tmp_path)
    assert report.read(tmp_path) == {"adding": one}
    assert json.loads((tmp_path / "results.json").read_text())["adding"]["lines"][0]["figures"]["rate"] == [
        100,
        300,
        200,
    ]
    text = (tmp_path / "RESULTS.md").read_text()
    assert "| ours | 100 | 200 (100–300) | 0.1 | 0.2 | 0 | 12 | 425 |" in text
    assert "| twice as fast | ≥ 2 | 1.25 (1–1.5) | **missed** |" in text
    assert "(https://example.org/tuning)" in text and "What was tried." in text


HOST = Host(
    at=datetime(2026, 3, 10, 10, tzinfo=UTC),
    processor="a processor", cores=2, memory_gib=8.0, kernel="Linux 6", python="3.11", postgresql="18", kafka="4",
    packages={}, durability={}, load_before=0.1,
)  # fmt: skip


class Shelves:
    """In place of `servers()`: the shelf of this test."""

    def __init__(self, place: Path) -> None:
        self.shelf = Shelf(place)

    def __enter__(self) -> Shelf:
        return self.shelf

    def __exit__(self, *_: object) -> None:
        """Nothing to stop."""


@pytest.mark.parametrize(
    ("attributes", "said"),
    [
        pytest.param({"contestants": (Contestant(name="broken", what="", run=f"{WORK}:fails"),)}, "broken failed",
                     id="a contestant's process ends"),
        pytest.param({"arrange": late, "contestants": (SMALL,)}, "TimeoutError: it is not ready", id="a wait is in vain"),
        pytest.param({"open": late, "contestants": (SMALL,)}, "TimeoutError: it is not ready", id="it does not open"),
    ],
)  # fmt: skip
def test_a_scenario_that_fails_is_named_and_the_others_figures_are_kept(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    attributes: dict[str, Any],
    said: str,
) -> None:
    kinds = {"first": scenario(name="first", title="First"), "second": scenario(name="second", **attributes),
             "third": scenario(name="third", title="Third")}  # fmt: skip
    monkeypatch.setattr(command, "SCENARIOS", kinds)
    monkeypatch.setattr(command, "scenario", kinds.__getitem__)
    monkeypatch.setattr(command, "servers", lambda: Shelves(tmp_path))
    monkeypatch.setattr(command, "facts", known)
    monkeypatch.setattr(report, "FOLDER", tmp_path)
    assert command.main(["--rounds", "1", "--size", "10", "--write"]) == 1
    assert f"second failed: {said}" in capsys.readouterr().err
    kept = report.read(tmp_path)
    assert {name: (bool(one.failed), len(one.lines)) for name, one in kept.items()} == {
        "first": (False, 2), "second": (True, 0), "third": (False, 2),
    }  # fmt: skip
    text = (tmp_path / "RESULTS.md").read_text()
    assert "| Adding | | | **failed** |" in text and "| First | 1 | none set |  |" in text and said in text


def test_a_percentile_is_of_all_rounds_samples_together() -> None:
    """Ten rounds of ten: each round's own p90 is its ninth, and the p90 of all the ninetieth of a hundred."""
    rounds = [
        replace(one, measured=replace_samples(one.measured, [float(one.number * 10 + n) for n in range(10)]))
        for one in rounds_of("ours", *([1.0] * 10))
    ]
    many = Goal(text="p90", of="ours", figure="lag_ms", share=0.9, at_most=99)
    same = Goal(text="as the other's", of="ours", to="theirs", figure="lag_ms", share=0.9, at_most=1.5)
    (told, ratio) = judge([many, same], [*rounds, *(replace(one, contestant="theirs") for one in rounds)])
    assert (told.value, told.least, told.most, told.met) == (99.0, 18.0, 108.0, True)
    assert (ratio.value, ratio.least, ratio.most) == (1.0, 1.0, 1.0)


def replace_samples(measured: Measured, samples: list[float]) -> Measured:
    """The same with these samples."""
    return msgspec.structs.replace(measured, samples={"lag_ms": samples})
