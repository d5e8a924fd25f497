"""access's doors."""

from services.access.api import cases, exports, imports, people, revocations, stories

__all__ = ["ROUTERS"]

ROUTERS = (
    imports.router,
    exports.router,
    people.router,
    stories.router,
    revocations.router,
    cases.router,
)
