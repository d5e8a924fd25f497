"""What `make test` hands to its workers: whole files, so that what a file sets up is set up once."""

from typing import ClassVar

from xdist.scheduler import LoadScopeScheduling

__all__ = ["WholeFiles"]


class WholeFiles(LoadScopeScheduling):  # type: ignore[misc] # xdist has no types
    """A file goes to one worker, in the order of the command line; files that share a stack go to one together.

    xdist's own `loadgroup` reads the group from the item's private id, which pytest 9.2 no longer shows it: it then hands out
    single tests without a word, and every worker sets everything up.
    """

    TOGETHER: ClassVar[dict[str, str]] = {
        "tests/integration/cli/test_doors.py": "the stack of the command line",
        "tests/integration/cli/test_register.py": "the stack of the command line",
        "tests/integration/cli/test_story.py": "the stack of the command line",
        "tests/integration/local/test_logs.py": "the stack that is broken on purpose",
        "tests/integration/local/test_restarts.py": "the stack that is broken on purpose",
    }

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return self.TOGETHER.get(file, file)
