"""Where something stands in a TOML file."""

import re
from collections.abc import Sequence

__all__ = ["key_of"]

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def key_of(loc: Sequence[str | int]) -> str:
    """A TOML path: `rules[2].clauses[0]`, `clauses."westward:3.6"`."""
    key = ""
    for part in loc:
        if isinstance(part, int):
            key += f"[{part}]"
        else:
            name = part if _BARE.fullmatch(part) else f'"{part}"'
            key += f".{name}" if key else name
    return key
