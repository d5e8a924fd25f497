"""sla's doors: they read and plan. People act in intake, and sla hears of it on the bus."""

from services.sla.api import calendar, conversations, reports, targets

__all__ = ["ROUTERS"]

ROUTERS = (targets.router, conversations.router, calendar.router, reports.router)
