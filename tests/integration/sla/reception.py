"""sla's doors and pages without a port: whoever asks is somebody of a landlord, with a token or a session's cookie."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from services.sla.app import build
from services.sla.settings import SlaSettings
from shared.platform.auth import DevelopmentIssuer
from shared.platform.pages import COOKIE
from shared.platform.service import Service
from tests.integration.sla.office import Office

__all__ = ["Reception", "settings_of"]


def settings_of(office: Office, issuer: DevelopmentIssuer, **more: Any) -> SlaSettings:
    """No broker: the doors do without."""
    given = {"database_url": office.app_url, "jwks": str(issuer.jwks_file), "clock": office.clock_file}
    return SlaSettings.model_validate(given | {"kafka": "127.0.0.1:1"} | more)


@dataclass(slots=True)
class Reception:
    """A client of one service."""

    office: Office
    issuer: DevelopmentIssuer
    service: Service = field(init=False)
    client: httpx.AsyncClient = field(init=False)

    def __post_init__(self) -> None:
        self.service = build(settings_of(self.office, self.issuer))
        transport = httpx.ASGITransport(app=self.service.app)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://sla")

    async def ask(
        self, organisation: str | None, path: str, /, role: str = "communications", accept: str = "*/*", **params: Any
    ) -> httpx.Response:
        """GET a door as somebody; None is nobody. A parameter may end in `_`, as Python keeps some words."""
        headers = {"Accept": accept}
        if organisation is not None:
            headers |= {"Authorization": f"Bearer {self.issuer.token(organisation, [role])}"}
        return await self.client.get(path, params=_named(params) or None, headers=headers)

    async def look(
        self, organisation: str | None, path: str, /, role: str = "communications", **params: Any
    ) -> httpx.Response:
        """GET a page as somebody who has signed in."""
        headers = {}
        if organisation is not None:
            headers = {"Cookie": f"{COOKIE}={self.issuer.token(organisation, [role])}"}
        return await self.client.get(path, params=_named(params) or None, headers=headers)

    async def close(self) -> None:
        """Nothing stays open."""
        await self.client.aclose()
        assert self.service.close is not None
        await self.service.close()


def _named(params: Mapping[str, Any]) -> dict[str, Any]:
    return {name.rstrip("_"): value for name, value in params.items()}
