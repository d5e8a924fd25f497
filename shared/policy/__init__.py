"""The landlords' policies as data: what each obliges, by when, and under which clause."""

from shared.policy.check import check
from shared.policy.errors import PolicyError, UnknownOrganisation
from shared.policy.explain import explain
from shared.policy.loader import Packs, load_packs
from shared.policy.model import Pack
from shared.policy.rules import Rule
from shared.policy.triage import Triage
from shared.policy.working import Working

__all__ = [
    "Pack",
    "Packs",
    "PolicyError",
    "Rule",
    "Triage",
    "UnknownOrganisation",
    "Working",
    "check",
    "explain",
    "load_packs",
]
