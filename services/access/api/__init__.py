"""access's doors."""

from services.access.api import cases, exports, imports, people, revocations

__all__ = ["ROUTERS"]

ROUTERS = (
    imports.router,
    exports.router,
    people.router,
    revocations.router,
    cases.router,
)
