"""Organisations are those with a policy pack; a valid token of another one opens nothing that writes."""

from fastapi import Request

from shared.platform.auth import Principal
from shared.platform.problem import Problem
from shared.policy import Packs

__all__ = ["known_organisation"]


def known_organisation(request: Request, principal: Principal) -> None:
    """Raises a 403 problem for an organisation without a pack: its events would be read by nobody."""
    packs: Packs = request.app.state.packs
    if principal.organisation not in packs.organisations:
        raise Problem(403, "unknown-organisation", "There is no policy pack for the credential's organisation.")
