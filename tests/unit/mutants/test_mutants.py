"""Who watches the watchers: what `make mutants` says of code and tests of which the answer is known."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.mutants.__main__ import main
from tests.mutants.catalogue import MUTANTS
from tests.mutants.mutant import Mutant, Outdated, check, mutated
from tests.mutants.report import Ending, Report
from tests.mutants.trial import ROOT, Trial, Verdict, judge

CODE = """
def late(minutes: int) -> bool:
    return minutes > 5
"""
TESTS = """
from shared.lateness import late

def test_ten_is_late() -> None:
    assert late(10)

def test_five_is_on_time() -> None:
    assert not late(5)

def test_what_breaks_otherwise() -> None:
    1 / late(5 + 1)
"""
FILE = "tests/unit/test_lateness.py"
TEN, FIVE = f"{FILE}::test_ten_is_late", f"{FILE}::test_five_is_on_time"
STRICT = Mutant(
    name="strict",
    without="equal is on time",
    file="shared/lateness.py",
    old="minutes > 5",
    new="minutes >= 5",
    red=(FIVE,),
    green=(TEN,),
)


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of one function, whose pytest starts quickly."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    root = tmp_path / "project"
    shutil.copytree(ROOT / "tests/mutants", root / "tests/mutants", ignore=shutil.ignore_patterns("__pycache__"))
    (root / "shared").mkdir()
    (root / "tests/unit").mkdir()
    for package in ("shared", "tests"):
        (root / package / "__init__.py").touch()
    (root / "shared/lateness.py").write_text(CODE)
    (root / FILE).write_text(TESTS)
    (root / "pyproject.toml").write_text('[tool.pytest.ini_options]\naddopts = ["--import-mode=importlib"]\n')
    return root


def tried(tree: Path, capsys: pytest.CaptureFixture[str], *mutants: Mutant) -> tuple[int, str]:
    """The exit code, and what was printed."""
    code = main([], mutants, tree)
    said = capsys.readouterr()
    return code, said.out + said.err


def test_a_mutant_that_its_test_sees(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = tried(tree, capsys, STRICT)
    assert code == 0
    assert "1 of 1 mutants seen" in said and "test_five_is_on_time: assert not True" in said
    assert (tree / "shared/lateness.py").read_text() == CODE


def test_a_survivor_fails_the_run(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    survivor = replace(STRICT, name="survivor", red=(TEN,), green=())
    code, said = tried(tree, capsys, STRICT, survivor)
    assert code == 1
    assert "1 of 2 mutants seen" in said and f"{TEN} is green" in said


def test_a_text_that_is_not_there_once_stops_everything(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gone, twice = replace(STRICT, name="gone", old="minutes > 6"), replace(STRICT, name="twice", old="minutes")
    code, said = tried(tree, capsys, STRICT, gone, twice)
    assert code == 2
    assert "gone: its text is 0 times in shared/lateness.py" in said and "twice: its text is 2 times" in said
    assert "seen" not in said


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"new": "minutes >"}, "was not run"),
        ({"new": "minutes > 50", "red": (TEN,), "green": (f"{FILE}::test_what_breaks_otherwise",)}, "ZeroDivision"),
        ({"new": "minutes > 7", "red": (f"{FILE}::test_what_breaks_otherwise",), "green": ()}, "ZeroDivisionError"),
        ({"new": "minutes < 6"}, "test_ten_is_late (call): assertion"),
        ({"new": "minutes >= 5 and not __import__('deploy').__path__[1:]"}, "not the copy was tested: deploy"),
    ],
    ids=["does not compile", "a neighbour breaks too", "another exception", "a neighbour fails", "the working tree"],
)
def test_a_failure_that_shows_nothing(tree: Path, change: dict[str, Any], why: str) -> None:
    finding = Trial(tree).run(replace(STRICT, **change))
    assert finding.verdict is Verdict.UNCLEAR
    assert why in finding.detail


def test_tests_that_are_red_without_a_mutant_show_nothing(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tree / FILE).write_text(TESTS.replace("not late(5)", "late(5)"))
    code, said = tried(tree, capsys, STRICT)
    assert code == 2
    assert "must be green first" in said


def test_a_module_of_another_tree_shows_nothing() -> None:
    ran = Report([Ending(TEN, "call", None)], ["shared.lateness from elsewhere"])
    assert judge(None, ran) == (Verdict.UNCLEAR, "not the copy was tested: shared.lateness from elsewhere")


def test_a_named_test_that_was_not_run_shows_nothing() -> None:
    ran = Report([Ending(FIVE, "call", "assertion")])
    assert judge(STRICT, ran) == (Verdict.UNCLEAR, f"{TEN} was not run")


def test_cases_of_a_test_stand_for_it() -> None:
    ran = Report(
        [Ending(f"{FIVE}[a]", "call", "assertion"), Ending(f"{FIVE}[b]", "call", None), Ending(TEN, "call", None)]
    )
    assert judge(STRICT, ran)[0] is Verdict.SEEN


def test_the_change_is_taken_back_whatever_happens(tree: Path) -> None:
    with pytest.raises(RuntimeError), mutated(tree, STRICT):
        assert ">= 5" in (tree / STRICT.file).read_text()
        raise RuntimeError
    assert (tree / STRICT.file).read_text() == CODE


def test_the_list_fits_the_code() -> None:
    check(ROOT, MUTANTS)
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 12
    with pytest.raises(Outdated):
        check(ROOT, [replace(MUTANTS[0], old="no such text")])


def test_the_list_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list"]) == 0
    assert all(mutant.name in line for mutant, line in zip(MUTANTS, capsys.readouterr().out.splitlines(), strict=True))
    assert main(["--only", "no-such-mutant"]) == 2
