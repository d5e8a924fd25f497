"""The doors of consent."""

from services.consent.api import consents, images, subjects, takedowns

__all__ = ["ROUTERS"]

ROUTERS = (subjects.router, consents.router, images.router, takedowns.router)
"""The contents page of the doors."""
