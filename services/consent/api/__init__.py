"""The doors of consent."""

from services.consent.api import consents, images, quiet, subjects, takedowns

__all__ = ["ROUTERS"]

ROUTERS = (subjects.router, consents.router, images.router, takedowns.router, quiet.router)
"""The contents page of the doors."""
