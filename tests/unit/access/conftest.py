"""Stories of one person."""

from collections.abc import Callable

import pytest

from shared.policy import Packs, load_packs
from tests.unit.access.story import Story


@pytest.fixture(scope="session")
def packs() -> Packs:
    """The packs that are shipped."""
    return load_packs()


@pytest.fixture
def story(packs: Packs) -> Callable[..., Story]:
    """A new story."""

    def begin(**known: object) -> Story:
        return Story(packs, **known)  # type: ignore[arg-type] # the fields of a story

    return begin
