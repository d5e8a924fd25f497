"""What comes with time, or with another administrator, to revocations that are open already."""

from collections.abc import Iterable

from msgspec.structs import replace

from services.access.domain.ladder import LEVELS
from services.access.domain.register import Admins
from services.access.domain.revocation import HELD, Revocation, reopen
from services.access.domain.telling import Telling

__all__ = ["chase", "release"]


def chase(revocations: Iterable[Revocation], telling: Telling) -> list[Revocation]:
    """Tell each level of the ladder that is reached, once; a waiver that has ended goes on as reopened.

    Clause: westward:7.11.
    """
    changed = []
    for known in revocations:
        one = known
        if one.state == "waived" and one.waived_until is not None and one.waived_until <= telling.now:
            one = reopen(one)
        while one.state != "waived" and one.open and one.level < LEVELS and one.levels[one.level] <= telling.now:
            one = replace(one, level=one.level + 1)
            telling.overdue(one, one.level)
        if one != known:
            changed.append(one)
    return changed


def release(held: Iterable[Revocation], admins: Admins, telling: Telling) -> list[Revocation]:
    """Let go what was held for the last administrator's sake, where the site is in other hands now.

    Clause: westward:6.8.
    """
    released = []
    for one in held:
        if one.state == HELD and (one.site is None or admins.suffice(one.site)):
            free = replace(one, state="requested")
            telling.requested(free)
            released.append(free)
    return released
