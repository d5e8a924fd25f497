"""The two landlords."""

import pytest

from shared.policy import Packs, load_packs
from tests.unit.sla.story import Story


@pytest.fixture(scope="session")
def packs() -> Packs:
    """The packs that are shipped."""
    return load_packs()


@pytest.fixture
def westward(packs: Packs) -> Story:
    """A conversation with Westward."""
    return Story(packs, "westward")


@pytest.fixture
def wheatley(packs: Packs) -> Story:
    """A conversation with Wheatley."""
    return Story(packs, "wheatley")
