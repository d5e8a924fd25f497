"""Who may open a page, and who may send its forms: the permissions of page routes.

They read the session's cookie and nothing else: a bearer token opens no page, and a cookie opens no door of the API.
"""

from fastapi import Request

from shared.platform.auth import Keys, Permission
from shared.platform.pages.session import COOKIE, Visitor, from_here, matches
from shared.platform.problem import Problem

__all__ = ["Posted", "Seen", "forged", "posted", "seen"]


def forged() -> Problem:
    """A form that does not prove where it came from."""
    return Problem(
        403,
        "forged",
        "This form was not sent from a page of yours, or you have signed in anew since the page was loaded. "
        "Nothing was done. Load the page again, and send it from there.",
    )


class Seen(Permission):
    """Looking at a page: gives the visitor. Nobody signed in is a 401 problem, which the route turns into signing in."""

    async def __call__(self, request: Request) -> Visitor:
        """Check the session and the role."""
        token = request.cookies.get(COOKIE)
        if not token:
            raise Problem(401, "unauthenticated", "You are not signed in.")
        keys: Keys = request.app.state.keys
        visitor = Visitor(await keys.verify(token), token)
        request.state.visitor = visitor
        self.check(visitor.principal)
        return visitor


class Posted(Seen):
    """Sending a form of a page: gives the visitor, once the form has proved that it is this session's."""

    async def __call__(self, request: Request) -> Visitor:
        """Check the session, the role and the form."""
        visitor = await super().__call__(request)
        if not from_here(request) or not matches((await request.form()).get("csrf"), visitor.token):
            raise forged()
        return visitor


def seen(*roles: str) -> Seen:
    """Permission to look at a page, for any of these roles."""
    return Seen(roles)


def posted(*roles: str) -> Posted:
    """Permission to send a page's form, for any of these roles."""
    return Posted(roles)
