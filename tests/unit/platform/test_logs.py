"""A line of the log: what `json.dumps` would write, with fields from the list and no others."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
import structlog

from shared.platform.logs import FIELDS, configure


class Strange:
    """What no format knows."""

    def __repr__(self) -> str:
        return "<strange>"


@pytest.fixture(autouse=True)
def forgotten() -> Any:
    """What a test set is gone after it."""
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def _line(capsys: pytest.CaptureFixture[str], **fields: Any) -> str:
    configure("sla", "info")
    structlog.get_logger("bus").info("batch", **fields)
    (line,) = capsys.readouterr().err.splitlines()
    return line


@pytest.mark.parametrize(
    "fields",
    [
        {"topic": "messages", "applied": 3, "seconds": 0.0123, "error": None},
        {"name": 'quoted " and \\ and \n', "count": -1},
        {"reason": "café", "id": "\u2603"},
        {"rows": [1, "two", {"three": 3.5}], "leader": True},
        {"count": 2**70},
    ],
    ids=["plain", "escapes", "not ASCII", "nested", "large"],
)
def test_a_line_is_as_json_dumps_writes_it(capsys: pytest.CaptureFixture[str], fields: dict[str, Any]) -> None:
    line = _line(capsys, **fields)
    read = json.loads(line)
    assert line == json.dumps(read)
    assert read.items() >= (fields | {"event": "batch", "level": "info", "service": "sla"}).items()
    assert datetime.fromisoformat(read["timestamp"]).tzinfo == UTC


def test_several_of_one_kind_are_a_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    configure("sla", "info")
    each: list[dict[str, Any]] = [{"id": "a\nb", "policy": "3.6"}, {"id": "c", "text": "what a customer wrote"}]
    structlog.get_logger("decisions").info("decided", topic="sla", each=each)
    structlog.get_logger("decisions").info("decided", topic="sla", each=[])
    first, second = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    shared = {"event": "decided", "level": "info", "service": "sla", "topic": "sla", "timestamp": first["timestamp"]}
    assert first == {**shared, "id": "a\nb", "policy": "3.6"}
    assert second == {**shared, "id": "c", "dropped": ["text"]}
    assert first.keys() <= FIELDS


def test_what_no_format_knows_is_shown_as_python_does(capsys: pytest.CaptureFixture[str]) -> None:
    assert json.loads(_line(capsys, state=Strange()))["state"] == "<strange>"


def test_a_field_that_is_not_on_the_list_is_dropped_and_named(capsys: pytest.CaptureFixture[str]) -> None:
    read = json.loads(_line(capsys, topic="messages", text="what a customer wrote", handle="@x"))
    assert read["dropped"] == ["handle", "text"]
    assert "text" not in read
    assert read["topic"] == "messages"
