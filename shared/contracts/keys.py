"""How an event's entity is read from its data."""

from collections.abc import Callable, Mapping

from shared.contracts.data import Data

__all__ = ["Events", "Key", "by", "by_organisation"]

Key = Callable[[Data, str], str]
Events = Mapping[str, tuple[type[Data], Key]]
"""A topic's events: name → (class of the data, key)."""


def by(*fields: str) -> Key:
    """The first of these fields that is given. The key raises ValueError when none is."""

    def key(data: Data, organisation: str) -> str:
        for field in fields:
            value: str | None = getattr(data, field)
            if value is not None:
                return value
        raise ValueError(f"{type(data).__name__} is keyed by {' or '.join(fields)}, and has none")

    return key


def by_organisation(data: Data, organisation: str) -> str:
    """The organisation itself."""
    return organisation
