"""Each value of a dashboard's JSON has the type that Grafana's schema gives it.

The SDK's classes are generated from that schema (version 11.6). They read any value as it comes, so that reading alone shows
no more than that each field is known; here what was read is held against the classes' own annotations.
"""

import enum
import json
import types
import typing
from collections.abc import Iterator
from typing import Any

import pytest
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models import dashboard as model

from deploy.observe.written import ROOT

FOLDER = ROOT / "deploy/grafana/dashboards"
FILES = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.json"))
PLAIN: dict[Any, tuple[type, ...]] = {
    float: (float, int),
    int: (int,),
    str: (str,),
    bool: (bool,),
    type(None): (type(None),),
}


def faults(value: Any, hint: Any, at: str) -> Iterator[str]:
    """Where a value is not of its type, with its path."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        found = [list(faults(value, arm, at)) for arm in typing.get_args(hint)]
        yield from () if [] in found else [fault for fault in max(found, key=len)]
    elif typing.get_origin(hint) is list:
        yield from _parts(value, list, typing.get_args(hint)[0], at, enumerate)
    elif typing.get_origin(hint) is dict:
        yield from _parts(value, dict, typing.get_args(hint)[1], at, dict.items)
    elif isinstance(value, dict) and hasattr(hint, "from_json"):  # links of panels are left as they came
        meant = hint.from_json(value)
        yield from (f"{at}.{name}: unknown" for name in set(value) - set(meant.to_json()))
        yield from faults(meant, hint, at)
    elif not _is(value, hint):
        yield f"{at}: {value!r} is no {getattr(hint, '__name__', hint)}"
    elif type(value).__module__.startswith("grafana_foundation_sdk"):
        for name, of_field in typing.get_type_hints(type(value)).items():
            yield from faults(getattr(value, name), of_field, f"{at}.{name}")


def _parts(value: Any, kind: type, hint: Any, at: str, items: Any) -> Iterator[str]:
    if not isinstance(value, kind):
        yield f"{at}: {value!r} is no {kind.__name__}"
        return
    for place, part in items(value):
        yield from faults(part, hint, f"{at}[{place}]")


def _is(value: Any, hint: Any) -> bool:
    """Whether a single value is of a type without parts: plain, one of a list, a class, or anything at all."""
    if typing.get_origin(hint) is typing.Literal:
        return value in typing.get_args(hint)
    if hint in PLAIN:
        return isinstance(value, PLAIN[hint]) and (hint is bool or not isinstance(value, bool))
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return value in {one.value for one in hint}
    return hint in (Any, object) or isinstance(value, hint)


def read(content: dict[str, Any]) -> model.Dashboard:
    """As the SDK reads it, panels by their kinds."""
    register_default_plugins()
    return model.Dashboard.from_json(content)


@pytest.mark.parametrize("file", FILES)
def test_every_value_is_of_the_type_that_grafanas_schema_gives_it(file: str) -> None:
    board = read(json.loads((FOLDER / file).read_text()))
    assert list(faults(board, model.Dashboard, "")) == []


def overview() -> dict[str, Any]:
    content: dict[str, Any] = json.loads((FOLDER / "houserules-overview.json").read_text())
    return content


WRONG: list[tuple[str, Any]] = [
    ("schemaVersion", "41"),
    ("graphTooltip", 7),
    ("editable", "no"),
    ("tags", "house-rules"),
    ("panels.1.gridPos.h", "5"),
    ("panels.1.title", 5),
    ("panels.1.options.colorMode", "rainbow"),
    ("panels.1.options.reduceOptions.calcs", [1]),
    ("panels.1.fieldConfig.defaults.thresholds.mode", "relative"),
    ("panels.1.fieldConfig.defaults.thresholds.steps.0.color", None),
    ("panels.1.targets.0.expr", 1),
    ("panels.1.links.0.targetBlank", 1),
    ("templating.list.0.multi", "yes"),
]


@pytest.mark.parametrize(("place", "value"), WRONG, ids=[place for place, _ in WRONG])
def test_a_value_of_another_type_is_seen(place: str, value: Any) -> None:
    content = overview()
    *way, last = place.split(".")
    part: Any = content
    for step in way:
        part = part[int(step) if step.isdigit() else step]
    assert last in part
    part[last] = value
    assert list(faults(read(content), model.Dashboard, "")) != []
