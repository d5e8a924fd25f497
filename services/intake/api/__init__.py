"""The doors of intake."""

from services.intake.api import acts, deliveries, events, items, sources, webhooks

__all__ = ["ROUTERS"]

ROUTERS = (
    webhooks.router,
    events.router,
    items.router,
    acts.router,
    sources.router,
    deliveries.router,
)
"""The contents page of the doors."""
