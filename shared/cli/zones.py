"""In which zone an organisation's people read times."""

from datetime import tzinfo
from functools import cache

__all__ = ["zone_of"]


@cache
def zone_of(organisation: str) -> tzinfo:
    """The zone of an organisation's pack; UTC for one without."""
    from datetime import UTC

    from shared.policy import UnknownOrganisation, load_packs

    try:
        return load_packs().latest(organisation).calendar.zone
    except UnknownOrganisation:
        return UTC
