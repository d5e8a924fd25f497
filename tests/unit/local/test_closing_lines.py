"""The closing lines of `make test` say what was left out, whatever became of the workers."""

from types import SimpleNamespace
from typing import Any

import pytest

from tests.conftest import NOT_RUN, pytest_testnodedown


@pytest.mark.parametrize("last", [{"workeroutput": {}}, {}], ids=["said nothing", "crashed"])
def test_a_worker_that_ends_without_a_word_leaves_what_the_others_said(last: dict[str, Any]) -> None:
    config = SimpleNamespace(stash=pytest.Stash())
    for said in ({"workeroutput": {"not_run": {"browser tests": 7}}}, last):
        pytest_testnodedown(SimpleNamespace(config=config, **said))
    assert config.stash[NOT_RUN] == {"browser tests": 7}
