"""The doors of consent."""

from services.consent.api import consents, images, looking, subjects, takedowns

__all__ = ["ROUTERS"]

ROUTERS = (subjects.router, consents.router, looking.router, images.router, takedowns.router)
"""The contents page of the doors."""
