"""access's pages: leavers and their revocations, people, sites, and imports."""

from services.access.pages import imports, leavers, register
from services.access.pages.house import PAGES

__all__ = ["PAGES", "ROUTERS"]

ROUTERS = (leavers.router, register.router, imports.router)
