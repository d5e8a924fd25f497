"""What `make test` hands to its workers: whole files, so that what a file sets up is set up once."""

from collections.abc import Mapping
from typing import ClassVar

from xdist.scheduler import LoadScopeScheduling

__all__ = ["WholeFiles"]


class WholeFiles(LoadScopeScheduling):  # type: ignore[misc] # xdist has no types
    """A file goes to one worker, in the order of the command line; files that share a stack go to one together.

    A stack costs some twenty seconds of a processor before its first test, and a tenth of one while it stands. The
    end-to-end tests are more than one worker gets through in time, and so have two.

    xdist's own `loadgroup` reads the group from the item's private id, which pytest 9.2 no longer shows it: it then hands out
    single tests without a word, and every worker sets everything up.
    """

    TOGETHER: ClassVar[Mapping[str, str]] = {
        "tests/integration/stack/": "one stack",
        "tests/e2e/browser/": "an end-to-end stack",
        "tests/e2e/test_openapi": "an end-to-end stack",
        "tests/e2e/test_two_landlords": "an end-to-end stack",
        "tests/e2e/test_metrics": "",
        "tests/e2e/": "another end-to-end stack",
    }
    """The first that a file's path begins with says which it goes with; nothing: with none."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return next((group for place, group in self.TOGETHER.items() if file.startswith(place)), "") or file
