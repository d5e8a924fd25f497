"""Expressions of verdicts: what is known now, and -1 where it is not. Nothing is said by a figure of before.

A figure counts while its process answers the scrape, has read its figures from the database within `FRESH_S`, and could
read each of them: the time of reading moves on over one that failed.
"""

from deploy.observe.catalogue import SERVICES

__all__ = ["FRESH_S", "fresh", "now", "of_all", "of_landlords", "of_services"]

FRESH_S = 90
"""When `DatabaseAway` fires, too: figures are read twice a minute even where that takes long, and scraped four times."""
NOBODY = "or on () vector(-1)"
UP = 'up{job="houserules"%s}'


def _alive(service: str = "") -> str:
    """The processes (of a service) that answer, and whose figures are fresh, each of them."""
    its = f'service="{service}"' if service else ""
    up = UP % (f",{its}" if its else "")
    here = f"{{{its}}}" if its else ""
    fresh = f"time() - houserules_sampled_timestamp_seconds{here} < {FRESH_S}"
    whole = f"houserules_samples_failing{here} == 0"
    return f"({fresh} and on (service, instance) {up} == 1 and on (service, instance) {whole})"


def fresh(metric: str, service: str, labels: str) -> str:
    """A service's gauge, of the processes that know."""
    return f"{metric}{{{labels}}} and on (service, instance) {_alive(service)}"


def now(metric: str, service: str, labels: str, by: str = "organisation") -> str:
    """The most that a process of the service (of any, where none is named) says now; nothing where none knows."""
    return f"max by ({by}) ({fresh(metric, service, labels)})"


def of_landlords(metric: str, service: str, labels: str) -> str:
    """The most that a process of the service says now, for each landlord of whom it spoke within a day."""
    known = now(metric, service, labels)
    of_before = f"max by (organisation) (last_over_time({metric}{{{labels}}}[1d])) * 0 - 1"
    return f"{known} or {of_before} {NOBODY}"


def of_services(known: str, labels: str = "") -> str:
    """`known` of each service, by service, where a process of it answers."""
    up = UP % (f",{labels}" if labels else "")
    return f"({known} and on (service) {up} == 1) or max by (service) ({up}) * 0 - 1 {NOBODY}"


def of_all(known: str, bound: float, *services: str) -> str:
    """`known`, one number without labels, where all services (or these) know; what is broken is so whoever is silent."""
    every = services or SERVICES
    alive = " and on () ".join(f"count({_alive(service)}) > 0" for service in every)
    return f"(({known}) >= {bound:g}) or on () (({known}) and on () ({alive})) {NOBODY}"
