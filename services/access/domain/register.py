"""The register: sites, accounts, grants, and what of them is one person's access."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from msgspec import Struct

__all__ = ["Admins", "Held", "Holder", "Item", "Owned", "items_of", "snapshot_of"]


class Held(Struct, frozen=True, gc=False):
    """A grant in force, with what its account and its site say of it."""

    grant: str
    person: str
    account: str
    account_kind: str | None
    site: str
    site_kind: str | None
    site_state: str | None
    network: str | None
    role: str
    since: datetime


class Owned(Struct, frozen=True, gc=False):
    """A site that is not closed and the person who answers for it."""

    site: str
    person: str
    site_kind: str | None
    network: str | None
    since: datetime


class Item(Struct, frozen=True, kw_only=True, gc=False):
    """One thing that gives somebody access, and what removes it. `since` is when the register first had it."""

    kind: str
    id: str
    action: str
    site: str
    since: datetime
    account: str | None = None
    network: str | None = None
    role: str | None = None
    grant: str | None = None

    @property
    def administers(self) -> bool:
        """Removing it takes an administrator from a site that goes on."""
        return self.role == "admin" and self.action != "close-profile"


def items_of(held: Iterable[Held], owned: Iterable[Owned]) -> list[Item]:
    """A person's access, each item once, in a settled order. Clauses: westward:6.3, 6.4, 6.7, 9.4."""
    found: dict[tuple[str, str], Item] = {}
    for grant in sorted(held, key=lambda one: (one.site, one.grant)):
        item = _of_grant(grant)
        found.setdefault((item.kind, item.id), item)
    for site in sorted(owned, key=lambda one: one.site):
        item = _of_site(site)
        found.setdefault((item.kind, item.id), item)
    return list(found.values())


def _of_grant(grant: Held) -> Item:
    if grant.account_kind == "shared":
        kind, identity, action = "grant", grant.grant, "rotate-secret"
    elif grant.site_kind == "business-profile":
        kind, identity, action = "profile", grant.site, "close-profile"
    elif grant.site_kind == "closed-group":
        kind, identity, action = "membership", grant.grant, "remove-member"
    else:
        kind, identity, action = "grant", grant.grant, "remove-role"
    return Item(
        kind=kind,
        id=identity,
        action=action,
        site=grant.site,
        since=grant.since,
        account=grant.account,
        network=grant.network,
        role=grant.role,
        grant=grant.grant,
    )


def _of_site(site: Owned) -> Item:
    kind, action = ("profile", "close-profile") if site.site_kind == "business-profile" else ("duty", "transfer")
    return Item(kind=kind, id=site.site, action=action, site=site.site, network=site.network, since=site.since)


def snapshot_of(items: Sequence[Item]) -> str:
    """A hash of what was found: nothing is an answer, too."""
    found = [[item.kind, item.id, item.action, item.site, item.account, item.role] for item in items]
    return f"sha256:{hashlib.sha256(json.dumps(found).encode()).hexdigest()}"


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody who administers a site and is there to do so."""

    site: str
    person: str
    communications: bool


@dataclass(slots=True)
class Admins:
    """The active administrators of sites: in employment, not held back as a leaver, without an open revocation.

    Clause: westward:6.8.
    """

    _by_site: dict[str, dict[str, bool]] = field(default_factory=dict)
    _closed: frozenset[str] = frozenset()

    @classmethod
    def of(cls, holders: Iterable[Holder], closed: Iterable[str] = ()) -> "Admins":
        """As the register has them. A closed site needs none."""
        admins = cls(_closed=frozenset(closed))
        for holder in holders:
            admins._by_site.setdefault(holder.site, {})[holder.person] = holder.communications
        return admins

    def drop(self, person: str, site: str | None = None) -> None:
        """Somebody is no active administrator any more, of a site or anywhere."""
        for holders in self._by_site.values() if site is None else (self._by_site.get(site, {}),):
            holders.pop(person, None)

    def anybody(self, site: str) -> bool:
        """Somebody administers it, whoever they are."""
        return bool(self._by_site.get(site))

    def suffice(self, site: str) -> bool:
        """At least one active administrator stays, and one from Communications."""
        return site in self._closed or any(self._by_site.get(site, {}).values())
