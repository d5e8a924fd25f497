"""sla's pages: what waits for an answer, the figures, one conversation, and when something would be due."""

from services.sla.pages import calendar, conversation, figures, targets
from services.sla.pages.house import PAGES

__all__ = ["PAGES", "ROUTERS"]

ROUTERS = (targets.router, figures.router, conversation.router, calendar.router)
