"""A pack that is as short as one can be, to be spoilt one key at a time; and the shipped ones."""

from collections.abc import Callable
from pathlib import Path

import pytest

from shared.policy import Pack, Packs, load_packs

Write = Callable[..., Path]


@pytest.fixture(scope="session")
def minimal() -> str:
    """The text of a pack that holds together."""
    return (Path(__file__).parent / "minimal.toml").read_text(encoding="utf-8")


@pytest.fixture
def write(tmp_path: Path, minimal: str) -> Write:
    """Write the minimal pack with pieces of text replaced, each of which has to be in it once."""

    def write(*changes: tuple[str, str], name: str = "pack.toml") -> Path:
        text = minimal
        for old, new in changes:
            assert text.count(old) == 1, f"{old!r} is {text.count(old)} times in minimal.toml"
            text = text.replace(old, new)
        file = tmp_path / name
        file.write_text(text, encoding="utf-8")
        return file

    return write


@pytest.fixture(scope="session")
def packs() -> Packs:
    """The packs that are shipped."""
    return load_packs()


@pytest.fixture(scope="session")
def westward(packs: Packs) -> Pack:
    """England."""
    return packs.latest("westward")


@pytest.fixture(scope="session")
def wheatley(packs: Packs) -> Pack:
    """Scotland."""
    return packs.latest("wheatley")
