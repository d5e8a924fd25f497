"""Rendering pages, and the route that answers in pages even when something is wrong."""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit
from zoneinfo import ZoneInfo

import jinja2
from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.routing import APIRoute
from markupsafe import Markup
from pydantic import ValidationError

from shared.platform.auth import Permission, Public
from shared.platform.clock import Clock, ClockError
from shared.platform.http import permissions
from shared.platform.pages.session import COOKIE, FLASH, Visitor, csrf_of, local_path, open_flash, seal_flash
from shared.platform.pages.visiting import Posted
from shared.platform.pages.words import add_filters
from shared.platform.problem import Problem, as_problem, trace_id
from shared.policy import Packs, UnknownOrganisation

__all__ = ["SIGN_IN", "House", "Pages", "csrf_field"]

SHARED = Path(__file__).parent / "templates"
SIGN_IN = "/page/sign-in"
LABELS = {"intake": "Inbox", "sla": "Deadlines", "access": "Leavers", "consent": "Consent"}
"""What the services' pages are called, in the order of the navigation."""
SPANNING = ZoneInfo("Europe/London")
"""The zone of somebody who spans organisations."""
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
"""Of every answer of a page route, unless the route says otherwise."""


@dataclass(frozen=True, slots=True)
class House:
    """What pages know of the installation."""

    packs: Packs
    clock: Clock
    neighbours: Mapping[str, str]
    """Where the other services' pages are."""
    secure: bool
    """Cookies go over TLS alone."""
    style: str
    """A text that changes with the style sheet, so that browsers may keep it for long."""

    def now(self) -> datetime | None:
        """Policy time, or None when it cannot be read."""
        try:
            return self.clock.policy()
        except ClockError:
            return None

    def zone(self, organisation: str) -> ZoneInfo:
        """Where its dates are."""
        try:
            return self.packs.latest(organisation).tz
        except UnknownOrganisation:
            return SPANNING


class Pages:
    """A service's pages: its templates, with the shared ones behind them."""

    def __init__(self, service: str, templates: Path) -> None:
        self.service = service
        self.environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader([templates, SHARED]),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        add_filters(self.environment)
        self.house: House | None = None

    def router(self) -> APIRouter:
        """For routes that answer in pages."""
        bound = type("BoundPageRoute", (PageRoute,), {"pages": self})
        return APIRouter(include_in_schema=False, route_class=bound)

    def render(
        self, request: Request, visitor: Visitor | None, template: str, *, status: int = 200, **context: Any
    ) -> HTMLResponse:
        """The page. `visitor` is None for what somebody sees who is not signed in."""
        assert self.house is not None, "pages are installed before they are shown"
        flash = request.cookies.get(FLASH)
        own = self._own(visitor)
        message = open_flash(visitor.token, flash) if flash and visitor else None
        text = self.environment.get_template(template).render(own | {"flash": message} | context)
        response = HTMLResponse(text, status)
        if flash is not None:
            response.delete_cookie(FLASH, path="/")
        return response

    def _own(self, visitor: Visitor | None) -> dict[str, Any]:
        """What the base template and the filters want."""
        house = self.house
        assert house is not None
        principal = visitor.principal if visitor else None
        now = house.now()
        return {
            "visitor": visitor,
            "principal": principal,
            "organisation": principal.organisation if principal else "",
            "csrf": csrf_field(visitor.token if visitor else ""),
            "now": now or datetime.now(UTC),
            "clock_known": now is not None,
            "stepped": house.clock.stepped,
            "zone": house.zone(principal.organisation if principal else ""),
            "service": self.service,
            "label": LABELS.get(self.service, self.service.capitalize()),
            "navigation": self._navigation(),
            "style": house.style,
        }

    def _navigation(self) -> list[tuple[str, str, bool]]:
        """Label, address and whether it is this service's, in the order of the services."""
        assert self.house is not None
        known = {**self.house.neighbours, self.service: "/"}
        order = [*(name for name in LABELS if name in known), *(name for name in sorted(known) if name not in LABELS)]
        return [(LABELS.get(name, name.capitalize()), known[name], name == self.service) for name in order]

    def back(self, request: Request, where: str, message: str) -> Response:
        """See another page of this service, which shows the message once."""
        response = RedirectResponse(local_path(where), HTTPStatus.SEE_OTHER)
        token = request.cookies.get(COOKIE, "")
        self.keep(response, FLASH, seal_flash(token, message))
        return response

    def keep(self, response: Response, name: str, value: str) -> None:
        """Give the browser a cookie that no script and no other site's form can use."""
        assert self.house is not None
        response.set_cookie(name, value, path="/", httponly=True, samesite="lax", secure=self.house.secure)

    def wrong(self, request: Request, problem: Problem) -> Response:
        """A problem as a page; somebody who is not signed in is sent to do so."""
        if problem.status == HTTPStatus.UNAUTHORIZED:
            return self._to_sign_in(request)
        response = self.render(
            request,
            getattr(request.state, "visitor", None),
            "problem.html",
            status=problem.status,
            title=HTTPStatus(problem.status).phrase,
            problem=problem,
            trace=trace_id(request),
            previous=None if _previous(request) == _asked(request) else _previous(request),
        )
        response.headers.update(problem.headers)
        return response

    def _to_sign_in(self, request: Request) -> Response:
        wanted = _asked(request) if request.method == "GET" else _previous(request)
        query = {"next": local_path(wanted)} | ({"over": "1"} if request.cookies.get(COOKIE) else {})
        response = RedirectResponse(f"{SIGN_IN}?{urlencode(query, quote_via=quote)}", HTTPStatus.SEE_OTHER)
        response.delete_cookie(COOKIE, path="/")
        return response


def csrf_field(token: str) -> Callable[[], Markup]:
    """What templates call in each form: the hidden field of this session."""
    field = Markup('<input type="hidden" name="csrf" value="{}">').format(csrf_of(token))
    return lambda: field


def _asked(request: Request) -> str:
    """What was asked for, as a path of this service."""
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def _previous(request: Request) -> str:
    """The page of this service that the visitor came from, as far as the browser tells."""
    try:
        parts = urlsplit(request.headers.get("referer", ""))
    except ValueError:
        return "/"
    if parts.netloc != request.headers.get("host"):
        return "/"
    return local_path(parts.path + (f"?{parts.query}" if parts.query else ""))


class PageRoute(APIRoute):
    """A route that answers in pages: whatever leaves it as an exception is a page, too. Forms must be `posted`."""

    pages: Pages

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        asked: list[Permission | Public] = list(permissions(self.dependant))
        if set(self.methods or ()) - {"GET", "HEAD"} and not any(isinstance(one, (Posted, Public)) for one in asked):
            raise RuntimeError(f"{self.path} takes forms: its permission must be `posted`")

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The route's own, guarded."""
        handle = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            response = await self._answer(request, handle)
            for name, value in HEADERS.items():
                response.headers.setdefault(name, value)
            return response

        return guarded

    async def _answer(self, request: Request, handle: Callable[[Request], Coroutine[Any, Any, Response]]) -> Response:
        try:
            await request.body()  # kept, so that the permission and the page can both read the form
            return await handle(request)
        except ValidationError as error:
            return self.pages.wrong(request, as_problem(request, RequestValidationError(error.errors())))
        except Exception as error:  # noqa: BLE001 whatever it is, people get a page, and the log what it was
            return self.pages.wrong(request, as_problem(request, error))
        finally:
            await request.close()
