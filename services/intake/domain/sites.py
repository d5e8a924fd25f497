"""What is said of a site or an author, outside any conversation."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from services.intake.domain import facts
from shared.contracts import messages
from shared.contracts.event import Data

__all__ = ["FACTS", "looks"]


def author_blocked(fact: facts.AuthorBlocked) -> Data:
    """Blocked or let in again. Clauses: westward:6.13, wheatley:responsibilities-of-staff."""
    kind = messages.AuthorUnblocked if fact.lifted else messages.AuthorBlocked
    return kind(author=fact.author, site=fact.site, at=fact.at, actor=fact.actor, reason=fact.reason)


def post_published(fact: facts.PostPublished) -> Data:
    """A post of ours: it feeds content cadence and mix. Clauses: westward:7.9, 3.7."""
    return messages.PostPublished(
        post=fact.post,
        site=fact.site,
        category=fact.category,
        at=fact.at,
        images=fact.images or None,
        closure=fact.closure,
    )


def reach_reported(fact: facts.ReachReported) -> Data:
    """The network's figures. Clauses: westward:5.7, wheatley:benefits."""
    return messages.ReachReported(
        site=fact.site,
        at=fact.at,
        followers=fact.followers,
        reach=fact.reach,
        engagement=fact.engagement,
        referrals=fact.referrals,
    )


def site_seen(fact: facts.SiteSeen) -> Data:
    """A connector saw the site. Clauses: westward:7.9, wheatley:responding-to-customers."""
    return messages.SiteMonitored(site=fact.site, at=fact.at, by="connector")


def looks(sites: Iterable[tuple[str, datetime]]) -> list[facts.SiteSeen]:
    """One look per site and minute for the deliveries of a batch: a hundred in a minute say no more than one."""
    latest: dict[tuple[str, datetime], datetime] = {}
    for site, at in sites:
        minute = (site, at.replace(second=0, microsecond=0))
        latest[minute] = max(at, latest.get(minute, at))
    return [facts.SiteSeen(site=site, at=at) for (site, _), at in latest.items()]


FACTS: Mapping[type, Callable[[Any], Data]] = {
    facts.AuthorBlocked: author_blocked,
    facts.PostPublished: post_published,
    facts.ReachReported: reach_reported,
    facts.SiteSeen: site_seen,
}
