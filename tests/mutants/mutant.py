"""What a mutant is: one change of one file, and the tests that must and must not notice it."""

import importlib.util
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Mutant", "Outdated", "check", "mutated"]


class Outdated(Exception):
    """A mutant's text is not in its file exactly once: the code has moved on, and the list has to follow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """A guard taken away. `red` are the tests that must fail by their own assertion, `green` those that must pass.

    Tests are named as pytest names them; a parametrized one without its brackets stands for all its cases, of which at
    least one must fail. `own_servers`: the change is in how servers are set up, so that lent ones would not show it.
    """

    name: str
    without: str
    file: str
    old: str
    new: str
    red: tuple[str, ...]
    green: tuple[str, ...]
    own_servers: bool = False

    def apply(self, text: str) -> str:
        """The file's text with the change. Raises Outdated."""
        found = text.count(self.old)
        if found != 1:
            raise Outdated(f"{self.name}: its text is {found} times in {self.file}, not once")
        return text.replace(self.old, self.new)


def check(root: Path, mutants: Iterable[Mutant]) -> None:
    """Raise Outdated, naming every mutant that does not fit the code under `root` any more."""
    faults = []
    for mutant in mutants:
        try:
            mutant.apply((root / mutant.file).read_text())
        except (Outdated, OSError) as fault:
            faults.append(str(fault))
    if faults:
        raise Outdated("\n".join(faults))


@contextmanager
def mutated(root: Path, mutant: Mutant) -> Iterator[None]:
    """The change in the tree under `root`, until the block ends."""
    path = root / mutant.file
    before = path.read_text()
    path.write_text(mutant.apply(before))
    _forget_compiled(path)
    try:
        yield
    finally:
        path.write_text(before)
        _forget_compiled(path)


def _forget_compiled(path: Path) -> None:
    """Python goes by time and size, which a quick change may leave as they were."""
    if path.suffix == ".py":
        Path(importlib.util.cache_from_source(path)).unlink(missing_ok=True)
