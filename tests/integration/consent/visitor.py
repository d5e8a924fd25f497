"""Somebody at consent's pages over HTTP: the session's cookie, and forms as they stand on the page."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import httpx

from shared.platform.pages import COOKIE, csrf_of
from tests.integration.consent.gallery import Gallery

__all__ = ["Page", "Visitor", "visitor"]


class _Text(HTMLParser):
    """What is read on a page; tags that a text smuggled in would be seen as tags here."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.tags: list[str] = []
        self.forms: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag == "form":
            self.forms.append(dict(attrs).get("action") or "")

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


@dataclass(frozen=True, slots=True)
class Page:
    """An answer, read."""

    answer: httpx.Response
    text: str = field(init=False)
    tags: list[str] = field(init=False)
    forms: list[str] = field(init=False)

    def __post_init__(self) -> None:
        reader = _Text()
        reader.feed(self.answer.text)
        object.__setattr__(self, "text", re.sub(r"\s+", " ", " ".join(reader.parts)))
        object.__setattr__(self, "tags", reader.tags)
        object.__setattr__(self, "forms", reader.forms)

    @property
    def status(self) -> int:
        return self.answer.status_code


@dataclass(slots=True)
class Visitor:
    """One session."""

    gallery: Gallery
    token: str

    @property
    def _cookie(self) -> dict[str, str]:
        return {"Cookie": f"{COOKIE}={self.token}"} if self.token else {}

    async def see(self, path: str, **params: Any) -> Page:
        """GET."""
        return Page(await self.gallery.client.get(path, params=params or None, headers=self._cookie))

    async def send(
        self, path: str, fields: dict[str, Any] | None = None, file: tuple[str, bytes] | None = None, **options: Any
    ) -> Page:
        """POST a form of ours, with the proof that it is this session's unless `csrf` says otherwise."""
        known: dict[str, Any] = {"csrf": options.get("csrf", csrf_of(self.token))} | (fields or {})
        files = {"form": (*file, "application/pdf")} if file is not None else None
        headers = self._cookie | options.get("headers", {})
        return Page(await self.gallery.client.post(path, data=known, files=files, headers=headers))


def visitor(gallery: Gallery, organisation: str = "westward", role: str = "communications", **claims: Any) -> Visitor:
    """Somebody who is signed in."""
    return Visitor(gallery, gallery.issuer.token(organisation, [role], **claims))
