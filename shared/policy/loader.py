"""All packs of an installation: those that are shipped, and a landlord's own from a folder."""

import os
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from types import MappingProxyType

from shared.policy.check import check
from shared.policy.errors import PolicyError, UnknownOrganisation
from shared.policy.model import Pack
from shared.worktime import Calendar

__all__ = ["POLICIES", "Packs", "load_packs"]

POLICIES = "HOUSERULES_POLICIES"
_SHIPPED = Path(__file__).parent / "packs"


class Packs:
    """The packs by organisation, their versions in the order in which they came into force."""

    __slots__ = ("_begins", "_versions")

    def __init__(self, packs: Iterable[Pack]) -> None:
        versions: dict[str, list[Pack]] = {}
        for pack in sorted(packs, key=lambda pack: pack.in_force_at):
            versions.setdefault(pack.organisation, []).append(pack)
        self._versions: Mapping[str, tuple[Pack, ...]] = MappingProxyType(
            {organisation: tuple(found) for organisation, found in versions.items()}
        )
        self._begins = {name: [pack.in_force_at for pack in found] for name, found in self._versions.items()}

    @property
    def organisations(self) -> frozenset[str]:
        """Every organisation that has a pack."""
        return frozenset(self._versions)

    def versions(self, organisation: str) -> tuple[Pack, ...]:
        """All versions, the oldest first; UnknownOrganisation without a pack."""
        try:
            return self._versions[organisation]
        except KeyError:
            raise UnknownOrganisation(organisation) from None

    def at(self, organisation: str, instant: datetime) -> Pack:
        """The version in force at an instant; before the first of them, the first."""
        versions = self.versions(organisation)
        return versions[max(0, bisect_right(self._begins[organisation], instant) - 1)]

    def latest(self, organisation: str) -> Pack:
        """The version that came, or will come, into force last."""
        return self.versions(organisation)[-1]

    def calendar(self, organisation: str, instant: datetime) -> Calendar:
        """The opening hours of the version in force at an instant."""
        return self.at(organisation, instant).calendar


def load_packs(extra: Path | None = None) -> Packs:
    """The shipped packs and those in `extra`, else in the folder that HOUSERULES_POLICIES names, if any.

    PolicyError for a pack that is refused, a folder that is not there, and a version that two files give.
    """
    folder = extra or (Path(named) if (named := os.environ.get(POLICIES)) else None)
    if folder is not None and not folder.is_dir():
        raise PolicyError(folder, POLICIES, "is not a folder")
    found = dict(_shipped())
    for file, pack in _checked(folder) if folder is not None else ():
        for other_file, other in found.items():
            _refuse_twins(file, pack, other_file, other)
        found[file] = pack
    return Packs(found.values())


@cache
def _shipped() -> tuple[tuple[Path, Pack], ...]:
    """Read once a process: they are of this code, and cannot be changed."""
    return tuple(_checked(_SHIPPED))


def _checked(folder: Path) -> Iterator[tuple[Path, Pack]]:
    for file in sorted(folder.glob("*.toml")):
        yield file, check(file)


def _refuse_twins(file: Path, pack: Pack, other_file: Path, other: Pack) -> None:
    if pack.organisation != other.organisation:
        return
    if pack.version == other.version:
        raise PolicyError(file, "version", f"{pack.policy} is given by {other_file} already")
    if pack.in_force_from == other.in_force_from:
        reason = f"{pack.policy} and {other.policy} ({other_file}) both come into force on {pack.in_force_from}"
        raise PolicyError(file, "in_force_from", reason)
