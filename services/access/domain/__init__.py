"""The register and leavers, as pure rules: facts → employment → what to remove and to tell. No I/O and no clock."""

from services.access.domain.cases import Breaker, Case, Cases
from services.access.domain.employment import Employment, Leave, Stint, begins, employment, ends
from services.access.domain.facts import FACTS, SOURCE, Fact
from services.access.domain.leavers import (
    Known,
    Line,
    Settled,
    Standing,
    World,
    bring_up_in_parts,
    held_until,
)
from services.access.domain.register import Admins, Held, Holder, Item, Owned, items_of, snapshot_of
from services.access.domain.revocation import ACTS, HELD, OPEN, STATES, TO_GO, Forbidden, Refused, Revocation
from services.access.domain.telling import Telling
from services.access.domain.watching import chase, release

__all__ = [
    "ACTS",
    "FACTS",
    "HELD",
    "OPEN",
    "SOURCE",
    "STATES",
    "TO_GO",
    "Admins",
    "Breaker",
    "Case",
    "Cases",
    "Employment",
    "Fact",
    "Forbidden",
    "Held",
    "Holder",
    "Item",
    "Known",
    "Leave",
    "Line",
    "Owned",
    "Refused",
    "Revocation",
    "Settled",
    "Standing",
    "Stint",
    "Telling",
    "World",
    "begins",
    "bring_up_in_parts",
    "chase",
    "employment",
    "ends",
    "held_until",
    "items_of",
    "release",
    "snapshot_of",
]
