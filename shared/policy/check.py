"""Reading one pack, and refusing it with the file, the key and the reason."""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from shared.policy.checks import faults
from shared.policy.errors import PolicyError
from shared.policy.keys import key_of
from shared.policy.model import Pack
from shared.policy.words import NATIONS

__all__ = ["check"]

_KEY = "[key]"  # pydantic's mark for a fault in a table's key rather than in its value


def check(path: Path) -> Pack:
    """The pack in a file; PolicyError when it cannot be read or does not hold together."""
    written = _read(path)
    try:
        pack = Pack.model_validate(written)
    except ValidationError as invalid:
        error = invalid.errors()[0]
        raise PolicyError(path, _key(error["loc"]), _reason(error)) from invalid
    for key, reason in faults(pack, written):
        raise PolicyError(path, key, reason)
    return pack


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise PolicyError(path, "file", f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise PolicyError(path, "file", f"is not UTF-8 text: byte {error.start}") from error
    except tomllib.TOMLDecodeError as error:
        reason, _, place = str(error).partition(" (at ")
        raise PolicyError(path, place.rstrip(")") or "file", f"is not TOML: {reason}") from error


def _key(loc: Sequence[str | int]) -> str:
    return key_of([part for part in loc if part != _KEY])


def _reason(error: ErrorDetails) -> str:
    kind, last = error["type"], error["loc"][-1]
    if kind == "missing" and last == "nation":
        return f"is missing: bank holidays differ between nations, so one of {', '.join(NATIONS)} must be given"
    if kind == "missing":
        return "is missing"
    if kind == "extra_forbidden":
        return "is not a key that a pack has here"
    if kind == "literal_error":
        return f"{error['input']!r} is not one of {error['ctx']['expected']}"
    if kind == "value_error":
        return str(error["ctx"]["error"])
    return f"{error['msg'][0].lower()}{error['msg'][1:]} (found {error['input']!r:.80})"
