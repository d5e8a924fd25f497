"""A revocation's life: planned → requested → claimed → confirmed; held, waived, reopened, cancelled on the way."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from services.access.domain.ladder import LEVELS
from services.access.domain.register import Item
from shared.contracts.access import AccessItem

__all__ = [
    "ACTS",
    "HELD",
    "OPEN",
    "STATES",
    "TO_GO",
    "Forbidden",
    "Refused",
    "Revocation",
    "claim",
    "confirm",
    "open_in",
    "reopen",
    "waive",
]

HELD = "held-last-admin"
STATES = (
    "planned",
    "requested",
    "dispatched",
    "assigned",
    "claimed",
    "verifying",
    "confirmed",
    "failed",
    HELD,
    "cancelled",
    "waived",
    "reopened",
)
OPEN = frozenset(STATES) - {"planned", "confirmed", "cancelled"}
"""The access is to go and is not known to be gone."""
TO_GO = OPEN - {"waived"}
"""It is to go now."""
CLAIMABLE = frozenset({"requested", "dispatched", "assigned", "failed", "reopened"})
CLAIMED = frozenset({"claimed", "verifying"})
ACTS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "claim": CLAIMABLE,
        "confirm": CLAIMABLE | CLAIMED,
        "waive": CLAIMABLE,
        "reopen": CLAIMED | {"confirmed", "waived"},
    }
)
"""What people do about a revocation, and the states that allow it."""


class Refused(Exception):
    """The state does not allow it; `state` is what it is."""

    def __init__(self, state: str, detail: str) -> None:
        super().__init__(detail)
        self.state = state
        self.detail = detail


class Forbidden(Exception):
    """This person may not do it; the text says why."""


class Revocation(Struct, frozen=True, kw_only=True, gc=False):
    """One item of access to be taken from somebody: one row of the table.

    `levels` are the instants of the ladder, `level` how many of them were told. `owner` is frozen when it opens.
    """

    id: str
    person: str
    stint: str
    kind: str
    item: str
    action: str
    grant: str | None
    site: str | None
    account: str | None
    network: str | None
    role: str | None
    reason: str
    leave_at: datetime | None
    known_at: datetime
    levels: tuple[datetime, ...]
    policy: str
    owner: str
    state: str
    story: str
    cause: str
    level: int = 0
    claimed_by: str | None = None
    claimed_at: datetime | None = None
    confirmed_by: str | None = None
    confirmed_at: datetime | None = None
    evidence: str | None = None
    waived_until: datetime | None = None

    @property
    def key(self) -> tuple[str, str]:
        """The access item."""
        return self.kind, self.item

    @property
    def deadline(self) -> datetime:
        """The first overdue instant."""
        return self.levels[0]

    @property
    def administers(self) -> bool:
        """It takes an administrator from a site that goes on."""
        return self.role == "admin" and self.action != "close-profile"

    @property
    def open(self) -> bool:
        """The access is not known to be gone."""
        return self.state in OPEN

    def to_go(self, now: datetime) -> bool:
        """It is to go now: also that of a leaver who is held as one of too many, and not while it is waived."""
        held = self.state == "planned" and self.leave_at is not None and self.leave_at <= now
        return held or self.state in TO_GO

    @property
    def next_at(self) -> datetime | None:
        """When time alone changes something: the end of a waiver, the next level of the ladder."""
        if self.state == "waived":
            return self.waived_until
        return self.levels[self.level] if self.open and self.level < LEVELS else None

    @property
    def said(self) -> AccessItem:
        """The item as events name it."""
        kind: Any = self.kind
        return AccessItem(kind=kind, id=self.item)


def open_in(revocations: Iterable[Revocation]) -> set[tuple[str, str]]:
    """The items that are being removed."""
    return {one.key for one in revocations if one.open}


def of_item(item: Item, **known: Any) -> Revocation:
    """The revocation of an item."""
    return Revocation(
        kind=item.kind,
        item=item.id,
        action=item.action,
        grant=item.grant,
        site=item.site,
        account=item.account,
        network=item.network,
        role=item.role,
        reason="left",
        **known,
    )


def claim(revocation: Revocation, actor: str, now: datetime) -> Revocation:
    """Somebody says that the access is gone. Clause: westward:6.4."""
    if actor == revocation.person:
        raise Forbidden("Nobody claims the removal of their own access.")
    if revocation.state not in ACTS["claim"]:
        raise Refused(revocation.state, f"A revocation that is {revocation.state} cannot be claimed.")
    return replace(revocation, state="claimed", claimed_by=actor, claimed_at=now)


def confirm(revocation: Revocation, actor: str, evidence: str, now: datetime) -> Revocation:
    """The access was seen to be gone, by somebody other than the leaver; for an administrator other than the claimer.

    Without a claim before, confirming is claiming, too. Clauses: westward:6.4, 6.8.
    """
    if actor == revocation.person:
        raise Forbidden("Nobody confirms the removal of their own access.")
    claimed = revocation if revocation.state in CLAIMED else claim(revocation, actor, now)
    if revocation.role == "admin" and claimed.claimed_by == actor:
        raise Forbidden("Who removed an administrator does not confirm it: somebody else has to look.")
    return replace(claimed, state="confirmed", confirmed_by=actor, confirmed_at=now, evidence=evidence)


def reopen(revocation: Revocation) -> Revocation:
    """The access is there, or there again."""
    if revocation.state not in ACTS["reopen"]:
        raise Refused(revocation.state, f"A revocation that is {revocation.state} cannot be reopened.")
    return replace(
        revocation,
        state="reopened",
        claimed_by=None,
        claimed_at=None,
        confirmed_by=None,
        confirmed_at=None,
        evidence=None,
        waived_until=None,
    )


def waive(revocation: Revocation, until: datetime) -> Revocation:
    """The access may stand for a time."""
    if revocation.state not in ACTS["waive"]:
        raise Refused(revocation.state, f"A revocation that is {revocation.state} cannot be waived.")
    return replace(revocation, state="waived", waived_until=until)
