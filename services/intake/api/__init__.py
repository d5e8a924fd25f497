"""The doors of intake."""

from services.intake.api import deliveries, events, items, quiet, sources, webhooks

__all__ = ["ROUTERS"]

ROUTERS = (
    webhooks.router,
    events.router,
    items.router,
    sources.router,
    deliveries.router,
    quiet.router,
)
"""The contents page of the doors."""
