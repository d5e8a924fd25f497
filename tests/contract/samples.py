"""The golden samples: for every event a minimal and a full CloudEvent, as they were released."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # it comes without types

from shared.contracts import generate

__all__ = ["FOLDER", "SIZES", "Schema", "data", "names", "raw", "sample"]

FOLDER = Path(__file__).parent / "golden" / "v1"
SIZES = ("minimal", "full")


def names() -> list[str]:
    """The events that have samples."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))


@cache
def _text(name: str) -> str:
    return (FOLDER / f"{name}.json").read_text(encoding="utf-8")


def sample(name: str, size: str) -> dict[str, Any]:
    """A copy of one sample, in CloudEvents' structured form."""
    event: dict[str, Any] = json.loads(_text(name))[size]
    return event


def data(name: str, size: str = "full", /, **changes: Any) -> dict[str, Any]:
    """A copy of a sample's data, with some fields changed."""
    return {**sample(name, size)["data"], **changes}


def raw(value: Any) -> bytes:
    """JSON, as a writer sends it."""
    return json.dumps(value).encode()


class Schema:
    """The committed JSON Schema of an event."""

    def __init__(self, name: str) -> None:
        self.text: dict[str, Any] = json.loads(
            (generate.FOLDER / "schemas" / f"{name}.v1.json").read_text(encoding="utf-8")
        )
        Draft202012Validator.check_schema(self.text)
        self._validator = Draft202012Validator(self.text)

    def faults(self, value: Any) -> list[str]:
        """What is wrong with a value."""
        return [fault.message for fault in self._validator.iter_errors(value)]
