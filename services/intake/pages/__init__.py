"""intake's pages: the inbox by time left, and one item with its history and what can be done about it."""

from services.intake.pages import inbox, item
from services.intake.pages.house import PAGES

__all__ = ["PAGES", "ROUTERS"]

ROUTERS = (inbox.router, item.router)
