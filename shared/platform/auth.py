"""Who calls, and what they may.

Bearer tokens are JWTs (RFC 7519) with `sub` (person id), `organisation` and `roles`, checked against the keys of the
organisation's identity provider (OIDC: issuer, audience, JWKS). Locally a development issuer signs them.
"""

import asyncio
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import httpx
import jwt
import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi import Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from shared.platform.problem import Problem, unavailable

__all__ = [
    "ROLES",
    "Allow",
    "DevelopmentIssuer",
    "Keys",
    "Permission",
    "Principal",
    "Public",
    "allow",
    "public",
]

ROLES = (
    "communications",
    "head-of-communications",
    "line-manager",
    "people-team",
    "is-team",
    "dpo",
    "publisher",
    "ops",
)
ALGORITHMS = ["RS256", "ES256", "PS256", "EdDSA"]
REFRESH_S = 300.0
AGAIN_S = 10.0
RETRY_S = 1.0
LEEWAY_S = 10


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody with a valid token. `organisation` is empty for ops alone, who span organisations and see no text."""

    person: str
    organisation: str
    roles: frozenset[str]
    claims: dict[str, Any] = field(default_factory=dict, compare=False)


def _unauthenticated(detail: str) -> Problem:
    return Problem(401, "unauthenticated", detail, headers={"WWW-Authenticate": "Bearer"})


@dataclass(slots=True)
class Keys:
    """The issuer's keys, read again when they are old or a token names one that is not there."""

    issuer: str
    audience: str
    jwks: str
    _keys: dict[str, jwt.PyJWK] = field(default_factory=dict)
    _read_at: float = -1e9
    _away: Exception | None = None
    """Why the last reading failed, if it did."""
    _reading: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def _read(self) -> None:
        if self.jwks.startswith(("https://", "http://")):
            async with httpx.AsyncClient(timeout=5) as client:
                raw = (await client.get(self.jwks)).raise_for_status().content
        else:
            raw = Path(self.jwks).read_bytes()
        self._keys = {key.key_id or "": key for key in jwt.PyJWKSet.from_dict(msgspec.json.decode(raw)).keys}

    async def key(self, key_id: str) -> jwt.PyJWK:
        """The key of that id. Raises a 401 problem for an unknown one, 503 when the provider is away."""
        if self._stale(key_id):
            async with self._reading:
                if self._stale(key_id):
                    await self._refresh()
        if key_id in self._keys:
            return self._keys[key_id]
        if self._away is not None:
            raise unavailable("The identity provider's keys cannot be read.") from self._away
        raise _unauthenticated("The token is signed with a key that the identity provider does not list.")

    def _stale(self, key_id: str) -> bool:
        age = time.monotonic() - self._read_at
        return age > REFRESH_S or (key_id not in self._keys and age > (AGAIN_S if self._away is None else RETRY_S))

    async def _refresh(self) -> None:
        """Read the keys; those that are known stay good while the provider is away."""
        try:
            await self._read()
            self._away = None
        except (OSError, ValueError, httpx.HTTPError, msgspec.DecodeError, jwt.PyJWTError) as error:
            self._away = error
        self._read_at = time.monotonic()

    async def verify(self, token: str) -> Principal:
        """The principal of a token. Raises a 401 problem that says which check failed, never the token."""
        try:
            header = jwt.get_unverified_header(token)
            key = await self.key(str(header.get("kid", "")))
            claims = jwt.decode(
                token,
                key,
                algorithms=ALGORITHMS,
                issuer=self.issuer,
                audience=self.audience,
                leeway=LEEWAY_S,
                options={"require": ["exp", "sub"]},
            )
        except jwt.PyJWTError as error:
            raise _unauthenticated(f"The token is not valid: {type(error).__name__}.") from error
        roles = claims.get("roles")
        organisation = claims.get("organisation", "")
        if (
            not isinstance(roles, list)
            or not isinstance(organisation, str)
            or not all(isinstance(r, str) for r in roles)
        ):
            raise _unauthenticated("The token needs `organisation` (text) and `roles` (a list).")
        return Principal(claims["sub"], organisation, frozenset(roles) & set(ROLES), claims)


class DevelopmentIssuer:
    """Signs tokens on a laptop. Its key lives in a folder of the local stack; production settings refuse it."""

    ISSUER = "urn:houserules:development"
    AUDIENCE = "houserules"
    KEY_ID = "development"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key_file = folder / "development.pem"
        self.jwks_file = folder / "jwks.json"

    def prepare(self) -> None:
        """Make the key and its JWKS file where they are missing."""
        if self.key_file.exists() and self.jwks_file.exists():
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        key = ec.generate_private_key(ec.SECP256R1())
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        self.key_file.touch(mode=0o600)
        self.key_file.write_bytes(pem)
        public_key = jwt.algorithms.ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
        entry = public_key | {"kid": self.KEY_ID, "use": "sig", "alg": "ES256"}
        self.jwks_file.write_bytes(msgspec.json.encode({"keys": [entry]}))

    def token(
        self,
        organisation: str,
        roles: Sequence[str],
        person: str | None = None,
        lifetime: timedelta = timedelta(days=30),
        **claims: Any,
    ) -> str:
        """A token for `roles` of an organisation; `person` is `local-<role>` when it is not given."""
        now = datetime.now(UTC)
        body = {
            "iss": self.ISSUER,
            "aud": self.AUDIENCE,
            "sub": person or f"local-{roles[0]}",
            "organisation": organisation,
            "roles": list(roles),
            "iat": now,
            "exp": now + lifetime,
        }
        return jwt.encode(body | claims, self.key_file.read_bytes(), algorithm="ES256", headers={"kid": self.KEY_ID})


bearer = HTTPBearer(auto_error=False, description="a JWT of the organisation's identity provider")


class Permission:
    """Which roles a route is for. How the caller proves who they are is a subclass's."""

    def __init__(self, roles: Iterable[str]) -> None:
        self.roles = frozenset(roles)
        unknown = self.roles - set(ROLES)
        if unknown:
            raise ValueError(f"no such role: {', '.join(sorted(unknown))}")

    def check(self, principal: Principal) -> Principal:
        """The principal, who has one of the roles. Raises a 403 problem."""
        held = principal.roles & self.roles
        if not held:
            raise Problem(403, "forbidden", f"This needs one of the roles {', '.join(sorted(self.roles))}.")
        if not principal.organisation and held != {"ops"}:
            raise Problem(403, "forbidden", "The token names no organisation.")
        return principal


class Allow(Permission):
    """A route's permission: a dependency that gives the principal, or answers 401 or 403."""

    async def __call__(
        self, request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Security(bearer)]
    ) -> Principal:
        """Check the token and the role."""
        if credentials is None:
            raise _unauthenticated("This needs a bearer token.")
        keys: Keys = request.app.state.keys
        return self.check(await keys.verify(credentials.credentials))


class Public:
    """A route that asks for no token; `why` says what protects it instead."""

    def __init__(self, why: str) -> None:
        self.why = why

    async def __call__(self) -> None:
        """Nothing to check."""


def allow(*roles: str) -> Allow:
    """Permission for any of these roles."""
    return Allow(roles)


def public(why: str) -> Public:
    """No token: the route proves its caller in another way."""
    return Public(why)
