"""The services' doors, as a caller with a token."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shared.cli.failure import Failure
from shared.cli.stack import Stack

if TYPE_CHECKING:
    import httpx

__all__ = ["Door", "NotFound", "door", "ops_doors", "problem_text"]

TIMEOUT_S = 30.0
PAGE = 500


class NotFound(Failure):
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

    def post(self, path: str) -> Any:
        """The answer's JSON, None when there is none. Raises Failure."""
        return self._call("POST", path, {})

    def items(self, path: str, **params: str | int | bool) -> Iterator[dict[str, Any]]:
        """Every item of a list, page after page."""
        cursor: str | None = None
        while True:
            page = self.get(path, limit=PAGE, **params, **({"cursor": cursor} if cursor else {}))
            yield from page["items"]
            cursor = page["next"]
            if cursor is None:
                return

    def _call(self, method: str, path: str, params: dict[str, str | int | bool]) -> Any:
        import httpx

        try:
            answer = httpx.request(
                method,
                f"{self.url}{path}",
                params=params,
                headers={"Authorization": f"Bearer {self.token}"},
                timeout=TIMEOUT_S,
                trust_env=False,
            )
        except httpx.HTTPError as error:
            raise Failure(
                f"{self.service} does not answer at {self.url} ({type(error).__name__}): is the stack up? `make run`."
            ) from error
        if answer.is_error:
            kind = NotFound if answer.status_code == 404 else Failure
            raise kind(f"{self.service} refuses: {problem_text(answer)}")
        return answer.json() if answer.content else None


def problem_text(answer: "httpx.Response") -> str:
    """The sentence of a problem (RFC 9457), with the fields that it names."""
    try:
        body = answer.json()
    except ValueError:
        body = None
    if not isinstance(body, dict) or "detail" not in body:
        return f"{answer.status_code} {answer.reason_phrase}."
    faults = "; ".join(f"{fault['pointer']}: {fault['detail']}" for fault in body.get("errors") or [])
    return f"{answer.status_code} {body['detail']}{f' ({faults})' if faults else ''}"


def door(stack: Stack, service: str) -> Door:
    """The door of one service for ops."""
    return Door(service, stack.service(service), stack.ops_token())


def ops_doors(stack: Stack) -> list[Door]:
    """The doors of every service that runs, for ops."""
    token = stack.ops_token()
    return [Door(name, url, token) for name, url in sorted(stack.file.services.items())]
