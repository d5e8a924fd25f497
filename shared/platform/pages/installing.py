"""Signing in and out, the style sheet, and what pages know of the installation: what every service's pages share."""

import hashlib
import secrets
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Form, Request, Response
from fastapi.responses import RedirectResponse

from shared.platform.auth import ROLES, DevelopmentIssuer, Keys, Public, public
from shared.platform.clock import Clock
from shared.platform.http import add
from shared.platform.pages.rendering import SIGN_IN, House, Pages, csrf_field
from shared.platform.pages.session import COOKIE, DOOR, FLASH, from_here, local_path, matches
from shared.platform.pages.visiting import forged
from shared.platform.problem import Problem, unavailable
from shared.platform.settings import ServiceSettings
from shared.policy import Packs

__all__ = ["install"]

HERE = Path(__file__).parent
MOST_TOKEN = 3_800
"""A browser keeps about 4096 bytes a cookie."""
FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}
SPANNING = "ops"
"""The role that belongs to no organisation."""


def install(app: FastAPI, pages: Pages, settings: ServiceSettings, packs: Packs) -> None:
    """Add signing in and out and the style to a service that has pages. Before `seal`."""
    style = (HERE / "house.css").read_text(encoding="utf-8")
    pages.house = House(
        packs=packs,
        clock=Clock(settings.clock),
        neighbours={name: str(url) for name, url in settings.pages.items()},
        secure=settings.profile == "production",
        style=hashlib.sha256(style.encode()).hexdigest()[:12],
    )
    add(app, _style(pages, style))
    add(app, _signing_in(pages, settings.development_issuer is not None))
    if settings.development_issuer is not None:
        add(app, _one_click(pages, DevelopmentIssuer(settings.development_issuer)))


def _style(pages: Pages, style: str) -> APIRouter:
    router = pages.router()
    icon = (HERE / "icon.svg").read_text(encoding="utf-8")
    same: Public = public("the same for everybody")

    @router.get("/page/house.css", dependencies=[Depends(same)])
    async def house_css() -> Response:
        return Response(style, media_type="text/css", headers=FOREVER)

    @router.get("/page/icon.svg", dependencies=[Depends(same)])
    async def icon_svg() -> Response:
        return Response(icon, media_type="image/svg+xml", headers=FOREVER)

    return router


def _signing_in(pages: Pages, one_click: bool) -> APIRouter:
    router = pages.router()
    door: Public = public("where people prove who they are; its forms carry a proof of their own")

    @router.get(SIGN_IN, dependencies=[Depends(door)])
    async def sign_in_page(request: Request, next: str = "/", over: str = "", left: str = "") -> Response:
        notice = "Your session is over: sign in again." if over else "You have signed out." if left else ""
        return _sign_in_page(pages, request, next, one_click, notice=notice)

    @router.post(SIGN_IN, dependencies=[Depends(door)])
    async def sign_in(
        request: Request, token: Annotated[str, Form()] = "", next: Annotated[str, Form()] = "/"
    ) -> Response:
        await _proved(request)
        return await _sign_in(pages, request, token.strip().removeprefix("Bearer ").strip(), next, one_click)

    @router.post("/page/sign-out", dependencies=[Depends(public("leaving needs no right; its form proves itself"))])
    async def sign_out(request: Request) -> Response:
        await _proved(request, COOKIE)
        response = RedirectResponse(f"{SIGN_IN}?left=1", 303)
        response.delete_cookie(COOKIE, path="/")
        response.delete_cookie(FLASH, path="/")
        return response

    return router


def _one_click(pages: Pages, issuer: DevelopmentIssuer) -> APIRouter:
    router = pages.router()

    @router.post("/page/sign-in/local", dependencies=[Depends(public("a development issuer is there: local only"))])
    async def sign_in_locally(
        request: Request,
        role: Annotated[str, Form()],
        organisation: Annotated[str, Form()] = "",
        person: Annotated[str, Form()] = "",
        next: Annotated[str, Form()] = "/",
    ) -> Response:
        await _proved(request)
        if role not in ROLES or "\0" in person or len(person) > 255:
            raise Problem(422, "invalid", "There is no such role, or nobody of that name.")
        if not issuer.key_file.exists():
            raise unavailable("The development issuer has no key yet.")
        token = issuer.token("" if role == SPANNING else organisation, [role], person.strip() or None)
        return await _sign_in(pages, request, token, next, one_click=True)

    return router


def _sign_in_page(
    pages: Pages, request: Request, next: str, one_click: bool, *, notice: str = "", fault: str = ""
) -> Response:
    """The page, with a proof for its forms that holds for this browser."""
    assert pages.house is not None
    door = request.cookies.get(DOOR) or secrets.token_hex(16)
    response = pages.render(
        request,
        None,
        "sign-in.html",
        status=422 if fault else 200,
        csrf=csrf_field(door),
        next=local_path(next),
        one_click=sorted(pages.house.packs.organisations) if one_click else [],
        roles=[role for role in ROLES if role != SPANNING],
        notice=notice,
        fault=fault,
    )
    pages.keep(response, DOOR, door)
    return response


async def _proved(request: Request, cookie: str = DOOR) -> None:
    """Raises a 403 problem unless a form was sent by this browser from a page of ours."""
    token = request.cookies.get(cookie)
    if not token or not from_here(request) or not matches((await request.form()).get("csrf"), token):
        raise forged()


async def _sign_in(pages: Pages, request: Request, token: str, next: str, one_click: bool) -> Response:
    """Go on with a token that is good here; with another, say what is wrong with it and ask again."""
    try:
        return await _let_in(pages, request, token, next)
    except Problem as problem:
        if problem.status not in (401, 403):
            raise
        return _sign_in_page(pages, request, next, one_click, fault=problem.detail)


async def _let_in(pages: Pages, request: Request, token: str, next: str) -> Response:
    """Keep a token that is good here. Raises 401 and 403 problems for one that is not."""
    assert pages.house is not None
    if len(token) > MOST_TOKEN:
        raise Problem(403, "forbidden", f"The token is longer than a browser keeps ({MOST_TOKEN} characters).")
    keys: Keys = request.app.state.keys
    principal = await keys.verify(token)
    if not principal.roles:
        raise Problem(403, "forbidden", "The token names none of the roles that there are here.")
    if principal.organisation not in pages.house.packs.organisations and principal.roles != {SPANNING}:
        raise Problem(403, "forbidden", "The token is of an organisation that is not here.")
    response = RedirectResponse(local_path(next), 303)
    pages.keep(response, COOKIE, token)
    response.delete_cookie(DOOR, path="/")
    return response
