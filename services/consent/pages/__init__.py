"""consent's pages: what is missing, what ends soon and what has to go; one person, one image, and a record with its form."""

from services.consent.pages import images, missing, people, records, takedowns
from services.consent.pages.house import PAGES

__all__ = ["PAGES", "ROUTERS"]

ROUTERS = (missing.router, records.router, people.router, images.router, takedowns.router)
