"""The services' doors, as a caller with a token."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shared.cli.failure import Failure
from shared.cli.stack import Stack

if TYPE_CHECKING:
    import httpx

__all__ = ["Door", "NotFound", "Refused", "door", "ops_doors", "problem_text", "role_door"]

TIMEOUT_S = 30.0
PAGE = 500


class Refused(Failure):
    """The door refuses. `errors` are the places that a problem names, empty where it names none."""

    def __init__(self, sentence: str, errors: list[dict[str, Any]]) -> None:
        super().__init__(sentence)
        self.errors = errors


class NotFound(Refused):
    """The door does not know this id."""


@dataclass(frozen=True, slots=True)
class Door:
    """One service, under one token."""

    service: str
    url: str
    token: str

    def get(self, path: str, **params: str | int | bool) -> Any:
        """The answer's JSON. Raises Failure."""
        return self._call("GET", path, params)

    def get_at(self, path: str, identity: str, **params: str | int | bool) -> Any:
        """As `get`, of a path with an id in the place of `{}`. Raises NotFound also for an id that no path can hold."""
        from urllib.parse import quote

        if identity in ("", ".", ".."):
            raise NotFound(f"{self.service} has nothing with the id {identity!r}.", [])
        return self.get(path.format(quote(identity, safe="")), **params)

    def post(self, path: str, *, content: bytes | None = None, kind: str = "", **params: str | int | bool) -> Any:
        """The answer's JSON, None when there is none; `kind` is the media type of the content. Raises Failure."""
        return self._call("POST", path, params, content, kind)

    def items(self, path: str, **params: str | int | bool) -> Iterator[dict[str, Any]]:
        """Every item of a list, page after page."""
        cursor: str | None = None
        while True:
            page = self.get(path, limit=PAGE, **params, **({"cursor": cursor} if cursor else {}))
            yield from page["items"]
            cursor = page["next"]
            if cursor is None:
                return

    def _call(
        self,
        method: str,
        path: str,
        params: dict[str, str | int | bool],
        content: bytes | None = None,
        kind: str = "",
    ) -> Any:
        import httpx

        headers = {"Authorization": f"Bearer {self.token}"} | ({"Content-Type": kind} if kind else {})
        try:
            answer = httpx.request(
                method,
                f"{self.url}{path}",
                params=params,
                headers=headers,
                content=content,
                timeout=TIMEOUT_S,
                trust_env=False,
            )
        except httpx.HTTPError as error:
            raise Failure(
                f"{self.service} does not answer at {self.url} ({type(error).__name__}): is the stack up? `make run`."
            ) from error
        if answer.is_error:
            refusal = NotFound if answer.status_code == 404 else Refused
            raise refusal(f"{self.service} refuses: {problem_text(answer)}", _errors(answer))
        return answer.json() if answer.content else None


def problem_text(answer: "httpx.Response") -> str:
    """The sentence of a problem (RFC 9457), with the fields that it names."""
    try:
        body = answer.json()
    except ValueError:
        body = None
    if not isinstance(body, dict) or "detail" not in body:
        return f"{answer.status_code} {answer.reason_phrase}."
    faults = "; ".join(f"{_place(fault)}: {fault['detail']}" for fault in _errors(answer))
    return f"{answer.status_code} {body['detail']}{f' ({faults})' if faults else ''}"


def _place(fault: dict[str, Any]) -> str:
    return str(fault.get("pointer") or f"line {fault.get('line')}, {fault.get('column') or 'all of it'}")


def _errors(answer: "httpx.Response") -> list[dict[str, Any]]:
    """The places that a problem names."""
    try:
        body = answer.json()
    except ValueError:
        return []
    errors = body.get("errors") if isinstance(body, dict) else None
    return [error for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []


def role_door(stack: Stack, service: str, organisation: str, role: str) -> Door:
    """The door of one service for somebody of an organisation."""
    return Door(service, stack.service(service), stack.token(organisation, role))


def door(stack: Stack, service: str) -> Door:
    """The door of one service for ops."""
    return Door(service, stack.service(service), stack.ops_token())


def ops_doors(stack: Stack) -> list[Door]:
    """The doors of every service that runs, for ops."""
    token = stack.ops_token()
    return [Door(name, url, token) for name, url in sorted(stack.file.services.items())]
