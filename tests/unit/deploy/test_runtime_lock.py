"""deploy/requirements.runtime.lock: what the image holds is what was tested, and nothing of the tests is in it."""

import re
import tomllib

import pytest

from tests.unit.deploy.described import ROOT

PINNED = re.compile(r"^([a-z0-9][a-z0-9._-]*)==(\S+)", re.IGNORECASE)
NAME = re.compile(r"[A-Za-z0-9._-]+")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def packages(lock: str) -> dict[str, str]:
    """Each package's whole entry: version, marker, hashes."""
    entries: dict[str, str] = {}
    name = ""
    for line in (ROOT / lock).read_text().splitlines():
        if (found := PINNED.match(line)) is not None:
            name = found[1]
            entries[name] = line
        elif line.lstrip().startswith("--hash"):
            entries[name] += line
    return entries


def named(requirements: list[str]) -> set[str]:
    """The packages that requirements name, as a lock spells them."""
    return {NAME.match(text)[0].lower().replace("_", "-") for text in requirements}  # type: ignore[index] # all match


RUNTIME, ALL = packages("deploy/requirements.runtime.lock"), packages("requirements.lock")


@pytest.mark.parametrize("name", RUNTIME)
def test_a_package_is_the_one_that_the_tests_ran_with(name: str) -> None:
    """Same version, and hashes that the other lock has too; its marker may be narrower there."""
    version = PINNED.match(RUNTIME[name])
    tested = PINNED.match(ALL[name])
    assert version is not None
    assert tested is not None
    assert version[2] == tested[2]
    hashes = set(re.findall(r"sha256:\w{64}", RUNTIME[name]))
    assert hashes
    assert hashes <= set(re.findall(r"sha256:\w{64}", ALL[name]))


def test_everything_that_the_project_needs_at_work_is_there() -> None:
    assert named(PROJECT["dependencies"]) <= set(RUNTIME)


def test_nothing_of_the_laptop_or_of_the_tests_is_there() -> None:
    others = {name for extra in PROJECT["optional-dependencies"].values() for name in named(extra)}
    assert not others & set(RUNTIME)


def test_it_names_no_host() -> None:
    text = (ROOT / "deploy" / "requirements.runtime.lock").read_text()
    assert "://" not in text
    assert "--index" not in text
