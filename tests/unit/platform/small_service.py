"""A service with one page and one form, one door of the API, and signing in: what tests of the pages visit."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

import httpx
from fastapi import APIRouter, Depends, FastAPI, Form, Request, UploadFile
from fastapi.responses import HTMLResponse, Response
from prometheus_client import CollectorRegistry
from pydantic import BaseModel

from shared.platform.auth import DevelopmentIssuer, Keys, Principal, allow
from shared.platform.http import add, create_app, seal
from shared.platform.pages import COOKIE, Pages, Visitor, csrf_of, install, posted, seen
from shared.platform.problem import Fault, Problem
from shared.platform.settings import ServiceSettings
from shared.policy import Packs, load_packs

__all__ = ["SmallService", "field_of"]

HOST = "http://houserules.test"
PAGE = """{% extends "base.html" %}
{% block main %}
<h1>{{ said }}</h1><p>{{ "2026-03-20T16:30:00Z" | local_time }}</p>
<form method="post" action="/page/say">{{ csrf() }}<button>Say</button></form>
{% endblock %}
"""


@cache
def packs() -> Packs:
    """The shipped ones, read once."""
    return load_packs()


class Words(BaseModel):
    """The API's own body, which the page makes of a form."""

    tone: Literal["kind", "plain"]


def field_of(page: str) -> str:
    """What the hidden field of the page's forms says."""
    found = re.search(r'name="csrf" value="(\w+)"', page)
    assert found is not None, page
    return found[1]


@dataclass(slots=True)
class SmallService:
    """The app, and what was said through its form."""

    folder: Path
    environment: dict[str, Any] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    issuer: DevelopmentIssuer = field(init=False)
    app: FastAPI = field(init=False)

    def __post_init__(self) -> None:
        self.issuer = DevelopmentIssuer(self.folder / "issuer")
        self.issuer.prepare()
        (self.folder / "page.html").write_text(PAGE)
        known = {"database_url": "none", "port": 0, "jwks": str(self.issuer.jwks_file)}
        settings = ServiceSettings(**{**known, **self.environment})
        keys = Keys(self.issuer.ISSUER, self.issuer.AUDIENCE, str(self.issuer.jwks_file))
        self.app = create_app("small", keys, {}, CollectorRegistry())
        pages = Pages("small", self.folder)
        add(self.app, self._pages(pages))
        add(self.app, self._doors())
        install(self.app, pages, settings, packs())
        seal(self.app)

    def _pages(self, pages: Pages) -> APIRouter:
        router = pages.router()

        @router.get("/")
        async def page(request: Request, visitor: Annotated[Visitor, Depends(seen("dpo"))]) -> HTMLResponse:
            return pages.render(request, visitor, "page.html", said=self.said[-1] if self.said else "nothing yet")

        @router.get("/page/failing/{way}")
        async def failing(way: str, _: Annotated[Visitor, Depends(seen("dpo"))]) -> HTMLResponse:
            match way:
                case "problem":
                    raise Problem(409, "state", "It is <i>too late</i>.", [Fault("/body/due_at", "is over")])
                case "outage":
                    raise ConnectionRefusedError("jo.canary@example.org")
                case "body":
                    Words.model_validate({"tone": "jo.canary@example.org"})
            raise ValueError("jo.canary@example.org")

        @router.post("/page/say")
        async def say(
            request: Request, _: Annotated[Visitor, Depends(posted("dpo"))], words: Annotated[str, Form()] = ""
        ) -> Response:
            self.said.append(words)
            return pages.back(request, "/", f"You said {words}")

        @router.post("/page/file")
        async def file(request: Request, _: Annotated[Visitor, Depends(posted("dpo"))]) -> Response:
            async with request.form(max_files=1) as form:
                sent = form["sent"]
                assert not isinstance(sent, str)
                self.said.append((await sent.read()).decode())
            return pages.back(request, "/", "Kept.")

        @router.post("/page/typed")
        async def typed(request: Request, _: Annotated[Visitor, Depends(posted("dpo"))], sent: UploadFile) -> Response:
            self.said.append((await sent.read()).decode())
            return pages.back(request, "/", "Kept.")

        return router

    def _doors(self) -> APIRouter:
        router = APIRouter()

        @router.get("/door")
        async def door(principal: Annotated[Principal, Depends(allow("dpo"))]) -> str:
            return principal.person

        return router

    def token(self, organisation: str = "westward", role: str = "dpo", **claims: Any) -> str:
        """Somebody's."""
        return self.issuer.token(organisation, [role], **claims)

    @asynccontextmanager
    async def browser(self, token: str | None = None) -> AsyncIterator[httpx.AsyncClient]:
        """One that keeps cookies and follows nothing; signed in with `token`."""
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(transport=transport, base_url=HOST) as client:
            if token is not None:
                client.cookies.set(COOKIE, token)
            yield client

    def form(self, token: str, **fields: str) -> dict[str, str]:
        """A form of the session's page."""
        return {"csrf": csrf_of(token), **fields}
