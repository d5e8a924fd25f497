"""Somebody with a browser at access's pages: a cookie, forms with their hidden fields, and what a page says."""

import re
from dataclasses import dataclass
from html import unescape
from typing import Any

import httpx

from shared.platform.pages import COOKIE, csrf_of
from tests.integration.access.landlord import Landlord

__all__ = ["Visit", "text_of"]


def text_of(answer: httpx.Response) -> str:
    """What a page says, without its marks."""
    plain = re.sub(r"<[^>]+>", " ", answer.text)
    return re.sub(r"\s+", " ", unescape(plain)).strip()


@dataclass(frozen=True, slots=True)
class Visit:
    """A signed-in visitor."""

    house: Landlord
    role: str = "communications"
    person: str = "k1"
    organisation: str = "westward"

    @property
    def token(self) -> str:
        """What the cookie holds."""
        return self.house.session(self.organisation, self.role, self.person)

    async def see(self, path: str = "/") -> httpx.Response:
        """Open a page."""
        return await self.house.client.get(path, headers={"cookie": f"{COOKIE}={self.token}"})

    async def told(self, path: str = "/") -> str:
        """What a page that opens says."""
        answer = await self.see(path)
        assert answer.status_code == 200, text_of(answer)
        return text_of(answer)

    async def send(
        self, path: str, *, file: tuple[str, tuple[str, bytes]] | None = None, csrf: str | None = None,
        headers: dict[str, str] | None = None, **fields: Any
    ) -> httpx.Response:  # fmt: skip
        """Send a form, as a browser does."""
        data = {"csrf": csrf_of(self.token) if csrf is None else csrf} | fields
        return await self.house.client.post(
            path,
            data=data,
            files={file[0]: file[1]} if file else None,
            headers={"cookie": f"{COOKIE}={self.token}"} | (headers or {}),
        )
