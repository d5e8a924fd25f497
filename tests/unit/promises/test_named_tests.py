"""The tests that `tests/README.md` names are there, and every promise of the README has some."""

import ast
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[2]
ROOT = TESTS.parent
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
HEADING = re.compile(r"^### (P\d) (.+)$", re.MULTILINE)
PROMISE = re.compile(r"^- \*\*(P\d) ([^*]+)\.\*\*", re.MULTILINE)

PAGE = (TESTS / "README.md").read_text()


def functions(file: str) -> set[str]:
    """The names of a file's functions, those in classes too."""
    tree = ast.parse((ROOT / file).read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


@pytest.mark.parametrize(("file", "name"), NAMED.findall(PAGE), ids=[name for _, name in NAMED.findall(PAGE)])
def test_a_named_test_exists(file: str, name: str) -> None:
    assert name.startswith("test_")
    assert name in functions(file)


def test_every_promise_of_the_readme_has_named_tests_on_the_running_services() -> None:
    promises = PROMISE.findall((ROOT / "README.md").read_text())
    assert [number for number, _ in promises] == ["P1", "P2", "P3", "P4", "P5", "P6"]
    assert HEADING.findall(PAGE) == promises
    sections = re.split(r"^### P\d .+$", PAGE, flags=re.MULTILINE)[1:]
    for (number, _), section in zip(promises, sections, strict=True):
        named = NAMED.findall(section)
        assert any(file.startswith("tests/e2e/") and f"_{number}_" in name for file, name in named), number
        assert any(file.startswith("tests/integration/") for file, _ in named), number


def test_every_file_of_the_running_services_tests_is_told_of() -> None:
    files = {file.name for file in (TESTS / "e2e").glob("test_*.py")}
    assert files == set(re.findall(r"`(test_\w+\.py)`", PAGE))
