"""What `make test` hands to its workers: whole files, so that what a file sets up is set up once."""

from typing import ClassVar

from xdist.scheduler import LoadScopeScheduling

__all__ = ["WholeFiles"]


class WholeFiles(LoadScopeScheduling):  # type: ignore[misc] # xdist has no types
    """A file goes to one worker, in the order of the command line; the files of a folder that shares a stack go together.

    xdist's own `loadgroup` reads the group from the item's private id, which pytest 9.2 no longer shows it: it then hands out
    single tests without a word, and every worker sets everything up.
    """

    TOGETHER: ClassVar[tuple[str, ...]] = ("tests/integration/stack/",)

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return next((folder for folder in self.TOGETHER if file.startswith(folder)), file)
