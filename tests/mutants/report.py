"""A plugin for pytest: writes down how each test ended, and whose modules were imported. `-p tests.mutants.report`."""

import os
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import msgspec
import pytest

__all__ = ["PACKAGES", "VARIABLE", "Ending", "Report"]

VARIABLE = "HOUSERULES_MUTANT_REPORT"
"""Names the file to write to."""
PACKAGES = ("services", "shared", "deploy", "tests")
ROOT = Path(__file__).resolve().parents[2]


class Ending(msgspec.Struct):
    """One phase of one test: `why` is `assertion`, or the name of another exception; None where it passed."""

    test: str
    phase: str
    why: str | None
    text: str = ""


class Report(msgspec.Struct):
    """One run of pytest. `strangers` are modules of ours that came from elsewhere than the tree of this file."""

    endings: list[Ending] = msgspec.field(default_factory=list)
    strangers: list[str] = msgspec.field(default_factory=list)


REPORT = Report()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: "pytest.CallInfo[Any]") -> Generator[None, Any, Any]:
    """Note the exception itself, which pytest's own report has as text only."""
    made = yield
    why, text = None, ""
    if call.excinfo is not None:
        why = "assertion" if _asserted(call.excinfo.value) else call.excinfo.type.__name__
        text = (str(call.excinfo.value).strip().splitlines() or [""])[0]
    REPORT.endings.append(Ending(item.nodeid, call.when, why, text[:200]))
    return made


def _asserted(error: BaseException) -> bool:
    """The test's own assertion: `assert`, or `pytest.raises` around what did not raise."""
    return isinstance(error, AssertionError) or (
        isinstance(error, pytest.fail.Exception) and "DID NOT RAISE" in str(error)
    )


def pytest_sessionfinish() -> None:
    """Write the file."""
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if name.partition(".")[0] in PACKAGES and file and not Path(file).resolve().is_relative_to(ROOT):
            REPORT.strangers.append(f"{name} from {file}")
    Path(os.environ[VARIABLE]).write_bytes(msgspec.json.encode(REPORT))
